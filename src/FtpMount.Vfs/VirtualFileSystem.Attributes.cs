using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs;

/// <content>Attributes: shown as the server keeps them, changed on the server or, for a file that is still to be uploaded, along with its upload.</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>A time this near to the present is what the upload will set anyway, even on a server that cannot be told a time.</summary>
    private static readonly TimeSpan Present = TimeSpan.FromSeconds(2);

    private Task<VfsError>? _rootFetch;
    private Task _askingAhead = Task.CompletedTask;

    /// <summary>Whether the server refused to set the time of a directory.</summary>
    private volatile bool _keepsDirectoryTimes;

    /// <inheritdoc/>
    public ValueTask<VfsResult<VfsAttributeReply>> GetAttributesAsync(NodeId node, VfsHandle handle, CancellationToken cancellationToken)
    {
        Node found;
        lock (_table.Gate)
        {
            found = (_table.Find(node) ?? HandleNode(handle))!;
            if (found is null)
                return new(VfsError.Stale);
            if (found.Deleted || _table.IsValid(found, _clock.Now))
            {
                _hits++;
                return new(Reply(found));
            }

            NodeTable.Pin(found);
        }

        return RevalidateAttributesAsync(found, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsAttributeReply>> SetAttributesAsync(
        NodeId node, VfsHandle handle, VfsAttributeChange change, VfsCaller caller, CancellationToken cancellationToken)
    {
        if (IsReadOnly)
            return VfsError.ReadOnly;
        Node found;
        lock (_table.Gate)
        {
            found = (_table.Find(node) ?? HandleNode(handle))!;
            if (found is null)
                return VfsError.Stale;
            NodeTable.Pin(found);
            found.ContentUsers++;
        }

        try
        {
            var error = await ChangeAttributesAsync(found, handle, change, cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
            lock (_table.Gate)
                return Reply(found);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Changing attributes", found).AsPermission();
        }
        finally
        {
            await EndContentUseAsync(found).ConfigureAwait(false);
        }
    }

    private Node? HandleNode(VfsHandle handle) => _files.TryGetValue(handle.Value, out var open) ? open.Node : null;

    private VfsAttributeReply Reply(Node node) =>
        new(_table.AttributesOf(node), node.Deleted ? TimeSpan.Zero : _table.Validity(node, _clock.Now));

    private async ValueTask<VfsResult<VfsAttributeReply>> RevalidateAttributesAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            var error = await RevalidateAsync(node, cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
            lock (_table.Gate)
                return Reply(node);
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(node);
        }
    }

    /// <summary>Asks the server what the node is now. <see cref="VfsError.Stale"/> when its name is gone or stands for something else.</summary>
    private async ValueTask<VfsError> RevalidateAsync(Node node, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaximumAttempts; attempt++)
        {
            Node directory;
            string name;
            Task<VfsError>? root = null;
            lock (_table.Gate)
            {
                if (node.Deleted)
                    return node.OpenHandles > 0 ? VfsError.None : VfsError.Stale;
                directory = node.Parent!;
                name = node.Name;
                if (node.IsRoot)
                {
                    _misses++;
                    root = _rootFetch ??= Task.Run(FetchRootAsync, CancellationToken.None);
                }
            }

            if (root is not null)
                return await root.WaitAsync(cancellationToken).ConfigureAwait(false);
            var found = await ResolveAsync(directory, name, ownsName: false, cancellationToken).ConfigureAwait(false);
            if (found.Error != VfsError.None)
                return found.Error;
            lock (_table.Gate)
            {
                if (found.Node is not null)
                    _table.Unpin(found.Node);
                if (found.Node == node || (node.Deleted && node.OpenHandles > 0))
                    return VfsError.None;
                if (node.Deleted || (node.Parent == directory && node.Name == name))
                    return VfsError.Stale;
            }

            // It was renamed here while the server was asked for its old name.
        }

        return VfsError.Busy;
    }

    /// <summary>
    /// Begins to ask the server for what a program asks first of nearly every mount, the top directory and its names, while it is being mounted. Waits for nothing; a program that asks for
    /// the same joins. Not with <see cref="VfsOptions.Prefetch"/> off.
    /// </summary>
    public void AskAhead()
    {
        if (_options.Prefetch)
            _askingAhead = Task.Run(AskAheadAsync, CancellationToken.None);
    }

    private async Task AskAheadAsync()
    {
        Task<VfsError> root;
        lock (_table.Gate)
            root = _rootFetch ??= Task.Run(FetchRootAsync, CancellationToken.None);
        if (await root.ConfigureAwait(false) != VfsError.None)
            return;
        Task names;
        lock (_table.Gate)
            names = _revalidator.List(_table.Root, Lane.Prefetch);
        await names.ConfigureAwait(false);
    }

    private async Task<VfsError> FetchRootAsync()
    {
        var error = await _revalidator.RevalidateRootAsync(_stopping.Token).ConfigureAwait(false);
        lock (_table.Gate)
        {
            _rootFetch = null;
            return IsDownBy(error) ? VfsError.None : error;
        }
    }

    private async ValueTask<VfsError> ChangeAttributesAsync(Node node, VfsHandle handle, VfsAttributeChange change, CancellationToken cancellationToken)
    {
        int? mode;
        DateTime? modified;
        (uint? User, uint? Group) owner;
        bool local;
        lock (_table.Gate)
        {
            var shown = _table.AttributesOf(node);
            local = node.IsLocal || node.Deleted || change.Size is not null;
            mode = change.Mode is { } bits && (bits & ~(_options.Umask ?? 0)) != shown.Mode ? bits : null;
            modified = change.Modified is { } time && NodeTable.FullSeconds(time) != NodeTable.FullSeconds(shown.Modified)
                ? NodeTable.FullSeconds(time)
                : null;
            if (modified is null && change.Modified is not null && local)
                modified = NodeTable.FullSeconds(change.Modified.Value);
            owner = NewOwner(change, shown);
            var error = CheckChange(node, change, shown, mode, modified, local);
            if (error != VfsError.None)
                return error;
        }

        if (change.Size is { } size)
        {
            var error = await SetLengthAsync(node, handle, size, cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
        }

        // Before the mode, because it takes the set-user-ID bits away.
        if (owner is not (null, null))
        {
            var error = await SendOwnerAsync(node, owner, cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
        }

        bool remembered;
        var sequence = 0L;
        lock (_table.Gate)
        {
            if (change.Accessed is { } accessed)
                node.LocalAccessed = accessed;
            remembered = node.IsLocal || node.Deleted;
            if (remembered && (mode is not null || modified is not null))
            {
                node.LocalMode = mode ?? node.LocalMode;
                node.LocalModified = modified ?? node.LocalModified;
                node.AttributeSequence++;
                _records.AttributesChanged(node, modified is not null);
                sequence = node.File?.JournalSequence ?? 0;
            }
        }

        await _journal.WrittenAsync(sequence, cancellationToken).ConfigureAwait(false);

        if (!remembered && node.Kind == RemoteKind.Directory && modified is { } directoryTime)
            await SendDirectoryAttributesAsync(node, mode, directoryTime, cancellationToken).ConfigureAwait(false);
        else if (!remembered && (mode is not null || modified is not null))
            await SendAttributesAsync(node, mode, modified, cancellationToken).ConfigureAwait(false);

        // truncate(2): there is no close to come that would upload it. The kernel releases a closed handle some time after the close has returned, so that a handle which
        // can write proves nothing to a program that was promised to find the new length on the server.
        if (change.Size is not null && (!IsOpenForWriting(node) || (handle.IsNone && _options.Close == VfsCloseMode.Remote)))
            return await CloseContentAsync(node, cancellationToken).ConfigureAwait(false);
        return VfsError.None;
    }

    /// <summary>Whether all of the change can be done, so that none of it is done when not. Called under the gate.</summary>
    private VfsError CheckChange(Node node, in VfsAttributeChange change, in VfsAttributes shown, int? mode, DateTime? modified, bool local)
    {
        if (NewOwner(change, shown) is not (null, null) && (!_options.OwnersFromServer || node.Deleted || (_remote.Capabilities & RemoteCapabilities.SetOwner) == 0))
            return VfsError.NotPermitted;
        if (change.Size is { } size)
        {
            if (node.Kind != RemoteKind.File)
                return node.Kind == RemoteKind.Directory ? VfsError.IsADirectory : VfsError.InvalidArgument;
            if (size < 0)
                return VfsError.InvalidArgument;
        }

        var capabilities = _remote.Capabilities;
        if (mode is not null && !node.Deleted && (node.Kind == RemoteKind.Symlink || (capabilities & RemoteCapabilities.SetMode) == 0))
            return VfsError.NotPermitted;
        if (modified is not { } time || node.Deleted)
            return VfsError.None;
        if (node.Kind == RemoteKind.Symlink)
            return (capabilities & RemoteCapabilities.SetLinkModified) == 0 ? VfsError.NotPermitted : VfsError.None;
        if (node.Kind == RemoteKind.Directory || (local && (time - _clock.UtcNow).Duration() <= Present))
            return VfsError.None;
        return (capabilities & RemoteCapabilities.SetModified) == 0 ? VfsError.NotPermitted : VfsError.None;
    }

    /// <summary>
    /// Most FTP servers set the time of files only. A directory's time changes with every name made in it anyway, and programs that restore a tree (tar, cp -a, rsync)
    /// fail where it is refused: the time is then kept here (<see cref="Node.KeptModified"/>).
    /// </summary>
    private async ValueTask SendDirectoryAttributesAsync(Node node, int? mode, DateTime modified, CancellationToken cancellationToken)
    {
        if (mode is not null)
            await SendAttributesAsync(node, mode, modified: null, cancellationToken).ConfigureAwait(false);
        var refused = _keepsDirectoryTimes || (_remote.Capabilities & RemoteCapabilities.SetModified) == 0;
        if (!refused)
        {
            try
            {
                await SendAttributesAsync(node, mode: null, modified, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.InnerException is RemoteException { Error: RemoteError.Unsupported })
            {
                refused = true;
                if (!_keepsDirectoryTimes)
                    _logger.LogInformation("The server does not set the times of directories ({Reply}); they are kept in this mount only.", e.ServerReply);
                _keepsDirectoryTimes = true;
            }
        }

        lock (_table.Gate)
        {
            node.KeptModified = refused ? modified : null;
            if (refused)
                node.LocalModified = null;
        }
    }

    /// <summary>Owner and group where they are to become others than they are.</summary>
    private static (uint? User, uint? Group) NewOwner(in VfsAttributeChange change, in VfsAttributes shown) =>
        (change.UserId is { } user && user != shown.UserId ? user : null, change.GroupId is { } group && group != shown.GroupId ? group : null);

    /// <summary>Sets the owner on the server; a file that is not there yet is uploaded first.</summary>
    private async ValueTask<VfsError> SendOwnerAsync(Node node, (uint? User, uint? Group) owner, CancellationToken cancellationToken)
    {
        var error = await _uploader.FlushAsync(node, cancellationToken).ConfigureAwait(false);
        if (error != VfsError.None)
            return error;
        using var use = await _locks.UsePathAsync(node, cancellationToken).ConfigureAwait(false);
        RemotePath path;
        lock (_table.Gate)
        {
            if (node.Deleted || node.Remote is null)
                return VfsError.NotPermitted;
            path = _table.PathOf(node);
        }

        try
        {
            await _remote
                .SetAttributesAsync(path, new RemoteAttributeChange { UserId = owner.User, GroupId = owner.Group }, Lane.Interactive, _stopping.Token)
                .ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied)
        {
            throw new RemoteException(RemoteError.Unsupported, e.Message, e) { Path = e.Path, ServerReply = e.ServerReply };
        }

        lock (_table.Gate)
        {
            if (node.Remote is not { } known)
                return VfsError.None;
            var validUntil = node.ValidUntil;
            _table.Publish(node, known with
            {
                UserId = owner.User ?? known.UserId,
                GroupId = owner.Group ?? known.GroupId,
                Mode = known.Mode is { } bits && node.Kind == RemoteKind.File ? NodeTable.WithoutPrivileges(bits) : known.Mode,
            });
            node.ValidUntil = validUntil;
        }

        return VfsError.None;
    }

    private async ValueTask SendAttributesAsync(Node node, int? mode, DateTime? modified, CancellationToken cancellationToken)
    {
        var change = new RemoteAttributeChange
        {
            Mode = mode,
            Modified = modified is { } time ? new DateTimeOffset(time, TimeSpan.Zero) : null,
        };
        using var use = await _locks.UsePathAsync(node, cancellationToken).ConfigureAwait(false);
        RemotePath path;
        lock (_table.Gate)
            path = _table.PathOf(node);
        try
        {
            await _remote.SetAttributesAsync(path, change, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied)
        {
            throw new RemoteException(RemoteError.Unsupported, e.Message, e) { Path = e.Path, ServerReply = e.ServerReply };
        }

        lock (_table.Gate)
        {
            if (node.Remote is not { } known)
                return;
            var before = EntryMerge.VersionOf(known);
            var after = known with
            {
                Mode = mode is not null && known.Mode is not null ? mode : known.Mode,
                Modified = change.Modified is { } set ? new RemoteTime(set, TimeSpan.FromSeconds(1)) : known.Modified,
            };
            if (mode is not null && known.Mode is null)
                node.LocalMode = mode;
            node.LocalModified = null;
            var validUntil = node.ValidUntil;
            _table.Publish(node, after);
            node.ValidUntil = validUntil;
            var version = EntryMerge.VersionOf(after);
            if (node.File is { KernelVersion: { } kernel } file && kernel.IsSameAs(before))
                file.KernelVersion = version;
        }
    }

    private bool IsOpenForWriting(Node node)
    {
        lock (_table.Gate)
            return node.File is { } file && file.IsOpenForWriting;
    }

    /// <summary>A pinned node's staging file is needed by an operation that may not have it open.</summary>
    private Node UseContent(Node node)
    {
        lock (_table.Gate)
            node.ContentUsers++;
        return node;
    }

    /// <summary>Gives the use of the content and the pin back, and closes what only they kept open; what was closed meanwhile and has no name any more goes.</summary>
    private async ValueTask EndContentUseAsync(Node node)
    {
        lock (_table.Gate)
        {
            node.ContentUsers--;
            _table.Unpin(node);
        }

        await _uploader.CloseStagingAsync(node).ConfigureAwait(false);
        await _unlinked.RemoveAsync(node).ConfigureAwait(false);
    }
}
