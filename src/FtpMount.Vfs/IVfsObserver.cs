namespace FtpMount.Vfs;

/// <summary>
/// Told by the file system when what the platform may have cached is no longer true. Calls return at once (the adapter queues them and
/// sends them from a thread of its own) and may come from any thread, under any lock.
/// </summary>
public interface IVfsObserver
{
    /// <summary>Attributes changed, and content in the range; a length of 0 means to the end, a negative offset attributes only.</summary>
    void InvalidateNode(NodeId node, long offset, long length);

    /// <summary>The name may now stand for something else or for nothing.</summary>
    void InvalidateEntry(NodeId parent, string name);

    /// <summary>The name was removed remotely.</summary>
    void EntryDeleted(NodeId parent, NodeId child, string name);
}
