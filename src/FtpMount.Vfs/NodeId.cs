namespace FtpMount.Vfs;

/// <summary>The number by which an adapter names an inode, as FUSE's <c>nodeid</c>: 0 is none, 1 the root.</summary>
/// <param name="Value">The number.</param>
public readonly record struct NodeId(ulong Value)
{
    /// <summary>No inode; as the node of a <see cref="VfsEntry"/>, a negative entry.</summary>
    public static NodeId None => new(0);

    /// <summary>The root of the mount.</summary>
    public static NodeId Root => new(1);

    /// <summary>Whether this is <see cref="None"/>.</summary>
    public bool IsNone => Value == 0;
}
