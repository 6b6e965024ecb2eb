using System.Text.Json;
using FtpMount.Cli.Background;
using FtpMount.Cli.Posix;
using FtpMount.Cli.Signals;
using FtpMount.Service;

namespace FtpMount.Cli.Commands;

/// <summary>What the process in the background runs (<see cref="BackgroundProcess"/>).</summary>
internal static class ServeCommand
{
    internal static async Task<int> RunAsync()
    {
        // Out of the terminal's reach: Ctrl-C there, or closing it, is not meant for the mount.
        _ = PosixCalls.setsid();
        using var signals = new StopSignals();
        try
        {
            var configuration = await ReceiveAsync(signals.First);
            var directories = MountDirectories.Find(configuration, Environment.GetEnvironmentVariable);
            return await MountService.RunAsync(configuration, directories, new ParentReadiness(), signals);
        }
        catch (MountException exception)
        {
            ParentReadiness.Failed(exception.Message);
            return ExitCode.Failed;
        }
    }

    private static async Task<MountConfiguration> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var input = Console.OpenStandardInput();
            using var content = new MemoryStream();
            await input.CopyToAsync(content, cancellationToken);
            return MountConfiguration.Deserialize(content.GetBuffer().AsSpan(0, (int)content.Length));
        }
        catch (JsonException)
        {
            throw new UsageException($"'{BackgroundProcess.ServeCommand}' is for ftpmount itself; use 'ftpmount mount'");
        }
    }
}
