using System.Globalization;
using FtpMount.Cli.Signals;
using FtpMount.Fuse.Mounting;
using FtpMount.Service;
using FtpMount.Service.Control;
using FtpMount.Service.MountPoints;
using FtpMount.Service.Options;
using FtpMount.Service.Queue;

namespace FtpMount.Cli.Commands;

/// <summary><c>ftpmount refresh</c>, <c>pin</c>, <c>unpin</c> and <c>forget</c>: what a person wants of the caches.</summary>
internal static class CacheCommand
{
    internal static async Task<int> RefreshAsync(string mountPoint, IReadOnlyList<string> paths)
    {
        using var signals = new StopSignals();
        var report = await AskAsync(mountPoint, paths.Count == 0 ? [mountPoint] : paths, ControlRequest.Refresh, null, signals.First);
        return Tell(report);
    }

    internal static Task<int> PinAsync(IReadOnlyList<string> paths) => WithMountsAsync(paths, async (mountPoint, group, cancellationToken) =>
    {
        var progress = new TransferProgress("Downloading", TimeProvider.System);
        var pin = AskAsync(mountPoint, group, ControlRequest.Pin, progress, cancellationToken);
        await progress.ShowAsync(pin);
        var report = await pin;
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{report.Files} file{(report.Files == 1 ? "" : "s")}, {ByteSize.Format(report.Bytes)}, {(report.Files == 1 ? "is" : "are")} kept here"));
        return report;
    });

    internal static Task<int> UnpinAsync(IReadOnlyList<string> paths) =>
        WithMountsAsync(paths, (mountPoint, group, cancellationToken) => AskAsync(mountPoint, group, ControlRequest.Unpin, null, cancellationToken));

    internal static Task<int> ForgetAsync(IReadOnlyList<string> paths) => WithMountsAsync(paths, async (mountPoint, group, cancellationToken) =>
    {
        var report = await AskAsync(mountPoint, group, ControlRequest.Forget, null, cancellationToken);
        Console.Out.WriteLine($"{ByteSize.Format(report.Bytes)} freed");
        return report;
    });

    private static async Task<int> WithMountsAsync(IReadOnlyList<string> paths, Func<string, IReadOnlyList<string>, CancellationToken, Task<CacheReport>> action)
    {
        using var signals = new StopSignals();
        var mounts = MountTable.Read();
        var result = ExitCode.Done;
        foreach (var group in paths.GroupBy(p => MountedPath.FindMountPoint(p, mounts)).ToList())
            result = Math.Max(result, Tell(await action(group.Key, [.. group], signals.First)));
        return result;
    }

    private static async Task<CacheReport> AskAsync(
        string mountPoint, IReadOnlyList<string> paths, string command, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        var (canonical, client) = await MountClient.ConnectAsync(mountPoint, TimeProvider.System, cancellationToken);
        await using (client)
        {
            var status = await MountClient.RequireStatusAsync(client, canonical, cancellationToken);
            var root = status.Root ?? throw new MountException($"process {client.ProcessId}, which serves {canonical}, is of another version of ftpmount");
            return await client.ChangeCacheAsync(
                new ControlRequest(command) { Paths = [.. paths.Select(p => p == mountPoint ? root : QueuePaths.ToServer(p, canonical, root))] }, progress, cancellationToken);
        }
    }

    private static int Tell(CacheReport report)
    {
        foreach (var problem in report.Problems)
            Messages.Write($"{problem.Path}: {problem.Problem}");
        return report.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }
}
