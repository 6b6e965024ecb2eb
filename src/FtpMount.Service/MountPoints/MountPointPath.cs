using System.Runtime.InteropServices;
using FtpMount.Fuse.Mounting;
using FtpMount.Service.Posix;

namespace FtpMount.Service.MountPoints;

/// <summary>
/// The canonical path of a mount point: absolute, without links, as the kernel lists it. It is found without asking what is mounted there for
/// anything, because that may be dead: the parent is resolved, and the last name only read as a link.
/// </summary>
public static class MountPointPath
{
    /// <summary>As the kernel's own limit on links in one path.</summary>
    private const int MostLinks = 40;

    /// <summary>Finds the canonical path.</summary>
    /// <param name="path">As the user wrote it; relative to the current folder.</param>
    /// <param name="mounts">What is mounted now.</param>
    /// <exception cref="UsageException">The path is empty.</exception>
    /// <exception cref="MountException">A folder on the way does not exist or cannot be entered.</exception>
    public static string Canonicalise(string path, MountTable mounts)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(mounts);
        if (path.Length == 0)
            throw new UsageException("The mount point is empty; name an existing, empty folder");
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        for (var links = 0; links <= MostLinks; links++)
        {
            if (full == "/" || mounts.At(full) is not null)
                return full;
            var parent = Resolve(Path.GetDirectoryName(full)!);
            full = Path.Combine(parent, Path.GetFileName(full));
            if (mounts.At(full) is not null || new FileInfo(full).LinkTarget is not { } target)
                return full;
            full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target, parent));
        }

        throw new MountException($"{path}: too many symbolic links");
    }

    private static string Resolve(string directory)
    {
        var resolved = PosixCalls.realpath(directory, 0);
        if (resolved == 0)
        {
            throw new MountException((Errno)Marshal.GetLastPInvokeError() switch
            {
                Errno.NoEntry => $"{directory} does not exist; make it first: mkdir -p {directory}",
                Errno.NotADirectory => $"{directory} is not a folder",
                Errno.NotConnected => $"{directory} lies on a mount whose process is gone; unmount that first",
                _ => $"{directory} cannot be entered: {Marshal.GetLastPInvokeErrorMessage()}",
            });
        }

        try
        {
            return Marshal.PtrToStringUTF8(resolved)!;
        }
        finally
        {
            PosixCalls.free(resolved);
        }
    }
}
