using FtpMount.Service.Control;
using FtpMount.Service.Options;

namespace FtpMount.Cli.Commands;

/// <summary>Says what could not be sent, and where it is kept.</summary>
internal static class UnsentList
{
    internal static void Write(IReadOnlyList<UploadStatus> pending, string stateDirectory)
    {
        var one = pending.Count == 1;
        Messages.Write($"{pending.Count} file{(one ? " is" : "s are")} not on the server; the content is kept in {stateDirectory}, and the next mount sends it; 'ftpmount queue' lists, saves and discards it");
        foreach (var upload in pending)
            Console.Error.WriteLine(Messages.OneLine($"  {upload.Path} ({ByteSize.Format(upload.Bytes)}){(upload.Error is null ? "" : $": {upload.Error}")}"));
    }
}
