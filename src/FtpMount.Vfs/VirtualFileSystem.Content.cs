using System.Buffers;
using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>
/// Reading and writing open files. All handles of a file share its staging file from the first change on, so each sees at once what
/// another wrote; before that each reads the cached content.
/// </content>
public sealed partial class VirtualFileSystem
{
    /// <summary>One call copies no more, so that no call takes longer than a program waits.</summary>
    private const long LongestCopy = 16 << 20;

    /// <summary>A read that finds its file renamed or changed looks again; a file that changes all the time is given up.</summary>
    private const int ReadAttempts = 5;

    private const int CopyBuffer = 1 << 20;

    /// <summary>A smaller file costs no more round trips when its bytes are copied here.</summary>
    private const long SmallestServerCopy = 64 << 10;

    /// <summary>Bytes per second that any server's disk is expected to copy.</summary>
    private const double SlowestServerCopy = 20e6;

    /// <inheritdoc/>
    public ValueTask<VfsResult<int>> ReadAsync(VfsHandle handle, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open) || !open.CanRead)
            return new(VfsError.BadHandle);
        if (offset < 0)
            return new(VfsError.InvalidArgument);
        ValueTask<int> read;
        try
        {
            if (open.Node.File!.Staging is { } staging)
                read = staging.ReadAsync(offset, buffer, cancellationToken);
            else if (open is { Reader: { } reader, IsStale: false })
                read = reader.ReadAsync(offset, buffer, cancellationToken);
            else
                return ReadSlowlyAsync(open, default, false, offset, buffer, cancellationToken);
        }
        catch (IOException e)
        {
            return new(Failed(e, "Reading", open.Node));
        }

        return read.IsCompletedSuccessfully ? new(read.Result) : ReadSlowlyAsync(open, read, true, offset, buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<VfsResult<int>> WriteAsync(VfsHandle handle, long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open) || !open.CanWrite)
            return new(VfsError.BadHandle);
        if (offset < 0)
            return new(VfsError.InvalidArgument);
        if (offset > long.MaxValue - data.Length)
            return new(VfsError.FileTooLarge);
        if (open.IsSynchronous)
            return WriteSlowlyAsync(open, offset, data, cancellationToken);
        try
        {
            if (TryWrite(open, offset, data.Span))
            {
                var sequence = NoteWritten(open.Node);
                return _journal.IsWritten(sequence) ? new(data.Length) : WrittenAsync(open.Node, sequence, data.Length, cancellationToken);
            }
        }
        catch (IOException e) when (!LocalDisk.IsFull(e))
        {
            return new(Failed(e, "Writing", open.Node));
        }
        catch (IOException)
        {
            // Room may come.
        }

        return WriteSlowlyAsync(open, offset, data, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<long>> CopyRangeAsync(
        VfsHandle source, long sourceOffset, VfsHandle target, long targetOffset, long length, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(source.Value, out var from) || !_files.TryGetValue(target.Value, out var to) || !from.CanRead || !to.CanWrite || to.IsAppending)
            return VfsError.BadHandle;
        if (sourceOffset < 0 || targetOffset < 0 || length < 0)
            return VfsError.InvalidArgument;
        if (from.Node == to.Node && sourceOffset < targetOffset + length && targetOffset < sourceOffset + length)
            return VfsError.InvalidArgument;
        if (sourceOffset == 0 && targetOffset == 0 && await TryCopyOnServerAsync(from, to, length, cancellationToken).ConfigureAwait(false) is { } whole)
            return whole;
        length = Math.Min(length, LongestCopy);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, CopyBuffer));
        var copied = 0L;
        try
        {
            while (copied < length)
            {
                var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - copied));
                var read = await ReadAsync(source, sourceOffset + copied, part, cancellationToken).ConfigureAwait(false);
                if (!read.IsSuccess)
                    return copied > 0 ? copied : read.Error;
                if (read.Value == 0)
                    break;
                var written = await WriteAsync(target, targetOffset + copied, part[..read.Value], cancellationToken).ConfigureAwait(false);
                if (!written.IsSuccess)
                    return copied > 0 ? copied : written.Error;
                copied += read.Value;
            }

            return copied;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public ValueTask<VfsResult<long>> SeekAsync(VfsHandle handle, long offset, VfsSeekKind kind, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open))
            return new(VfsError.BadHandle);
        long length;
        lock (_table.Gate)
            length = NodeTable.SizeOf(open.Node);
        if (open.Node.File!.Staging is { } staging)
        {
            var found = offset < 0 ? -1 : kind == VfsSeekKind.Data ? staging.SeekData(offset) : staging.SeekHole(offset);
            return new(found < 0 ? VfsError.NoSuchOffset : found);
        }

        // What the server has is all data as far as anyone can tell, with the hole that every file has at its end.
        if (offset < 0 || offset >= length)
            return new(VfsError.NoSuchOffset);
        return new(kind == VfsSeekKind.Data ? offset : length);
    }

    /// <inheritdoc/>
    public async ValueTask<VfsError> AllocateAsync(VfsHandle handle, long offset, long length, bool keepSize, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open) || !open.CanWrite)
            return VfsError.BadHandle;
        if (offset < 0 || length <= 0)
            return VfsError.InvalidArgument;
        if (offset > long.MaxValue - length)
            return VfsError.FileTooLarge;
        try
        {
            await ChangeContentAsync(
                open.Node,
                staging =>
                {
                    staging.Allocate(offset, length, keepSize);
                    return ValueTask.CompletedTask;
                },
                cancellationToken).ConfigureAwait(false);
            return VfsError.None;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Allocating", open.Node);
        }
    }

    /// <summary>
    /// A whole file over an empty one, where the server copies by itself: neither file has to travel. The bytes are copied here when the source has changes of its own, when it
    /// is no longer the version that the program opened, and when it is so long that the server might be silent for longer than a call may take.
    /// </summary>
    /// <returns>The number of bytes; null when it was not done.</returns>
    private async ValueTask<VfsResult<long>?> TryCopyOnServerAsync(FileHandle from, FileHandle to, long length, CancellationToken cancellationToken)
    {
        Node source = from.Node;
        Node target = to.Node;
        FileVersion version;
        lock (_table.Gate)
        {
            if ((_remote.Capabilities & RemoteCapabilities.Copy) == 0 || source == target || source.Deleted || source.IsLocal || target.Deleted)
                return null;
            if (source.Remote is not { Size: { } size } remote || size < SmallestServerCopy || size > length || size > _options.Timeout.TotalSeconds * SlowestServerCopy)
                return null;
            version = EntryMerge.VersionOf(remote);
            if (from.IsStale || (from.Content is { } content && !content.Version.IsSameAs(version)) || target.File?.Staging is not { Length: 0 })
                return null;
            NodeTable.Pin(source);
            NodeTable.Pin(target);
        }

        try
        {
            return await _uploader.TryCopyAsync(source, version, target, cancellationToken).ConfigureAwait(false) ? version.Size : null;
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
        finally
        {
            lock (_table.Gate)
            {
                _table.Unpin(source);
                _table.Unpin(target);
            }
        }
    }

    private async ValueTask<VfsResult<int>> ReadSlowlyAsync(
        FileHandle open, ValueTask<int> started, bool isStarted, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (isStarted)
                    return await started.ConfigureAwait(false);
                if (open.Node.File!.Staging is { } staging)
                    return await staging.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
                await IsAdoptedAsync(open.Node).ConfigureAwait(false);
                var reader = TakeReader(open);
                return reader is null ? VfsError.Stale : await reader.ReadAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (attempt < ReadAttempts && e.Error is RemoteError.NotFound or RemoteError.Changed)
            {
                // It was renamed here a moment ago, or changed on the server: look what it is now.
                isStarted = false;
                var error = await LookAgainAsync(open, cancellationToken).ConfigureAwait(false);
                if (error != VfsError.None)
                    return error;
            }
            catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
            {
                var error = Failed(e, "Reading", open.Node);
                return error == VfsError.NotFound ? VfsError.Stale : error;
            }
        }
    }

    private async ValueTask<VfsError> LookAgainAsync(FileHandle open, CancellationToken cancellationToken)
    {
        lock (_table.Gate)
        {
            open.IsStale = true;
            if (open.Node.Deleted)
                return VfsError.None;
            if (!open.Node.IsLocal)
                open.Node.ValidUntil = 0;
            _table.DropListing(open.Node.Parent!);
        }

        try
        {
            var error = await RevalidateAsync(open.Node, cancellationToken).ConfigureAwait(false);
            return error == VfsError.NotFound ? VfsError.Stale : error;
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
    }

    /// <summary>The handle's reader on the present content; null when there is none.</summary>
    private ContentReader? TakeReader(FileHandle open)
    {
        lock (_table.Gate)
        {
            if (open is { IsStale: true, Content: { } content, Reader: { } reader })
            {
                open.Superseded.Add((content, reader));
                (open.Content, open.Reader) = (null, null);
            }

            open.IsStale = false;
            if (open.Reader is null && open.Node.Remote is { } remote)
            {
                open.Content = _content.Open(_table.PathOf(open.Node), EntryMerge.VersionOf(remote));
                open.Reader = open.Content.CreateReader();
            }

            return open.Reader;
        }
    }

    /// <summary>Writes into a staging file that is there and whose writers are not held up.</summary>
    /// <exception cref="IOException">The local disk failed or is full.</exception>
    private static bool TryWrite(FileHandle open, long offset, ReadOnlySpan<byte> data)
    {
        var file = open.Node.File!;
        lock (file.WriteGate)
        {
            if (file.Staging is not { } staging || file.WritersHeld is not null)
                return false;
            staging.Write(open.IsAppending ? staging.Length : offset, data);
            return true;
        }
    }

    /// <summary>The answer to a write whose record is still on its way to the journal.</summary>
    private async ValueTask<VfsResult<int>> WrittenAsync(Node node, long sequence, int count, CancellationToken cancellationToken)
    {
        try
        {
            await WithRoomAsync(node, () => _journal.WrittenAsync(sequence, cancellationToken), cancellationToken).ConfigureAwait(false);
            return count;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Writing", node);
        }
    }

    private async ValueTask<VfsResult<int>> WriteSlowlyAsync(FileHandle open, long offset, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            if (data.IsEmpty)
                return 0;
            await WithRoomAsync(
                open.Node,
                async () =>
                {
                    do
                    {
                        await EnsureStagingAsync(open.Node, keepContent: true).ConfigureAwait(false);
                        await WritersMayGoOnAsync(open.Node, cancellationToken).ConfigureAwait(false);
                    }
                    while (!TryWrite(open, offset, data.Span));
                },
                cancellationToken).ConfigureAwait(false);
            await IsNotedAsync(open.Node, cancellationToken).ConfigureAwait(false);
            if (!open.IsSynchronous)
                return data.Length;
            var error = await SyncContentAsync(open.Node, cancellationToken).ConfigureAwait(false);
            return error == VfsError.None ? data.Length : error;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Writing", open.Node);
        }
    }

    /// <summary>The file's content was changed: its time is now, and it is on the list of what must be uploaded.</summary>
    /// <returns>What the journal must have before the reply.</returns>
    private long NoteWritten(Node node)
    {
        lock (_table.Gate)
        {
            // An upload that was just reading may have taken the change along already.
            if (!node.File!.IsDirty)
                return 0;
            node.LocalModified = NodeTable.FullSeconds(_clock.UtcNow);
            TakePrivilegesAway(node);
            _uploader.NoteChanged(node);
            _uploader.NoteWritten(node);
            return node.Deleted ? 0 : node.File.JournalSequence;
        }
    }

    /// <summary>
    /// Whoever changes a file takes its set-user-ID and set-group-ID bits away. The kernel leaves that to the file system, and asks for no attribute with every write in return
    /// (FUSE_HANDLE_KILLPRIV_V2). Called under the gate.
    /// </summary>
    private void TakePrivilegesAway(Node node)
    {
        if ((node.LocalMode ?? node.Remote?.Mode) is not { } bits || NodeTable.WithoutPrivileges(bits) is var less && less == bits)
            return;
        node.LocalMode = less;
        node.AttributeSequence++;
        _table.Observer?.InvalidateNode(node.Id, -1, 0);
    }

    private static Task WritersMayGoOnAsync(Node node, CancellationToken cancellationToken)
    {
        var file = node.File!;
        lock (file.WriteGate)
            return file.WritersHeld is { } held ? held.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    private async ValueTask<VfsError> SetLengthAsync(Node node, VfsHandle handle, long length, CancellationToken cancellationToken)
    {
        if (_files.TryGetValue(handle.Value, out var open) && open.Node == node && !open.CanWrite)
            return VfsError.BadHandle;
        bool same;
        lock (_table.Gate)
        {
            if (node.Remote is { Permissions: { } allowed } && (allowed & RemotePermissions.Write) == 0)
                return VfsError.AccessDenied;
            node.File ??= new FileState();
            same = node.File.Staging is null && node.Remote?.Size == length && open is null;
        }

        if (same)
            return VfsError.None;
        if (length == 0)
            await TruncateAsync(node, cancellationToken).ConfigureAwait(false);
        else
            await ChangeContentAsync(node, staging => staging.SetLengthAsync(length, cancellationToken), cancellationToken).ConfigureAwait(false);
        return VfsError.None;
    }

    private ValueTask TruncateAsync(Node node, CancellationToken cancellationToken) =>
        ChangeContentAsync(
            node,
            async staging =>
            {
                await staging.SetLengthAsync(0, cancellationToken).ConfigureAwait(false);
                staging.MarkChanged();
            },
            cancellationToken,
            keepContent: false);

    private async ValueTask ChangeContentAsync(
        Node node, Func<StagingFile, ValueTask> change, CancellationToken cancellationToken, bool keepContent = true)
    {
        await WithRoomAsync(
            node,
            async () =>
            {
                StagingFile staging;
                do
                {
                    await WritersMayGoOnAsync(node, cancellationToken).ConfigureAwait(false);
                    staging = await EnsureStagingAsync(node, keepContent).ConfigureAwait(false);
                    await change(staging).ConfigureAwait(false);
                }
                while (node.File!.Staging != staging);
            },
            cancellationToken).ConfigureAwait(false);
        await IsNotedAsync(node, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What was just uploaded is being handed to the cache: whoever opens it next finds it there.</summary>
    private Task IsAdoptedAsync(Node node)
    {
        lock (_table.Gate)
            return node.File!.Adopting?.Task ?? Task.CompletedTask;
    }

    /// <summary>The node's staging file, made when there is none: over the content that the server has, or empty.</summary>
    private async ValueTask<StagingFile> EnsureStagingAsync(Node node, bool keepContent)
    {
        var file = node.File!;
        while (true)
        {
            await IsAdoptedAsync(node).ConfigureAwait(false);
            RemotePath path;
            FileVersion? version;
            lock (_table.Gate)
            {
                if (file.Staging is { } present)
                    return present;
                path = _table.PathOf(node);
                version = keepContent && node.Remote is { Size: > 0 } remote ? EntryMerge.VersionOf(remote) : null;
            }

            var made = StagingFile.Create(_stagingDirectory, version is { } known ? _content.Open(path, known) : null, _budget);
            lock (_table.Gate)
            {
                lock (file.WriteGate)
                {
                    var still = keepContent && node.Remote is { Size: > 0 } remote ? EntryMerge.VersionOf(remote) : (FileVersion?)null;
                    if (file is { Staging: null, Adopting: null } && version == still && path == _table.PathOf(node))
                    {
                        file.Staging = made;
                        file.UploadedChangeCount = -1;
                        return made;
                    }
                }
            }

            made.Discard();
            await made.DisposeAsync().ConfigureAwait(false);
        }
    }
}
