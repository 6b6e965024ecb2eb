using FtpMount.Cli.Signals;
using FtpMount.Service;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount unmount</c>: unmounts, and waits until what is unsent is on the server.</summary>
internal static class UnmountCommand
{
    internal static async Task<int> RunAsync(string mountPoint, TimeSpan? timeout)
    {
        using var signals = new StopSignals();
        var progress = new TransferProgress("Sending", TimeProvider.System);
        var unmount = MountEnding.UnmountAsync(mountPoint, timeout, progress, TimeProvider.System, Messages.Write, signals.First, signals.Second);
        await progress.ShowAsync(unmount);
        var report = await unmount;
        if (report is null)
            return ExitCode.Done;
        if (!report.Unmounted)
            Messages.Write($"{mountPoint} is still in use; close the programs that use it (fuser -vm {mountPoint} lists them)");
        if (report.Pending.Count > 0)
            UnsentList.Write(report.Pending, report.StateDirectory);
        return report.Unmounted && report.Pending.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
