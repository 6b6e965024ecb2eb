using FtpMount.Fuse.Mounting;
using FtpMount.Service.Control;
using FtpMount.Service.Posix;

namespace FtpMount.Service.MountPoints;

/// <summary>
/// Checks, before anything is sent to a server or asked of a person, that a mount point can be mounted on. A mount of ours whose process is gone is
/// cleared on the way.
/// </summary>
public static class MountPreconditions
{
    /// <summary>How long a mount that is already there may take to show that it lives.</summary>
    private static readonly TimeSpan ProbeDeadline = TimeSpan.FromSeconds(5);

    private const string FuseDevice = "/dev/fuse";
    private const string ConfigurationFile = "/etc/fuse.conf";
    private const int WriteAccess = 2; // access(2): W_OK

    /// <summary>Checks.</summary>
    /// <param name="path">The mount point as the user wrote it.</param>
    /// <param name="allowOther">Whether other users are to use the mount.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="notice">Told what was done on the way, one line each.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    /// <returns>The canonical mount point.</returns>
    /// <exception cref="MountException">It cannot be mounted on; says why and what to do.</exception>
    public static async Task<string> CheckAsync(string path, bool allowOther, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var mounts = MountTable.Read();
        var mountPoint = MountPointPath.Canonicalise(path, mounts);
        if (mountPoint == "/")
            throw new MountException("/ cannot be a mount point; name an empty folder");
        var existing = mounts.At(mountPoint);
        if (existing is not { IsAutofs: true })
        {
            if (existing is not null)
                await ClearAsync(mountPoint, existing, time, notice, cancellationToken);
            CheckFolder(mountPoint);
        }

        CheckFuse(allowOther);
        return mountPoint;
    }

    private static async Task ClearAsync(
        string mountPoint, MountTableEntry existing, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        if (existing.IsFuse && await MountPointProbe.AskAsync(mountPoint, ProbeDeadline, time, cancellationToken) == MountPointState.Stale)
        {
            await MountDetacher.DetachAsync(mountPoint, cancellationToken);
            notice($"the process that served {mountPoint} is gone; its mount was cleared");
            if (MountTable.Read().At(mountPoint) is not { IsAutofs: false } below)
                return;
            existing = below;
        }

        var hint = existing.IsFtpMount ? $"; 'ftpmount unmount {mountPoint}' unmounts it" : "";
        throw new MountException($"{mountPoint} is already mounted: {existing.Source} ({existing.Type}){hint}");
    }

    private static void CheckFolder(string mountPoint)
    {
        if (!FileIdentity.TryGetTarget(mountPoint, out var identity, out var error))
        {
            throw new MountException(error switch
            {
                Errno.NoEntry => $"The mount point {mountPoint} does not exist; make it first: mkdir -p {mountPoint}",
                Errno.AccessDenied => $"No permission to reach the mount point {mountPoint}",
                _ => $"The mount point {mountPoint} cannot be used: error {(int)error}",
            });
        }

        if (!identity.IsDirectory)
            throw new MountException($"The mount point {mountPoint} is not a folder");
        try
        {
            if (Directory.EnumerateFileSystemEntries(mountPoint).Any())
                throw new MountException($"The mount point {mountPoint} is not empty, and a mount would hide what is in it; name an empty folder");
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new MountException($"No permission to read the mount point {mountPoint}; name a folder of your own", exception);
        }

        // fusermount3 mounts for an ordinary user only where that user may write.
        if (PosixCalls.geteuid() != 0 && PosixCalls.access(mountPoint, WriteAccess) != 0)
            throw new MountException($"No permission to mount on {mountPoint}, because you may not write to it; name a folder of your own");
    }

    private static void CheckFuse(bool allowOther)
    {
        if (!File.Exists(FuseDevice))
            throw new MountException($"{FuseDevice} does not exist: load the kernel module (modprobe fuse), or give the container --device {FuseDevice} --cap-add SYS_ADMIN");
        if (RuntimeDirectory.CurrentUser == 0)
            return;
        if (!IsInPath("fusermount3"))
            throw new MountException("fusermount3 is not there, and only root mounts without it; install the package fuse3");
        if (PosixCalls.access(FuseDevice, WriteAccess) != 0)
            throw new MountException($"No permission to open {FuseDevice}; as root: chmod 666 {FuseDevice} (the package fuse3 sets this up)");
        if (allowOther && !AllowsOther())
            throw new MountException($"allow-other needs the line 'user_allow_other' in {ConfigurationFile}; root can add it");
    }

    private static bool IsInPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':').Append("/usr/bin").Append("/bin")
            .Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program)));

    private static bool AllowsOther()
    {
        try
        {
            return File.ReadLines(ConfigurationFile).Any(line => line.Trim() == "user_allow_other");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
