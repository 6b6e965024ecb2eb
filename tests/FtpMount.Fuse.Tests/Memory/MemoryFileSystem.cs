using System.Threading.Channels;
using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Memory;

/// <summary>
/// A file system in memory with the semantics of a local one. A file whose name begins with <c>blocked</c> is never read to the end
/// until <see cref="Unblock"/>; one whose name begins with <c>slow</c> is answered on another thread; one whose name begins with
/// <c>direct</c> is opened without the page cache; reading one whose name begins with <c>broken</c> throws.
/// </summary>
internal sealed class MemoryFileSystem : IVirtualFileSystem
{
    private const long FirstCookie = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, MemoryNode> _nodes = [];
    private readonly Dictionary<ulong, (MemoryNode Node, VfsOpenFlags Flags, string Name)> _handles = [];
    private readonly TaskCompletionSource _unblocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<bool> _blockedReads = Channel.CreateUnbounded<bool>();
    private ulong _lastNumber = 1;
    private ulong _lastHandle;
    private long _lastCookie = FirstCookie;

    public MemoryFileSystem() => _nodes.Add(1, new MemoryNode(1, RemoteKind.Directory, 0x1FF));

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    public IVfsObserver? Observer { get; private set; }

    /// <summary>Whether there are extended attributes at all.</summary>
    public bool HasExtendedAttributes { get; set; } = true;

    /// <summary>Blocked reads that were cancelled.</summary>
    public int CancelledReads { get; private set; }

    public int OpenHandles
    {
        get
        {
            lock (_lock)
                return _handles.Count;
        }
    }

    public ulong LookupsOf(NodeId node)
    {
        lock (_lock)
            return _nodes.TryGetValue(node.Value, out var found) ? found.Lookups : 0;
    }

    /// <summary>Waits until one more blocked read has arrived.</summary>
    public async Task BlockedReadArrivedAsync(CancellationToken cancellationToken) => await _blockedReads.Reader.ReadAsync(cancellationToken);

    /// <summary>Lets blocked reads go.</summary>
    public void Unblock() => _unblocked.TrySetResult();

    /// <summary>Adds a file behind the kernel's back.</summary>
    public NodeId Add(string name, byte[] data)
    {
        lock (_lock)
        {
            var node = Make(_nodes[1], name, RemoteKind.File, 0x1A4, default);
            node.Data = data;
            node.Length = data.Length;
            return new NodeId(node.Number);
        }
    }

    /// <summary>Adds a directory behind the kernel's back, with as many empty files.</summary>
    public void AddDirectory(string name, int files)
    {
        lock (_lock)
        {
            var directory = Make(_nodes[1], name, RemoteKind.Directory, 0x1FF, default);
            for (var i = 0; i < files; i++)
                Make(directory, $"file-{i:D6}", RemoteKind.File, 0x1A4, default);
        }
    }

    /// <summary>Removes a name of the root behind the kernel's back.</summary>
    public void Remove(string name)
    {
        lock (_lock)
            Take(_nodes[1], name);
    }

    /// <summary>Changes content behind the kernel's back.</summary>
    public void Change(NodeId node, byte[] data)
    {
        lock (_lock)
            (_nodes[node.Value].Data, _nodes[node.Value].Length) = (data, data.Length);
    }

    public void Attach(IVfsObserver observer) => Observer = observer;

    public ValueTask<VfsResult<VfsEntry>> LookupAsync(NodeId parent, ReadOnlySpan<char> name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(parent) is not { } directory)
                return new(VfsError.Stale);
            if (!directory.Children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var child))
                return new(new VfsEntry { EntryTimeout = Timeout });
            return new(Entry(child.Node));
        }
    }

    public void Forget(NodeId node, ulong lookups)
    {
        lock (_lock)
        {
            if (_nodes.TryGetValue(node.Value, out var found))
                found.Lookups -= lookups;
        }
    }

    public ValueTask<VfsResult<VfsAttributeReply>> GetAttributesAsync(NodeId node, VfsHandle handle, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Find(node) is { } found ? new(new VfsAttributeReply(found.Attributes, Timeout)) : new(VfsError.Stale);
    }

    public ValueTask<VfsResult<VfsAttributeReply>> SetAttributesAsync(NodeId node, VfsHandle handle, VfsAttributeChange change, VfsCaller caller, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(node) is not { } found)
                return new(VfsError.Stale);
            found.Mode = change.Mode ?? found.Mode;
            found.UserId = change.UserId ?? found.UserId;
            found.GroupId = change.GroupId ?? found.GroupId;
            if (change.Size is { } size)
                Resize(found, size);
            found.Modified = change.Modified ?? found.Modified;
            found.Accessed = change.Accessed ?? found.Accessed;
            return new(new VfsAttributeReply(found.Attributes, Timeout));
        }
    }

    public ValueTask<VfsResult<string>> ReadLinkAsync(NodeId node, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Find(node) is { Kind: RemoteKind.Symlink } found ? new(found.Target) : new(VfsError.InvalidArgument);
    }

    public ValueTask<VfsResult<VfsEntry>> CreateFileAsync(NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken) =>
        new(CreateEntry(parent, name, RemoteKind.File, mode, caller));

    public ValueTask<VfsResult<VfsEntry>> CreateDirectoryAsync(NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken) =>
        new(CreateEntry(parent, name, RemoteKind.Directory, mode, caller));

    public ValueTask<VfsResult<VfsEntry>> CreateSymlinkAsync(NodeId parent, string name, string target, VfsCaller caller, CancellationToken cancellationToken) =>
        new(CreateEntry(parent, name, RemoteKind.Symlink, 0x1FF, caller, target));

    public ValueTask<VfsResult<VfsEntry>> CreateLinkAsync(NodeId node, NodeId newParent, string newName, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(newParent) is not { } directory || Find(node) is not { } found)
                return new(VfsError.Stale);
            if (directory.Children.ContainsKey(newName))
                return new(VfsError.AlreadyExists);
            found.Links++;
            Put(directory, newName, found);
            return new(Entry(found));
        }
    }

    public ValueTask<VfsError> UnlinkAsync(NodeId parent, string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(parent) is not { } directory || !directory.Children.TryGetValue(name, out var child))
                return new(VfsError.NotFound);
            if (child.Node.Kind == RemoteKind.Directory)
                return new(VfsError.IsADirectory);
            Take(directory, name);
            child.Node.Links--;
            return new(VfsError.None);
        }
    }

    public ValueTask<VfsError> RemoveDirectoryAsync(NodeId parent, string name, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(parent) is not { } directory || !directory.Children.TryGetValue(name, out var child))
                return new(VfsError.NotFound);
            if (child.Node.Kind != RemoteKind.Directory)
                return new(VfsError.NotADirectory);
            if (child.Node.Children.Count > 0)
                return new(VfsError.NotEmpty);
            Take(directory, name);
            return new(VfsError.None);
        }
    }

    public ValueTask<VfsError> RenameAsync(NodeId parent, string name, NodeId newParent, string newName, VfsRenameFlags flags, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(parent) is not { } from || Find(newParent) is not { } to || !from.Children.TryGetValue(name, out var moved))
                return new(VfsError.NotFound);
            var hasTarget = to.Children.TryGetValue(newName, out var target);
            if (hasTarget && flags.HasFlag(VfsRenameFlags.NoReplace))
                return new(VfsError.AlreadyExists);
            if (!hasTarget && flags.HasFlag(VfsRenameFlags.Exchange))
                return new(VfsError.NotFound);
            if (hasTarget && !flags.HasFlag(VfsRenameFlags.Exchange) && target.Node.Children.Count > 0)
                return new(VfsError.NotEmpty);
            Take(from, name);
            if (hasTarget)
                Take(to, newName);
            Put(to, newName, moved.Node);
            if (flags.HasFlag(VfsRenameFlags.Exchange))
                Put(from, name, target.Node);
            return new(VfsError.None);
        }
    }

    public ValueTask<VfsResult<VfsOpenReply>> OpenAsync(NodeId node, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(node) is not { } found)
                return new(VfsError.Stale);
            if (flags.HasFlag(VfsOpenFlags.Truncate))
                Resize(found, 0);
            return new(Handle(found, flags, NameOf(found)));
        }
    }

    public ValueTask<VfsResult<VfsCreateReply>> CreateAsync(NodeId parent, string name, int mode, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(parent) is not { } directory)
                return new(VfsError.Stale);
            if (directory.Children.TryGetValue(name, out var child))
            {
                if (flags.HasFlag(VfsOpenFlags.Exclusive))
                    return new(VfsError.AlreadyExists);
                if (flags.HasFlag(VfsOpenFlags.Truncate))
                    Resize(child.Node, 0);
                return new(new VfsCreateReply(Entry(child.Node), Handle(child.Node, flags, name)));
            }

            var made = Make(directory, name, RemoteKind.File, mode, caller);
            return new(new VfsCreateReply(Entry(made), Handle(made, flags, name)));
        }
    }

    public ValueTask<VfsResult<int>> ReadAsync(VfsHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        string name;
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            name = open.Name;
            if (name.StartsWith("broken", StringComparison.Ordinal))
                throw new InvalidOperationException("Reading this file throws.");
            if (!name.StartsWith("blocked", StringComparison.Ordinal) && !name.StartsWith("direct-blocked", StringComparison.Ordinal) && !name.StartsWith("slow", StringComparison.Ordinal))
                return new(Copy(open.Node, offset, buffer.Span));
        }

        return LaterAsync(handle, name, offset, buffer, cancellationToken);
    }

    public ValueTask<VfsResult<int>> WriteAsync(VfsHandle handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            if (!open.Name.StartsWith("slow", StringComparison.Ordinal))
                return new(Store(open.Node, open.Flags, offset, data.Span));
        }

        return StoreLaterAsync(handle, offset, data);
    }

    public ValueTask<VfsError> FlushAsync(VfsHandle handle, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            return new(open.Name.StartsWith("full", StringComparison.Ordinal) ? VfsError.NoSpace : VfsError.None);
        }
    }

    public ValueTask<VfsError> FsyncAsync(VfsHandle handle, bool dataOnly, CancellationToken cancellationToken) => new(VfsError.None);

    public async ValueTask ReleaseAsync(VfsHandle handle)
    {
        await Task.Yield();
        lock (_lock)
            _handles.Remove(handle.Value);
    }

    public ValueTask<VfsResult<VfsOpenReply>> OpenDirectoryAsync(NodeId node, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Find(node) is { } found ? new(Handle(found, VfsOpenFlags.Read, "")) : new(VfsError.Stale);
    }

    public ValueTask<VfsError> ReadDirectoryAsync(VfsHandle handle, long cookie, IDirectorySink sink, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            var self = new VfsEntry { Attributes = open.Node.Attributes };
            if (cookie < 1 && !sink.TryAdd(".", self, 1))
                return new(VfsError.None);
            if (cookie < 2 && !sink.TryAdd("..", self, 2))
                return new(VfsError.None);
            foreach (var (order, name) in open.Node.Order)
            {
                // TryAdd does not count by itself: the entry is counted when it was accepted.
                if (order <= cookie)
                    continue;
                var child = open.Node.Children[name].Node;
                if (!sink.TryAdd(name, Describe(child), order))
                    break;
                if (sink.WantsEntries)
                    child.Lookups++;
            }

            return new(VfsError.None);
        }
    }

    public void ReleaseDirectory(VfsHandle handle)
    {
        lock (_lock)
            _handles.Remove(handle.Value);
    }

    public ValueTask<VfsError> FsyncDirectoryAsync(VfsHandle handle, CancellationToken cancellationToken) => new(VfsError.None);

    public ValueTask<VfsError> SyncAsync(CancellationToken cancellationToken) => new(VfsError.None);

    public ValueTask<VfsResult<VfsSpace>> GetSpaceAsync(NodeId node, CancellationToken cancellationToken) =>
        new(new VfsSpace(1L << 40, 1L << 39, 4096, 255));

    public ValueTask<VfsResult<long>> CopyRangeAsync(VfsHandle source, long sourceOffset, VfsHandle target, long targetOffset, long length, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(source.Value, out var from) || !_handles.TryGetValue(target.Value, out var to))
                return new(VfsError.BadHandle);
            var data = new byte[Math.Max(0, Math.Min(length, from.Node.Length - sourceOffset))];
            Copy(from.Node, sourceOffset, data);
            return new((long)Store(to.Node, VfsOpenFlags.Write, targetOffset, data));
        }
    }

    public ValueTask<VfsResult<long>> SeekAsync(VfsHandle handle, long offset, VfsSeekKind kind, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            if (offset >= open.Node.Length)
                return new(VfsError.NoSuchOffset);
            return new(kind == VfsSeekKind.Data ? offset : open.Node.Length);
        }
    }

    public ValueTask<VfsError> AllocateAsync(VfsHandle handle, long offset, long length, bool keepSize, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_handles.TryGetValue(handle.Value, out var open))
                return new(VfsError.BadHandle);
            if (!keepSize && offset + length > open.Node.Length)
                Resize(open.Node, offset + length);
            return new(VfsError.None);
        }
    }

    public ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken)
    {
        lock (_lock)
            return !HasExtendedAttributes ? new(VfsError.NotImplemented) : Find(node) is { } found && found.ExtendedAttributes.TryGetValue(name, out var value) ? new(new ReadOnlyMemory<byte>(value)) : new(VfsError.NoData);
    }

    public ValueTask<VfsResult<IReadOnlyList<string>>> ListExtendedAttributesAsync(NodeId node, CancellationToken cancellationToken)
    {
        lock (_lock)
            return Find(node) is { } found ? ValueTask.FromResult<VfsResult<IReadOnlyList<string>>>(found.ExtendedAttributes.Keys.ToArray()) : new(VfsError.Stale);
    }

    public ValueTask<VfsError> SetExtendedAttributeAsync(NodeId node, string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(node) is not { } found)
                return new(VfsError.Stale);
            found.ExtendedAttributes[name] = value.ToArray();
            return new(VfsError.None);
        }
    }

    public ValueTask<VfsError> RemoveExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new(Find(node) is { } found && found.ExtendedAttributes.Remove(name) ? VfsError.None : VfsError.NoData);
    }

    private static int Copy(MemoryNode node, long offset, Span<byte> buffer)
    {
        var count = (int)Math.Clamp(node.Length - offset, 0, buffer.Length);
        if (count > 0)
            node.Data.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    private static int Store(MemoryNode node, VfsOpenFlags flags, long offset, ReadOnlySpan<byte> data)
    {
        // Not HasFlag, which allocates in a debug build.
        if ((flags & VfsOpenFlags.Append) != 0)
            offset = node.Length;
        if (offset + data.Length > node.Length)
            Resize(node, offset + data.Length);
        data.CopyTo(node.Data.AsSpan((int)offset));
        node.Modified = DateTime.UtcNow;
        return data.Length;
    }

    private static void Resize(MemoryNode node, long length)
    {
        var data = node.Data;
        if (length > data.Length)
            Array.Resize(ref data, (int)Math.Max(length, data.Length * 2L));
        else
            data.AsSpan((int)Math.Min(length, node.Length)).Clear();
        node.Data = data;
        node.Length = length;
        node.Modified = DateTime.UtcNow;
    }

    private async ValueTask<VfsResult<int>> LaterAsync(VfsHandle handle, string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (!name.StartsWith("slow", StringComparison.Ordinal))
        {
            _blockedReads.Writer.TryWrite(true);
            try
            {
                await _unblocked.Task.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                CancelledReads++;
                return VfsError.Interrupted;
            }
        }

        lock (_lock)
            return _handles.TryGetValue(handle.Value, out var open) ? Copy(open.Node, offset, buffer.Span) : VfsError.BadHandle;
    }

    private async ValueTask<VfsResult<int>> StoreLaterAsync(VfsHandle handle, long offset, ReadOnlyMemory<byte> data)
    {
        await Task.Yield();
        lock (_lock)
            return _handles.TryGetValue(handle.Value, out var open) ? Store(open.Node, open.Flags, offset, data.Span) : VfsError.BadHandle;
    }

    private VfsResult<VfsEntry> CreateEntry(NodeId parent, string name, RemoteKind kind, int mode, VfsCaller caller, string target = "")
    {
        lock (_lock)
        {
            if (Find(parent) is not { } directory)
                return VfsError.Stale;
            return directory.Children.ContainsKey(name) ? VfsError.AlreadyExists : Entry(Make(directory, name, kind, mode, caller, target));
        }
    }

    private MemoryNode Make(MemoryNode directory, string name, RemoteKind kind, int mode, VfsCaller caller, string target = "")
    {
        var node = new MemoryNode(++_lastNumber, kind, mode) { UserId = caller.UserId, GroupId = caller.GroupId, Target = target };
        _nodes.Add(node.Number, node);
        Put(directory, name, node);
        return node;
    }

    private void Put(MemoryNode directory, string name, MemoryNode node)
    {
        var cookie = ++_lastCookie;
        directory.Children.Add(name, (node, cookie));
        directory.Order.Add(cookie, name);
        directory.Modified = DateTime.UtcNow;
    }

    private static void Take(MemoryNode directory, string name)
    {
        if (directory.Children.Remove(name, out var child))
            directory.Order.Remove(child.Cookie);
        directory.Modified = DateTime.UtcNow;
    }

    private MemoryNode? Find(NodeId node) => _nodes.GetValueOrDefault(node.Value);

    private string NameOf(MemoryNode node)
    {
        foreach (var directory in _nodes.Values)
        {
            foreach (var (name, child) in directory.Children)
            {
                if (child.Node == node)
                    return name;
            }
        }

        return "";
    }

    private VfsOpenReply Handle(MemoryNode node, VfsOpenFlags flags, string name)
    {
        _handles.Add(++_lastHandle, (node, flags, name));
        return new VfsOpenReply(new VfsHandle(_lastHandle), KeepCache: false, DirectIo: name.StartsWith("direct", StringComparison.Ordinal));
    }

    private VfsEntry Entry(MemoryNode node)
    {
        node.Lookups++;
        return Describe(node);
    }

    private VfsEntry Describe(MemoryNode node) =>
        new() { Node = new NodeId(node.Number), Generation = 1, Attributes = node.Attributes, EntryTimeout = Timeout, AttributeTimeout = Timeout };
}
