using System.Text;
using FtpMount.Cli.Posix;
using FtpMount.Service.Control;

namespace FtpMount.Cli.Background;

/// <summary>
/// In the background the parent reads a pipe, which is this process's stdout: one line that begins with <see cref="ReadyMark"/>, or with
/// <see cref="FailedMark"/> and the reason. When the mount is ready the process lets go of the terminal and of every pipe.
/// </summary>
internal sealed class ParentReadiness : IReadiness
{
    internal const char ReadyMark = '+';
    internal const char FailedMark = '!';

    public bool IsForeground => false;

    public void Ready()
    {
        Tell($"{ReadyMark}");
        Detach();
    }

    /// <summary>The log has them.</summary>
    public void Unsent(IReadOnlyList<UploadStatus> pending, string stateDirectory)
    {
    }

    /// <summary>The mount cannot be made.</summary>
    internal static void Failed(string reason) => Tell(FailedMark + Messages.OneLine(reason));

    private static void Tell(string line)
    {
        using var stream = Console.OpenStandardOutput();
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        stream.Flush();
    }

    private static void Detach()
    {
        var nothing = PosixCalls.open("/dev/null", PosixCalls.ReadWrite);
        if (nothing < 0)
            return;
        for (var descriptor = 0; descriptor <= 2; descriptor++)
            _ = PosixCalls.dup2(nothing, descriptor);
        if (nothing > 2)
            _ = PosixCalls.close(nothing);
    }
}
