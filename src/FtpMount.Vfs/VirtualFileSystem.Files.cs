using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.WriteBack;

namespace FtpMount.Vfs;

/// <content>
/// Opening, making and closing files. An open validates against the server unless that was done within the attribute time-out
/// (close-to-open); what a close waits for is the mount's choice (<see cref="VfsOptions.Close"/>).
/// </content>
public sealed partial class VirtualFileSystem
{
    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsEntry>> CreateFileAsync(
        NodeId parent, string name, int mode, VfsCaller caller, CancellationToken cancellationToken)
    {
        var created = await CreateAsync(parent, name, mode, VfsOpenFlags.Write | VfsOpenFlags.Exclusive, caller, cancellationToken).ConfigureAwait(false);
        if (!created.IsSuccess)
            return created.Error;
        var error = await FlushAsync(created.Value.Open.Handle, CancellationToken.None).ConfigureAwait(false);
        await ReleaseAsync(created.Value.Open.Handle).ConfigureAwait(false);
        if (error == VfsError.None)
            return created.Value.Entry;
        Forget(created.Value.Entry.Node, 1);
        return error;
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsOpenReply>> OpenAsync(NodeId node, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken)
    {
        Node found;
        bool valid;
        lock (_table.Gate)
        {
            found = _table.Find(node)!;
            if (found is null)
                return VfsError.Stale;
            valid = found.Deleted || _table.IsValid(found, _clock.Now);
            NodeTable.Pin(found);
        }

        try
        {
            if (!valid)
            {
                var error = await RevalidateAsync(found, cancellationToken).ConfigureAwait(false);
                if (error != VfsError.None)
                    return error;
            }

            return await OpenNodeAsync(found, flags, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Opening", found);
        }
        finally
        {
            Unpin(found);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsCreateReply>> CreateAsync(
        NodeId parent, string name, int mode, VfsOpenFlags flags, VfsCaller caller, CancellationToken cancellationToken)
    {
        var error = BeginNewName(parent, name, (RemotePermissions)~0, out var directory);
        if (error != VfsError.None)
            return error;
        Node? node = null;
        try
        {
            VfsResult<VfsOpenReply> opened;
            using (await _locks.EnterNamesAsync(directory, name, null, null, cancellationToken).ConfigureAwait(false))
            {
                var found = await ResolveAsync(directory, name, ownsName: true, cancellationToken).ConfigureAwait(false);
                if (found.Error != VfsError.None)
                    return found.Error;
                node = found.Node;
                if (node is null)
                {
                    VfsResult<VfsCreateReply> created = VfsError.InputOutput;
                    await WithRoomAsync(null, async () => created = await CreateNewAsync(directory, name, mode, flags).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                    return created;
                }

                if ((flags & VfsOpenFlags.Exclusive) != 0)
                    return VfsError.AlreadyExists;
                opened = await OpenNodeAsync(node, flags, cancellationToken).ConfigureAwait(false);
            }

            if (!opened.IsSuccess)
                return opened.Error;
            lock (_table.Gate)
                return new VfsCreateReply(_table.LookedUp(node, _clock.Now), opened.Value);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Creating a file", directory);
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
    public async ValueTask<VfsError> FlushAsync(VfsHandle handle, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open))
            return VfsError.BadHandle;
        return open.CanWrite ? await CloseContentAsync(open.Node, cancellationToken).ConfigureAwait(false) : VfsError.None;
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(VfsHandle handle)
    {
        if (!_files.TryRemove(handle.Value, out var open))
            return;
        var node = open.Node;
        await CloseReaderAsync(open).ConfigureAwait(false);
        bool isUnsent;
        lock (_table.Gate)
        {
            node.File!.Closed(open);

            // Written through a memory map after the last close, or after a close whose upload failed in passing: the latter is tried again by itself.
            isUnsent = node is { Deleted: false, File: { IsDirty: true, Failures: 0 } } && open.CanWrite;
        }

        if (isUnsent)
            await CloseContentAsync(node, CancellationToken.None).ConfigureAwait(false);
        lock (_table.Gate)
            node.OpenHandles--;
        _uploader.Released(node);
        await _uploader.CloseStagingAsync(node).ConfigureAwait(false);
        await _unlinked.RemoveAsync(node).ConfigureAwait(false);
        lock (_table.Gate)
            _table.TryEvict(node);
    }

    /// <summary>What a close, and a change of a file that nobody has open, waits for.</summary>
    private async ValueTask<VfsError> CloseContentAsync(Node node, CancellationToken cancellationToken)
    {
        if (_options.Close == VfsCloseMode.Remote)
            return await UploadAsync(node, cancellationToken).ConfigureAwait(false);
        try
        {
            if (_options.Close == VfsCloseMode.Durable && node.File is { IsDirty: true })
                await _sealer.SealAsync(node, cancellationToken).ConfigureAwait(false);
            else if (node.File is { IsDirty: true } file)
                await IsJournaledAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _uploader.Closed(node);
            return Failed(e, "Closing", node);
        }

        return _uploader.Closed(node);
    }

    /// <summary>Returns when the journal has what was last noted of the file.</summary>
    private ValueTask IsJournaledAsync(FileState file, CancellationToken cancellationToken)
    {
        long sequence;
        lock (_table.Gate)
            sequence = file.JournalSequence;
        return _journal.WrittenAsync(sequence, cancellationToken);
    }

    private async ValueTask<VfsError> UploadAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            return await _uploader.FlushAsync(node, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
    }

    /// <summary>Opens a node that is valid and kept in the table by the caller.</summary>
    private async ValueTask<VfsResult<VfsOpenReply>> OpenNodeAsync(Node node, VfsOpenFlags flags, CancellationToken cancellationToken)
    {
        var error = CheckOpen(node, flags);
        if (error != VfsError.None)
            return error;
        VfsOpenReply reply;
        FileHandle handle;
        lock (_table.Gate)
        {
            var file = node.File ??= new FileState();
            handle = new FileHandle(NextHandle(), node, flags);
            node.OpenHandles++;
            file.Opened(handle);
            var version = node.Remote is { } remote ? EntryMerge.VersionOf(remote) : default;
            var keep = file.KernelVersion is { } held && (file.IsDirty || held.IsSameAs(version));
            file.KernelVersion = version;
            _files[handle.Id.Value] = handle;
            if (handle.CanRead && !handle.CanWrite)
                _reads.NoteOpen(node);
            reply = new VfsOpenReply(handle.Id, keep, (flags & VfsOpenFlags.Direct) != 0);
        }

        if ((flags & VfsOpenFlags.Truncate) == 0 || !handle.CanWrite)
            return reply;
        try
        {
            await TruncateAsync(node, cancellationToken).ConfigureAwait(false);
            return reply;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            await ReleaseAsync(handle.Id).ConfigureAwait(false);
            return Failed(e, "Truncating", node);
        }
    }

    private VfsError CheckOpen(Node node, VfsOpenFlags flags)
    {
        if (node.Kind != RemoteKind.File)
            return node.Kind switch
            {
                RemoteKind.Directory => VfsError.IsADirectory,
                RemoteKind.Symlink => VfsError.TooManyLinks,
                _ => VfsError.AccessDenied,
            };
        var writes = (flags & (VfsOpenFlags.Write | VfsOpenFlags.Truncate)) != 0;
        if (writes && IsReadOnly)
            return VfsError.ReadOnly;
        if (node.Remote is not { } remote)
            return VfsError.None;
        if (remote.Permissions is { } allowed)
        {
            if ((flags & VfsOpenFlags.Read) != 0 && (allowed & RemotePermissions.Read) == 0)
                return VfsError.AccessDenied;
            if (writes && (allowed & RemotePermissions.Write) == 0)
                return VfsError.AccessDenied;
        }

        // Without a length there is no telling where the content ends.
        return remote.Size is null && (flags & VfsOpenFlags.Truncate) == 0 ? VfsError.Unsupported : VfsError.None;
    }

    /// <summary>Makes a file that exists only here until it is uploaded. The caller has the name and knows that it is free.</summary>
    private async ValueTask<VfsResult<VfsCreateReply>> CreateNewAsync(Node directory, string name, int mode, VfsOpenFlags flags)
    {
        var staging = StagingFile.Create(_stagingDirectory, null, _budget);
        staging.MarkChanged();
        var error = VfsError.None;
        FileHandle? created = null;
        lock (_table.Gate)
        {
            if (directory.Deleted)
                error = VfsError.NotFound;
            else if (directory.Remote?.Permissions is { } allowed && (allowed & RemotePermissions.CreateFile) == 0)
                error = VfsError.AccessDenied;
            if (error == VfsError.None)
            {
                var node = _table.AddChild(directory, name, RemoteKind.File, null);
                node.LocalMode = mode;
                node.LocalModified = NodeTable.FullSeconds(_clock.UtcNow);
                var file = node.File = new FileState { Staging = staging, KernelVersion = default(FileVersion) };
                _table.MarkDirectoryChanged(directory);
                _uploader.NoteChanged(node);
                var handle = new FileHandle(NextHandle(), node, flags);
                file.Opened(handle);
                node.OpenHandles++;
                _files[handle.Id.Value] = handle;
                created = handle;
            }
        }

        if (created is not null)
        {
            try
            {
                await IsJournaledAsync(created.Node.File!, CancellationToken.None).ConfigureAwait(false);
            }
            catch (JournalException)
            {
                await UndoCreateAsync(created).ConfigureAwait(false);
                throw;
            }

            lock (_table.Gate)
            {
                return new VfsCreateReply(
                    _table.LookedUp(created.Node, _clock.Now), new VfsOpenReply(created.Id, KeepCache: false, (flags & VfsOpenFlags.Direct) != 0));
            }
        }

        staging.Discard();
        await staging.DisposeAsync().ConfigureAwait(false);
        return error;
    }

    private async ValueTask UndoCreateAsync(FileHandle created)
    {
        lock (_table.Gate)
        {
            _uploader.NoteGone(created.Node);
            _table.Detach(created.Node);
        }

        await ReleaseAsync(created.Id).ConfigureAwait(false);
    }

    private async ValueTask CloseReaderAsync(FileHandle handle)
    {
        List<(RemoteContent Content, ContentReader Reader)> leases;
        lock (_table.Gate)
        {
            leases = [.. handle.Superseded];
            handle.Superseded.Clear();
            if (handle is { Content: { } content, Reader: { } reader })
                leases.Add((content, reader));
            (handle.Content, handle.Reader) = (null, null);
        }

        foreach (var (content, reader) in leases)
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            content.Dispose();
        }
    }
}
