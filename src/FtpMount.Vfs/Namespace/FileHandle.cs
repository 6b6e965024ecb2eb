using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Namespace;

/// <summary>One open file. Reads go to the node's staging file when there is one, else to a reader of its own on the cached content.</summary>
internal sealed class FileHandle(ulong id, Node node, VfsOpenFlags flags)
{
    public VfsHandle Id { get; } = new(id);

    public Node Node { get; } = node;

    public VfsOpenFlags Flags { get; } = flags;

    public bool CanRead => (Flags & VfsOpenFlags.Read) != 0;

    public bool CanWrite => (Flags & VfsOpenFlags.Write) != 0;

    public bool IsAppending => (Flags & VfsOpenFlags.Append) != 0;

    public bool IsSynchronous => (Flags & VfsOpenFlags.Synchronous) != 0;

    /// <summary>The lease on the content that was there when the handle was opened or first read; set under the table's gate.</summary>
    public RemoteContent? Content { get; set; }

    /// <summary>Leases taken before, on which reads may still be running; given back when the handle is closed.</summary>
    public List<(RemoteContent Content, ContentReader Reader)> Superseded { get; } = [];

    /// <summary>The file has other content now than <see cref="Content"/>: the next read takes a new lease.</summary>
    public bool IsStale { get; set; }

    /// <summary>The reader on <see cref="Content"/>; set under the table's gate.</summary>
    public ContentReader? Reader { get; set; }
}
