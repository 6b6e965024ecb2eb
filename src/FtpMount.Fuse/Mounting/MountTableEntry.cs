namespace FtpMount.Fuse.Mounting;

/// <summary>A line of <c>/proc/self/mountinfo</c>.</summary>
/// <param name="Device">The device number as <c>major:minor</c>, which for FUSE also names the connection.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="Type">The file system's type, for example <c>fuse.ftpmount</c>.</param>
/// <param name="Source">What is mounted.</param>
internal sealed record MountTableEntry(string Device, string MountPoint, string Type, string Source)
{
    /// <summary>Whether a FUSE file system is mounted.</summary>
    public bool IsFuse => Type is "fuse" or "fuseblk" || Type.StartsWith("fuse.", StringComparison.Ordinal) || Type.StartsWith("fuseblk.", StringComparison.Ordinal);
}
