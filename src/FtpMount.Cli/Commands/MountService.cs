using FtpMount.Cli.Background;
using FtpMount.Cli.Logging;
using FtpMount.Cli.Signals;
using FtpMount.Service;
using FtpMount.Service.Control;
using Microsoft.Extensions.Logging;

namespace FtpMount.Cli.Commands;

/// <summary>Serves one mount in this process, from making it to its end.</summary>
internal static class MountService
{
    /// <summary>Serves it. The first signal unmounts and sends what is unsent, the second leaves what is unsent in the state folder.</summary>
    /// <returns>The exit code: failed when something is unsent.</returns>
    /// <exception cref="MountException">The mount could not be made.</exception>
    internal static async Task<int> RunAsync(MountConfiguration configuration, MountDirectories directories, IReadiness readiness, StopSignals signals)
    {
        using var log = MountLog.Open(configuration.Options, directories, readiness.IsForeground);
        var logger = log.CreateLogger("FtpMount");
        TaskScheduler.UnobservedTaskException += (_, e) => logger.LogError(e.Exception, "A task failed unobserved");
        UnmountReport report;
        try
        {
            await using var session = await MountSession.StartAsync(configuration, directories, TimeProvider.System, log, readiness.Prompter, signals.First);
            await using var first = signals.First.Register(() => session.UnmountAsync(null, null, CancellationToken.None));
            await using var second = signals.Second.Register(session.LeaveUnsent);
            readiness.Ready();
            report = await session.Completion;
        }
        catch (MountException exception)
        {
            if (!readiness.IsForeground)
                logger.LogError("{Message}", exception.Message);
            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            logger.LogCritical(exception, "An error in ftpmount itself");
            throw new MountException($"An error in ftpmount itself: {exception.GetType().Name}: {exception.Message}", exception);
        }

        if (report.Pending.Count > 0)
            readiness.Unsent(report.Pending, report.StateDirectory);
        return report.Unmounted && report.Pending.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
