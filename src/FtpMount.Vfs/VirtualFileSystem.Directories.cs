using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>Making, removing and reading directories.</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Cookies 1 and 2 follow <c>.</c> and <c>..</c>; slot n of the listing is followed by n + 3.</summary>
    private const long FirstSlotCookie = 2;

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsEntry>> CreateDirectoryAsync(
        NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken)
    {
        var error = BeginNewName(parent, name, RemotePermissions.CreateDirectory, out var directory);
        if (error != VfsError.None)
            return error;
        try
        {
            using var names = await _locks.EnterNamesAsync(directory, name, null, null, cancellationToken).ConfigureAwait(false);
            RemotePath path;
            lock (_table.Gate)
            {
                if (TryResolve(directory, name, ownsName: true, out var present, out _) && present is not null)
                {
                    // The node may have been made only to look at it.
                    _table.TryEvict(present);
                    return VfsError.AlreadyExists;
                }

                if (directory.Deleted)
                    return VfsError.NotFound;
                path = _table.PathOf(directory).Combine(name);
            }

            await _remote.CreateDirectoryAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
            await SetNewDirectoryModeAsync(path, mode).ConfigureAwait(false);
            var now = _clock.UtcNow;
            var entry = new RemoteEntry
            {
                Name = name,
                Kind = RemoteKind.Directory,
                Modified = new RemoteTime(NodeTable.FullSeconds(now), TimeSpan.FromSeconds(1)),
            };
            lock (_table.Gate)
            {
                var node = _table.AddChild(directory, name, RemoteKind.Directory, entry);
                if (mode != NodeTable.DefaultMode(RemoteKind.Directory) && CanSetMode)
                    node.LocalMode = mode;
                _table.MarkDirectoryChanged(directory);

                // A directory that was just made is empty: a listing of it is at hand.
                _table.ApplyListing(node, new DirectoryListing(_clock.Now) { IsMadeHere = true }, node.Directory!.ChangeSequence);
                return _table.LookedUp(node, _clock.Now);
            }
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return FailedChange(e, "Making a directory", directory, name);
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(directory);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VfsError> RemoveDirectoryAsync(NodeId parent, string name, CancellationToken cancellationToken)
    {
        var error = BeginChange(parent, name, out var directory);
        if (error != VfsError.None)
            return error;
        Node? node = null;
        try
        {
            using var names = await _locks.EnterNamesAsync(directory, name, null, null, cancellationToken).ConfigureAwait(false);
            var found = await ResolveAsync(directory, name, ownsName: true, cancellationToken).ConfigureAwait(false);
            if (found.Error != VfsError.None)
                return found.Error;
            node = found.Node;
            if (node is null)
                return VfsError.NotFound;
            if (node.Kind != RemoteKind.Directory)
                return VfsError.NotADirectory;
            using var move = await _locks.MoveAsync(node, cancellationToken).ConfigureAwait(false);
            return await RemoveEmptyAsync(node).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return FailedChange(e, "Removing a directory", directory, name);
        }
        finally
        {
            lock (_table.Gate)
            {
                if (node is not null)
                    _table.Unpin(node);
                _table.Unpin(directory);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<VfsResult<VfsOpenReply>> OpenDirectoryAsync(NodeId node, CancellationToken cancellationToken)
    {
        lock (_table.Gate)
        {
            if (_table.Find(node) is not { } found)
                return new(VfsError.Stale);
            if (found.Kind != RemoteKind.Directory)
                return new(VfsError.NotADirectory);
            if (found.Remote?.Permissions is { } allowed && (allowed & RemotePermissions.List) == 0)
                return new(VfsError.AccessDenied);
            var handle = new DirectoryHandle(NextHandle(), found);
            found.OpenHandles++;
            _directories[handle.Id.Value] = handle;

            // Names that were given to the end, and are still believed, need not be asked for again.
            var isKept = found.Directory!.LastRead is { } last && last.Sequence == found.Directory.ChangeSequence && last.Listing == _table.ValidListing(found, _clock.Now);
            if (isKept)
                _walks.NoteRead(found);
            return new(new VfsOpenReply(handle.Id, KeepCache: isKept, DirectIo: false));
        }
    }

    /// <inheritdoc/>
    public ValueTask<VfsError> ReadDirectoryAsync(VfsHandle handle, long cookie, IDirectorySink sink, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (!_directories.TryGetValue(handle.Value, out var open))
            return new(VfsError.BadHandle);
        if (cookie < 0)
            return new(VfsError.InvalidArgument);
        lock (_table.Gate)
        {
            // rewinddir(3): "as a call to opendir would have done".
            if (cookie == 0 && open.Advanced)
                NodeTable.Leave(open);
            if (open.Listing is null && (open.Node.Deleted ? new DirectoryListing(_clock.Now) : _table.ValidListing(open.Node, _clock.Now)) is { } known)
                NodeTable.Read(open, known);
            if (cookie == 0 && !open.Node.Deleted)
                _walks.NoteRead(open.Node);
            if (open.Listing is not null)
            {
                Emit(open, cookie, sink);
                return new(VfsError.None);
            }
        }

        return ListAndReadAsync(open, cookie, sink, cancellationToken);
    }

    /// <inheritdoc/>
    public void ReleaseDirectory(VfsHandle handle)
    {
        if (!_directories.TryRemove(handle.Value, out var open))
            return;
        lock (_table.Gate)
        {
            open.Node.Directory!.ListingAwaited.Remove(open);
            NodeTable.Leave(open);
            open.Node.OpenHandles--;
            _table.TryEvict(open.Node);
        }
    }

    private bool CanSetMode => (_remote.Capabilities & RemoteCapabilities.SetMode) != 0;

    /// <summary>What every change of a name starts with: may it be made at all? On success the directory is pinned.</summary>
    private VfsError BeginChange(NodeId parent, string name, out Node directory)
    {
        directory = null!;
        if (IsReadOnly)
            return VfsError.ReadOnly;
        if (IsTooLong(name))
            return VfsError.NameTooLong;
        lock (_table.Gate)
        {
            var error = FindDirectory(parent, out directory);
            if (error != VfsError.None)
                return error;
            if (!RemotePath.IsValidName(name))
                return VfsError.NotFound;
            NodeTable.Pin(directory);
            return VfsError.None;
        }
    }

    /// <summary>As <see cref="BeginChange"/>, for a name that is to be made in a directory that must allow it.</summary>
    private VfsError BeginNewName(NodeId parent, string name, RemotePermissions needed, out Node directory)
    {
        directory = null!;
        var error = IsReadOnly ? VfsError.ReadOnly : CheckNewName(name);
        if (error != VfsError.None)
            return error;
        lock (_table.Gate)
        {
            error = FindDirectory(parent, out directory);
            if (error != VfsError.None)
                return error;
            if (directory.Remote?.Permissions is { } allowed && (allowed & needed) == 0)
                return VfsError.AccessDenied;
            NodeTable.Pin(directory);
            return VfsError.None;
        }
    }

    /// <summary>A directory is made with the bits that were asked for, where that is not what a server makes anyway.</summary>
    private async ValueTask SetNewDirectoryModeAsync(RemotePath path, int mode)
    {
        if (mode == NodeTable.DefaultMode(RemoteKind.Directory) || !CanSetMode)
            return;
        try
        {
            await _remote.SetAttributesAsync(path, new RemoteAttributeChange { Mode = mode }, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied)
        {
            // The directory is there; its bits are what the server gives, and are shown so once it tells them.
        }
    }

    /// <summary>Removes a directory whose name and node the caller has taken.</summary>
    private async ValueTask<VfsError> RemoveEmptyAsync(Node node)
    {
        RemotePath path;
        Node[] unlinked;
        lock (_table.Gate)
        {
            if (node.Directory!.Children.Any(c => c.Value.IsLocal))
                return VfsError.NotEmpty;
            unlinked = [.. node.Directory.Hidden.Values.OfType<Node>()];
            path = _table.PathOf(node);
        }

        // What is left of unlinked files that are still open must not keep the directory from going.
        foreach (var remains in unlinked)
            await BringHomeAsync(remains).ConfigureAwait(false);
        await _remote.RemoveDirectoryAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        lock (_table.Gate)
        {
            foreach (var (_, child) in node.Directory!.Children.ToArray())
                _table.Detach(child);
            _table.DropListing(node);
            _table.Detach(node);
            _table.MarkDirectoryChanged(node.Parent!);
        }

        return VfsError.None;
    }

    private async ValueTask<VfsError> ListAndReadAsync(DirectoryHandle open, long cookie, IDirectorySink sink, CancellationToken cancellationToken)
    {
        Task<ListOutcome> fetch;
        lock (_table.Gate)
        {
            _misses++;
            fetch = _revalidator.List(open.Node);
            open.Node.Directory!.ListingAwaited.Add(open);
        }

        try
        {
            var listed = await fetch.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (_table.Gate)
            {
                var found = listed.Error == VfsError.None ? listed.Listing : IsDownBy(listed.Error) ? _table.ValidListing(open.Node, _clock.Now) : null;
                if (found is null)
                    return listed.Error;

                // Released or rewound meanwhile.
                if (!_directories.ContainsKey(open.Id.Value))
                    return VfsError.BadHandle;
                if (open.Listing is null)
                    NodeTable.Read(open, found);
                Emit(open, cookie, sink);
            }

            return VfsError.None;
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
        finally
        {
            lock (_table.Gate)
                open.Node.Directory!.ListingAwaited.Remove(open);
        }
    }

    /// <summary>Offers entries from a cookie on until the sink is full. Called under the gate.</summary>
    private void Emit(DirectoryHandle open, long cookie, IDirectorySink sink)
    {
        var node = open.Node;
        var now = _clock.Now;
        if (cookie == 0)
        {
            if (!sink.TryAdd(".", Dot(node), 1))
                return;
            cookie = 1;
        }

        if (cookie == 1)
        {
            if (!sink.TryAdd("..", Dot(node.Parent ?? node), FirstSlotCookie))
                return;
            cookie = FirstSlotCookie;
        }

        open.Advanced = true;
        var listing = open.Listing!;
        for (var slot = (int)Math.Min(cookie - FirstSlotCookie, listing.SlotCount); slot < listing.SlotCount; slot++)
        {
            var (name, entry) = listing[slot];
            if (name is not null && !Offer(node, listing, name, entry, slot + FirstSlotCookie + 1, sink, now))
                return;
        }

        if (listing == node.Directory!.Listing)
            node.Directory.LastRead = (listing, node.Directory.ChangeSequence);
    }

    private bool Offer(Node directory, DirectoryListing listing, string name, RemoteEntry? entry, long nextCookie, IDirectorySink sink, long now)
    {
        if (directory.Directory!.TryGetChild(name, out var child))
            return OfferNode(child, name, nextCookie, sink, now);
        if (entry is null)
            return true;
        if (!sink.WantsEntries || directory.Directory.BusyNames.ContainsKey(name))
        {
            // A name that is being changed is shown, and what it stands for is told to who asks for it when that is over.
            var shown = new VfsAttributes { Inode = _table.InodeOf(directory, name, entry), Kind = entry.Kind, Mode = 0 };
            return sink.TryAdd(name, new VfsEntry { Attributes = shown }, nextCookie);
        }

        return OfferNode(_table.GetOrAddChild(directory, name, entry, listing.StartedAt), name, nextCookie, sink, now);
    }

    private bool OfferNode(Node node, string name, long nextCookie, IDirectorySink sink, long now)
    {
        if (!sink.TryAdd(name, _table.EntryOf(node, now), nextCookie))
        {
            _table.TryEvict(node);
            return false;
        }

        if (sink.WantsEntries)
            node.Lookups++;
        return true;
    }

    private VfsEntry Dot(Node node) => new() { Attributes = _table.AttributesOf(node) };
}
