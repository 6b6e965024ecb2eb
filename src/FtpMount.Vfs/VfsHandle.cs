namespace FtpMount.Vfs;

/// <summary>The number of an open file or directory (FUSE's <c>fh</c>); 0 is none.</summary>
/// <param name="Value">The number.</param>
public readonly record struct VfsHandle(ulong Value)
{
    /// <summary>No handle.</summary>
    public static VfsHandle None => new(0);

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => Value == 0;
}
