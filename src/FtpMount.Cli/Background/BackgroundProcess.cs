using System.Diagnostics;
using System.Globalization;
using System.Text;
using FtpMount.Cli.Posix;
using FtpMount.Cli.Secrets;
using FtpMount.Service;

namespace FtpMount.Cli.Background;

/// <summary>
/// Starts the process that serves a mount in the background: this program anew, in a session of its own, in the folder <c>/</c>, with the configuration (and the
/// password in it) on its stdin, nothing secret in its arguments and environment, and no descriptor of the caller's but stderr until it is ready.
/// </summary>
internal static class BackgroundProcess
{
    /// <summary>The command by which the child knows what it is; not for people.</summary>
    internal const string ServeCommand = "serve";

    /// <summary>Starts it and waits until the mount answers. There is no deadline here: each step in the child has one.</summary>
    /// <exception cref="MountException">It does not; says why.</exception>
    internal static async Task StartAsync(MountConfiguration configuration, CancellationToken cancellationToken)
    {
        CloseDescriptorsOnExec();
        var (path, leading) = OwnCommandLine.Self;
        var start = new ProcessStartInfo(path)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = "/",
        };
        foreach (var argument in leading)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(ServeCommand);
        start.ArgumentList.Add(configuration.Source);
        start.ArgumentList.Add(configuration.MountPoint);
        start.Environment.Remove(SecretHandover.EnvironmentVariable);
        using var child = Process.Start(start) ?? throw new MountException($"{path} could not be started");
        await using var interruption = cancellationToken.Register(() => _ = PosixCalls.kill(child.Id, PosixCalls.Terminate));
        await SendAsync(child, configuration.Serialize());
        var line = await child.StandardOutput.ReadLineAsync(CancellationToken.None);
        while (line is [ParentReadiness.QuestionMark or ParentReadiness.SecretQuestionMark, ..])
        {
            await SendAsync(child, Encoding.ASCII.GetBytes(ParentPrompter.AnswerOf(line, Prompter)));
            line = await child.StandardOutput.ReadLineAsync(CancellationToken.None);
        }

        cancellationToken.ThrowIfCancellationRequested();
        switch (line)
        {
            case [ParentReadiness.ReadyMark, ..]:
                return;
            case [ParentReadiness.FailedMark, .. var reason]:
                throw new MountException(reason);
            default:
                await child.WaitForExitAsync(CancellationToken.None);
                throw new MountException(string.Create(
                    CultureInfo.InvariantCulture, $"The process in the background ended unexpectedly (exit code {child.ExitCode}); the option -f shows what happens"));
        }
    }

    /// <summary>Who answers the child's questions.</summary>
    private static readonly TerminalPrompter Prompter = new();

    /// <summary>Sends a line.</summary>
    private static async Task SendAsync(Process child, byte[] line)
    {
        try
        {
            await child.StandardInput.BaseStream.WriteAsync((byte[])[.. line, (byte)'\n'], CancellationToken.None);
            await child.StandardInput.BaseStream.FlushAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // The child is gone already: what it wrote, or its exit code, says why.
        }
    }

    /// <summary>A descriptor that the caller left open, such as a pipe that it waits on, must not live as long as the mount.</summary>
    private static void CloseDescriptorsOnExec()
    {
        if (PosixCalls.close_range(3, uint.MaxValue, PosixCalls.CloseOnExec) == 0)
            return;
        // Before Linux 5.11.
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) && descriptor > 2)
                _ = PosixCalls.fcntl(descriptor, PosixCalls.SetDescriptorFlags, PosixCalls.DescriptorCloseOnExec);
        }
    }
}
