using FtpMount.Remote;

namespace FtpMount.Vfs.Namespace;

/// <summary>
/// One inode: what the kernel holds a number for. It knows its parent and its name, not its path, so that renaming a directory
/// changes one node whatever lies below it. All members are guarded by the table's gate unless they say otherwise.
/// </summary>
internal sealed class Node(ulong id, ulong generation, RemoteKind kind, ulong inode, Node? parent, string name)
{
    public NodeId Id { get; } = new(id);

    /// <summary>Distinguishes two lives of one number. Numbers are never used again, so it only says that this is a mount of today.</summary>
    public ulong Generation { get; } = generation;

    public RemoteKind Kind { get; } = kind;

    /// <summary><c>st_ino</c>.</summary>
    public ulong Inode { get; } = inode;

    /// <summary>The directory that holds it, also after its name is gone; null for the root alone.</summary>
    public Node? Parent { get; set; } = parent;

    public string Name { get; set; } = name;

    public bool IsRoot => Parent is null;

    /// <summary>Lookups that the kernel has not given back.</summary>
    public ulong Lookups { get; set; }

    public int OpenHandles { get; set; }

    /// <summary>Requests that work on it just now and must find it again.</summary>
    public int Pins { get; set; }

    /// <summary>Operations that need its staging file without having it open.</summary>
    public int ContentUsers { get; set; }

    /// <summary>It has no name any more: unlinked, replaced, or vanished from the server.</summary>
    public bool Deleted { get; set; }

    /// <summary>What the server said last; null for what exists only here so far (and for a root that was not asked for yet).</summary>
    public RemoteEntry? Remote { get; set; }

    /// <summary>Until when <see cref="Remote"/> may be believed.</summary>
    public long ValidUntil { get; set; }

    /// <summary>Permission bits that were set here and the server does not show, or does not know yet.</summary>
    public int? LocalMode { get; set; }

    /// <summary>Modification time that was set here and the server does not know yet.</summary>
    public DateTime? LocalModified { get; set; }

    /// <summary>
    /// A directory's modification time that was set here on a server that can set the time of files only: kept as long as the inode and until something changes in the
    /// directory, so that <c>tar</c> and <c>cp -a</c> do not fail on such servers.
    /// </summary>
    public DateTime? KeptModified { get; set; }

    /// <summary>Access time that utimens set: kept as long as the inode, no server keeps it.</summary>
    public DateTime? LocalAccessed { get; set; }

    /// <summary>Counts changes of <see cref="LocalMode"/> and <see cref="LocalModified"/>, so that an upload sees what came after it began.</summary>
    public long AttributeSequence { get; set; }

    /// <summary>For a directory.</summary>
    public DirectoryState? Directory { get; } = kind == RemoteKind.Directory ? new DirectoryState() : null;

    /// <summary>For a file that was opened or written; stays for the node's life.</summary>
    public FileState? File { get; set; }

    /// <summary>Operations under way whose paths go through this node (see <see cref="NamespaceLocks"/>).</summary>
    public int PathUses { get; set; }

    /// <summary>Set while the node is being moved or removed; completes when that is over.</summary>
    public TaskCompletionSource? Moving { get; set; }

    /// <summary>Completes when <see cref="PathUses"/> falls to zero for the mover that waits.</summary>
    public TaskCompletionSource? PathUsesDrained { get; set; }

    /// <summary>Whether what is here counts and not what the server says: it was changed and is not uploaded yet.</summary>
    public bool IsLocal => File is { IsDirty: true } || (Remote is null && Parent is not null);

    /// <summary>Whether this is the directory, or lies anywhere below it.</summary>
    public bool IsAtOrBelow(Node directory)
    {
        for (var at = this; at is not null; at = at.Parent)
        {
            if (at == directory)
                return true;
        }

        return false;
    }

    public override string ToString() => $"{Id.Value}:{Name}";
}
