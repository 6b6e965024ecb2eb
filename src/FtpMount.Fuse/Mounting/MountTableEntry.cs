using System.Globalization;

namespace FtpMount.Fuse.Mounting;

/// <summary>A line of <c>/proc/self/mountinfo</c>, as far as it matters here.</summary>
/// <param name="Device">The device number as <c>major:minor</c>, which for FUSE also names the connection.</param>
/// <param name="MountPoint">Where it is mounted: an absolute path.</param>
/// <param name="Type">The file system's type, for example <c>fuse.ftpmount</c>.</param>
/// <param name="Source">What is mounted; for ftpmount the URL without secrets.</param>
/// <param name="Options">The options of this mount, comma-separated.</param>
/// <param name="SuperOptions">The options of the file system, comma-separated.</param>
public sealed record MountTableEntry(string Device, string MountPoint, string Type, string Source, string Options, string SuperOptions)
{
    /// <summary>Whether ftpmount made it.</summary>
    public bool IsFtpMount => Type == "fuse.ftpmount";

    /// <summary>Whether the kernel asks a process for everything below it.</summary>
    public bool IsFuse => Type is "fuse" or "fuseblk" || Type.StartsWith("fuse.", StringComparison.Ordinal) || Type.StartsWith("fuseblk.", StringComparison.Ordinal);

    /// <summary>
    /// Whether systemd's automount unit (or another autofs) waits there for a mount on top of it; to look into it would wait for that mount.
    /// </summary>
    public bool IsAutofs => Type == "autofs";

    /// <summary>Whether it is mounted read-only.</summary>
    public bool IsReadOnly => Options.Split(',').Contains("ro");

    /// <summary>The user whose process serves a FUSE mount (its <c>user_id=</c>); null for other file systems.</summary>
    public uint? Owner
    {
        get
        {
            const string Key = "user_id=";
            foreach (var option in SuperOptions.Split(','))
            {
                if (option.StartsWith(Key, StringComparison.Ordinal)
                    && uint.TryParse(option.AsSpan(Key.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var user))
                    return user;
            }

            return null;
        }
    }
}
