using FtpMount.Fuse.Mounting;
using FtpMount.Service.MountPoints;

namespace FtpMount.Service.Control;

/// <summary>Finds the process that serves a mount point, for a user who may ask it.</summary>
public static class MountClient
{
    /// <summary>Finds it.</summary>
    /// <param name="path">The mount point as the user wrote it.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The canonical mount point, and the connection; null when nobody serves it.</returns>
    /// <exception cref="MountException">It belongs to another user, or is no mount of ftpmount, or a folder on the way does not exist.</exception>
    public static async Task<(string MountPoint, ControlClient? Client)> FindAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        var mounts = MountTable.Read();
        var mountPoint = MountPointPath.Canonicalise(path, mounts);
        var entry = mounts.At(mountPoint);
        if (entry is { IsFtpMount: false })
            throw new MountException($"{mountPoint} is not a mount of ftpmount but {entry.Type}");
        var user = RuntimeDirectory.CurrentUser;
        var owner = entry?.Owner ?? user;
        if (user != 0 && owner != user)
            throw new MountException($"{mountPoint} was mounted by {(owner == 0 ? "root" : $"user {owner}")}; only that user and root can ask for it");
        return (mountPoint, await ControlClient.ConnectAsync(mountPoint, owner, time, cancellationToken));
    }

    /// <summary>Asks how a mount is, where nothing can be done without the answer.</summary>
    /// <exception cref="MountException">There is none.</exception>
    public static async Task<MountStatus> RequireStatusAsync(ControlClient client, string mountPoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        return await client.GetStatusAsync(cancellationToken)
            ?? throw new MountException($"process {client.ProcessId}, which serves {mountPoint}, does not answer");
    }

    /// <summary>As <see cref="FindAsync"/>, for what needs a process.</summary>
    /// <exception cref="MountException">Also when nobody serves it.</exception>
    public static async Task<(string MountPoint, ControlClient Client)> ConnectAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        var (mountPoint, client) = await FindAsync(path, time, cancellationToken);
        return (mountPoint, client ?? throw new MountException($"{mountPoint} is not mounted; 'ftpmount status' lists what is"));
    }
}
