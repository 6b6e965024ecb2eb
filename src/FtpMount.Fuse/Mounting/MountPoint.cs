using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Native;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Mounting;

/// <summary>
/// Looks at a mount point before anything is mounted: it must be an empty directory with nothing mounted on it. A mount that a
/// killed process left behind (every call on it fails with ENOTCONN) is cleared away.
/// </summary>
internal static unsafe class MountPoint
{
    private const int StatFsRoom = 512;
    private const int PathRoom = 4096;

    /// <summary>How often a stale mount is cleared away, should several lie on each other.</summary>
    private const int MaximumStaleMounts = 16;

    /// <summary>A foreign mount that does not answer in this time is taken for busy.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Checks the mount point.</summary>
    /// <returns>Its absolute path without symbolic links.</returns>
    /// <exception cref="FuseMountException">It cannot be mounted on.</exception>
    public static string Prepare(FuseMountOptions options, bool isRoot, ILogger logger)
    {
        // The last name is left alone at first: on a stale mount, resolving it fails.
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.MountPoint));
        path = Path.GetDirectoryName(path) is { } parent ? Path.Combine(Resolve(parent, options.MountPoint), Path.GetFileName(path)) : path;
        if (MountTable.Read().At(path) is null)
            path = Resolve(path, options.MountPoint);

        for (var i = 0; i < MaximumStaleMounts && MountTable.Read().At(path) is { } mounted; i++)
        {
            if (mounted.IsAutofs)
                return path;
            ClearIfStale(path, mounted, isRoot, options, logger);
        }

        CheckDirectory(path, options, isRoot);
        return path;
    }

    private static void ClearIfStale(string path, MountTableEntry mounted, bool isRoot, FuseMountOptions options, ILogger logger)
    {
        if (!mounted.IsFuse || !IsStale(path))
            throw new FuseMountException(FuseMountError.AlreadyMounted, $"{path}: {mounted.Source} ({mounted.Type}) is mounted there already. Unmount it first, or choose another directory.");

        logger.LogWarning("{Path}: clearing away the mount that a process which ended without unmounting has left behind.", path);
        if (isRoot)
        {
            if (LibC.Unmount(path, LibC.UnmountDetach | LibC.UnmountNoFollow) == 0)
                return;
            var errno = Marshal.GetLastPInvokeError();
            throw new FuseMountException(FuseMountError.AlreadyMounted, $"{path}: the stale mount there cannot be cleared away: {LibC.Describe(errno)}.");
        }

        if (Fusermount.Unmount(path, lazy: true, options.Timeout) is { } message)
            throw new FuseMountException(FuseMountError.AlreadyMounted, $"{path}: the stale mount there cannot be cleared away: {message}. Try: sudo umount -l {path}");
    }

    /// <summary>Asked on a thread of its own: a mount whose process hangs would hold the caller for ever.</summary>
    private static bool IsStale(string path)
    {
        var stale = false;
        var probe = new Thread(() =>
        {
            var buffer = stackalloc byte[StatFsRoom];
            Volatile.Write(ref stale, LibC.StatFs(path, buffer) != 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.ENOTCONN);
        })
        { IsBackground = true, Name = "fuse-probe" };
        probe.Start();
        return probe.Join(ProbeTimeout) && Volatile.Read(ref stale);
    }

    private static void CheckDirectory(string path, FuseMountOptions options, bool isRoot)
    {
        if (!Directory.Exists(path))
        {
            throw File.Exists(path)
                ? new FuseMountException(FuseMountError.MountPointNotDirectory, $"{path}: is not a directory. Choose an empty directory to mount on.")
                : new FuseMountException(FuseMountError.MountPointMissing, $"{path}: does not exist. Create it first: mkdir -p {path}");
        }

        const int MayWrite = 2;
        if (!isRoot && LibC.Access(path, MayWrite) != 0)
            throw new FuseMountException(FuseMountError.NoPermission, $"{path}: you may not write there, so you may not mount on it. Choose a directory of your own.");
        if (options.AllowNonEmpty)
            return;
        try
        {
            if (Directory.EnumerateFileSystemEntries(path).Any())
                throw new FuseMountException(FuseMountError.MountPointNotEmpty, $"{path}: is not empty, and a mount would hide what is in it. Choose an empty directory.");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new FuseMountException(FuseMountError.NoPermission, $"{path}: cannot be read. Choose a directory of your own.", e);
        }
    }

    private static string Resolve(string path, string asked)
    {
        var buffer = stackalloc byte[PathRoom];
        if (LibC.RealPath(path, buffer) is not null)
            return Marshal.PtrToStringUTF8((nint)buffer)!;
        var errno = (Errno)Marshal.GetLastPInvokeError();
        throw errno switch
        {
            Errno.ENOENT => new FuseMountException(FuseMountError.MountPointMissing, $"{asked}: does not exist. Create it first: mkdir -p {asked}"),
            Errno.ENOTDIR => new FuseMountException(FuseMountError.MountPointNotDirectory, $"{asked}: is not a directory. Choose an empty directory to mount on."),
            Errno.EACCES => new FuseMountException(FuseMountError.NoPermission, $"{asked}: you may not look there. Choose a directory of your own."),
            _ => new FuseMountException(FuseMountError.Failed, $"{asked}: {LibC.Describe((int)errno)}."),
        };
    }
}
