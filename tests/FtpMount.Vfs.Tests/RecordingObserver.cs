using System.Collections.Concurrent;

namespace FtpMount.Vfs.Tests;

/// <summary>Remembers what it was told.</summary>
internal sealed class RecordingObserver : IVfsObserver
{
    public ConcurrentQueue<(NodeId Node, long Offset, long Length)> Nodes { get; } = new();

    public ConcurrentQueue<(NodeId Parent, string Name)> Entries { get; } = new();

    public ConcurrentQueue<(NodeId Parent, NodeId Child, string Name)> Deleted { get; } = new();

    public void InvalidateNode(NodeId node, long offset, long length) => Nodes.Enqueue((node, offset, length));

    public void InvalidateEntry(NodeId parent, string name) => Entries.Enqueue((parent, name));

    public void EntryDeleted(NodeId parent, NodeId child, string name) => Deleted.Enqueue((parent, child, name));
}
