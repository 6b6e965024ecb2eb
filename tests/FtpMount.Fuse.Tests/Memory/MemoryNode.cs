using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Memory;

/// <summary>An inode of <see cref="MemoryFileSystem"/>.</summary>
internal sealed class MemoryNode(ulong number, RemoteKind kind, int mode)
{
    public ulong Number => number;

    public RemoteKind Kind => kind;

    public int Mode { get; set; } = mode;

    public uint UserId { get; set; }

    public uint GroupId { get; set; }

    public uint Links { get; set; } = kind == RemoteKind.Directory ? 2u : 1u;

    public ulong Lookups { get; set; }

    public byte[] Data { get; set; } = [];

    public long Length { get; set; }

    public string Target { get; init; } = "";

    public DateTime Modified { get; set; } = DateTime.UtcNow;

    public DateTime Accessed { get; set; } = DateTime.UtcNow;

    public DateTime Created { get; } = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);

    /// <summary>Names, in the order of their making, with a cookie that stays.</summary>
    public SortedDictionary<long, string> Order { get; } = [];

    public Dictionary<string, (MemoryNode Node, long Cookie)> Children { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, byte[]> ExtendedAttributes { get; } = new(StringComparer.Ordinal);

    public VfsAttributes Attributes => new()
    {
        Inode = number,
        Kind = kind,
        Mode = Mode,
        Size = kind == RemoteKind.Symlink ? Target.Length : Length,
        LinkCount = Links,
        UserId = UserId,
        GroupId = GroupId,
        Modified = Modified,
        Accessed = Accessed,
        Changed = Modified,
        Created = Created,
    };
}
