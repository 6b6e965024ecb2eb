using FtpMount.Fuse.Mounting;
using FtpMount.Service.Queue;

namespace FtpMount.Service.MountPoints;

/// <summary>Finds the mount that a path lies in, by its name alone: nothing on the mount is asked for, because that may be dead.</summary>
public static class MountedPath
{
    /// <summary>The mount point of the innermost mount of ftpmount at or above a path.</summary>
    /// <param name="path">As the user wrote it; relative to the current folder.</param>
    /// <param name="mounts">What is mounted now.</param>
    /// <exception cref="MountException">It lies in no mount of ftpmount.</exception>
    public static string FindMountPoint(string path, MountTable mounts)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(mounts);
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return mounts.Entries.Where(e => e.IsFtpMount && QueuePaths.IsAtOrBelow(full, e.MountPoint)).MaxBy(e => e.MountPoint.Length)?.MountPoint
            ?? throw new MountException($"{path} lies in no mount of ftpmount; 'ftpmount status' lists them");
    }
}
