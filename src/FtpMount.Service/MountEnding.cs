using FtpMount.Fuse.Mounting;
using FtpMount.Service.Control;
using FtpMount.Service.MountPoints;

namespace FtpMount.Service;

/// <summary>
/// Ends a mount from outside: asks its process, and clears the mount itself when that process is gone or does not answer.
/// </summary>
public static class MountEnding
{
    private static readonly TimeSpan ProbeDeadline = TimeSpan.FromSeconds(3);

    /// <summary>Ends the mount at a path.</summary>
    /// <param name="path">The mount point as the user wrote it.</param>
    /// <param name="timeout">After how long what is still unsent is left behind; null for as long as it takes.</param>
    /// <param name="progress">Told how far the sending is.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="notice">Told what else a person should know, one line each.</param>
    /// <param name="leave">Ends the sending: what is still unsent is left behind, as after the time-out.</param>
    /// <param name="cancellationToken">Ends the waiting; the unmount goes on.</param>
    /// <returns>The report of the mount's process; null when the mount was cleared without it.</returns>
    /// <exception cref="MountException">Nothing of ours is mounted there, or it cannot be unmounted.</exception>
    public static async Task<UnmountReport?> UnmountAsync(
        string path, TimeSpan? timeout, IProgress<UploadProgress>? progress, TimeProvider time, Action<string> notice, CancellationToken leave, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var mounts = MountTable.Read();
        var mountPoint = MountPointPath.Canonicalise(path, mounts);
        var entry = mounts.At(mountPoint);
        var user = RuntimeDirectory.CurrentUser;
        var owner = entry is { IsFtpMount: true, Owner: { } id } ? id : user;
        if (user != 0 && owner != user)
            throw new MountException($"{mountPoint} was mounted by {(owner == 0 ? "root" : $"user {owner}")}; only that user and root can unmount it");
        if (await ControlClient.ConnectAsync(mountPoint, owner, time, cancellationToken) is { } client)
        {
            await using (client)
            {
                // A process that does not even answer this would let the unmount wait for ever.
                if (await client.GetStatusAsync(cancellationToken) is not null)
                    return await AskAsync(client, mountPoint, owner, timeout, progress, time, notice, leave, cancellationToken);
                notice($"process {client.ProcessId}, which serves {mountPoint}, does not answer");
            }
        }

        if (entry is not { IsFtpMount: true })
            throw new MountException(entry is null ? $"{mountPoint} is not mounted; 'ftpmount status' lists what is" : $"{mountPoint} is not a mount of ftpmount but {entry.Type}; use umount {mountPoint}");
        var state = await MountPointProbe.AskAsync(mountPoint, ProbeDeadline, time, cancellationToken);
        await MountDetacher.DetachAsync(mountPoint, cancellationToken);
        notice(state == MountPointState.Stale
            ? $"the process that served {mountPoint} is gone; its mount was cleared; what it had not sent, if anything, is kept in its state folder (state-dir)"
            : $"{mountPoint} was detached; its process goes on until it has sent what is unsent");
        return null;
    }

    private static async Task<UnmountReport?> AskAsync(
        ControlClient client,
        string mountPoint,
        uint owner,
        TimeSpan? timeout,
        IProgress<UploadProgress>? progress,
        TimeProvider time,
        Action<string> notice,
        CancellationToken leave,
        CancellationToken cancellationToken)
    {
        var unmount = client.UnmountAsync(timeout, progress, cancellationToken);
        await using (leave.Register(() => _ = LeaveUnsentAsync(mountPoint, owner, time, notice, cancellationToken)))
            await ((Task)unmount).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var report = await unmount;
        if (report is not null || MountTable.Read().At(mountPoint) is not { IsFtpMount: true })
        {
            if (report is null)
                throw new MountException($"{mountPoint} is unmounted, but its process ended before it could say whether everything was sent; its log tells more");
            return report;
        }

        await MountDetacher.DetachAsync(mountPoint, cancellationToken);
        notice($"the process that served {mountPoint} ended unexpectedly; its mount was cleared");
        return null;
    }

    /// <summary>Asks, on a connection of its own, that no more be sent: the one that waits gets the report.</summary>
    private static async Task LeaveUnsentAsync(string mountPoint, uint owner, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        notice("leaving what is not sent yet; once more ends the waiting");
        try
        {
            if (await ControlClient.ConnectAsync(mountPoint, owner, time, cancellationToken) is { } client)
            {
                await using (client)
                    await client.UnmountAsync(TimeSpan.Zero, null, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or MountException)
        {
            // The other connection tells what became of it.
        }
    }
}
