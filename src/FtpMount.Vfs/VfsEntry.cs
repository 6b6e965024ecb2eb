namespace FtpMount.Vfs;

/// <summary>
/// The answer to a lookup or to what makes a name. It counts as one lookup of <see cref="Node"/>, given back by
/// <see cref="IVirtualFileSystem.Forget"/>. With <see cref="NodeId.None"/> it is a negative entry: the name does not exist, and that
/// may be believed for <see cref="EntryTimeout"/>.
/// </summary>
public readonly record struct VfsEntry
{
    /// <summary>The inode.</summary>
    public NodeId Node { get; init; }

    /// <summary>Distinguishes two lives of one node number.</summary>
    public ulong Generation { get; init; }

    /// <summary>Its attributes.</summary>
    public VfsAttributes Attributes { get; init; }

    /// <summary>How long the name may be believed to stand for this node.</summary>
    public TimeSpan EntryTimeout { get; init; }

    /// <summary>How long the attributes may be believed.</summary>
    public TimeSpan AttributeTimeout { get; init; }
}
