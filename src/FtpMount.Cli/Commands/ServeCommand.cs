using System.Text;
using System.Text.Json;
using FtpMount.Cli.Background;
using FtpMount.Cli.Posix;
using FtpMount.Cli.Secrets;
using FtpMount.Cli.Signals;
using FtpMount.Service;

namespace FtpMount.Cli.Commands;

/// <summary>What the process in the background runs (<see cref="BackgroundProcess"/>).</summary>
internal static class ServeCommand
{
    internal static async Task<int> RunAsync()
    {
        var hasTerminal = new TerminalPrompter().IsAvailable;
        // Out of the terminal's reach: Ctrl-C there, or closing it, is not meant for the mount.
        _ = PosixCalls.setsid();
        using var signals = new StopSignals();
        try
        {
            using var input = new StreamReader(Console.OpenStandardInput());
            var configuration = await ReceiveAsync(input, signals.First);
            var directories = MountDirectories.Find(configuration, Environment.GetEnvironmentVariable);
            return await MountService.RunAsync(configuration, directories, new ParentReadiness(new ParentPrompter(input, hasTerminal)), signals);
        }
        catch (MountException exception)
        {
            ParentReadiness.Failed(exception.Message);
            return ExitCode.Failed;
        }
    }

    /// <summary>The first line; answers to questions may follow.</summary>
    private static async Task<MountConfiguration> ReceiveAsync(StreamReader input, CancellationToken cancellationToken)
    {
        try
        {
            return MountConfiguration.Deserialize(Encoding.UTF8.GetBytes(await input.ReadLineAsync(cancellationToken) ?? ""));
        }
        catch (JsonException)
        {
            throw new UsageException($"'{BackgroundProcess.ServeCommand}' is for ftpmount itself; use 'ftpmount mount'");
        }
    }
}
