using System.Globalization;
using System.Text;
using FtpMount.Cli.Posix;
using FtpMount.Service.Control;
using FtpMount.Sftp.Transport;

namespace FtpMount.Cli.Background;

/// <summary>
/// In the background the parent reads a pipe, which is this process's stdout: questions (<see cref="ParentPrompter"/>), and then one line that
/// begins with <see cref="ReadyMark"/>, or with <see cref="FailedMark"/> and the reason. When the mount is ready the process lets go of the terminal and of every pipe.
/// </summary>
internal sealed class ParentReadiness(ParentPrompter prompter) : IReadiness
{
    internal const char ReadyMark = '+';
    internal const char FailedMark = '!';
    internal const char QuestionMark = '?';
    internal const char SecretQuestionMark = '*';

    public bool IsForeground => false;

    public ISshPrompter Prompter => prompter;

    public void Ready()
    {
        prompter.Close();
        Tell($"{ReadyMark}");
        Detach();
    }

    /// <summary>The log has them.</summary>
    public void Unsent(IReadOnlyList<UploadStatus> pending, string stateDirectory)
    {
    }

    /// <summary>The mount cannot be made.</summary>
    internal static void Failed(string reason) => Tell(FailedMark + Messages.OneLine(reason));

    internal static void Tell(string line)
    {
        using var stream = Console.OpenStandardOutput();
        stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        stream.Flush();
    }

    /// <summary>
    /// Puts /dev/null in the place of stdin, stdout and stderr, and of the copies of them that the runtime made when it started: as long as one of those
    /// is open, a shell that reads the caller's output through a pipe waits.
    /// </summary>
    private static void Detach()
    {
        var nothing = PosixCalls.open("/dev/null", PosixCalls.ReadWrite);
        if (nothing < 0)
            return;
        var standard = Enumerable.Range(0, 3).Select(TargetOf).OfType<string>().Where(IsChannel).ToHashSet();
        foreach (var entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            var descriptor = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if (descriptor != nothing && (descriptor <= 2 || (TargetOf(descriptor) is { } target && standard.Contains(target))))
                _ = PosixCalls.dup2(nothing, descriptor);
        }

        if (nothing > 2)
            _ = PosixCalls.close(nothing);
    }

    private static string? TargetOf(int descriptor) => new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}")).LinkTarget;

    /// <summary>Somebody may wait for its end; nobody waits for the end of a regular file, which may also be the log.</summary>
    private static bool IsChannel(string target) =>
        target.StartsWith("pipe:", StringComparison.Ordinal) || target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("/dev/pts/", StringComparison.Ordinal);
}
