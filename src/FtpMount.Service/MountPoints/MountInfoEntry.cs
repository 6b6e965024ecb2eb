using System.Globalization;

namespace FtpMount.Service.MountPoints;

/// <summary>One line of <c>/proc/self/mountinfo</c> (proc_pid_mountinfo(5)), as far as it matters here.</summary>
/// <param name="MountPoint">Absolute path, unescaped.</param>
/// <param name="FileSystemType">For example <c>fuse.ftpmount</c>.</param>
/// <param name="Source">What is mounted; for ftpmount the URL without secrets.</param>
/// <param name="Options">The options of this mount, comma-separated.</param>
/// <param name="SuperOptions">The options of the file system, comma-separated.</param>
public sealed record MountInfoEntry(string MountPoint, string FileSystemType, string Source, string Options, string SuperOptions)
{
    /// <summary>The type under which ftpmount's mounts are listed.</summary>
    public const string FtpMountType = "fuse.ftpmount";

    /// <summary>Whether ftpmount made it.</summary>
    public bool IsFtpMount => FileSystemType == FtpMountType;

    /// <summary>Whether the kernel asks a process for everything below it.</summary>
    public bool IsFuse => FileSystemType == "fuse" || FileSystemType.StartsWith("fuse.", StringComparison.Ordinal);

    /// <summary>Whether it is mounted read-only.</summary>
    public bool IsReadOnly => Options.Split(',').Contains("ro");

    /// <summary>The user whose process serves a FUSE mount (its <c>user_id=</c>); null for other file systems.</summary>
    public uint? Owner
    {
        get
        {
            foreach (var option in SuperOptions.Split(','))
            {
                if (option.StartsWith("user_id=", StringComparison.Ordinal)
                    && uint.TryParse(option.AsSpan(8), NumberStyles.None, CultureInfo.InvariantCulture, out var user))
                    return user;
            }

            return null;
        }
    }
}
