using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.WriteBack;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs;

/// <content>
/// Removing files. One that is still open goes on working: what is staged or wholly cached is served from here; else the file gets a hidden name on
/// the server until its last handle is closed, and where the server does not let it be renamed its content is fetched first.
/// </content>
public sealed partial class VirtualFileSystem
{
    private const long SmallFile = 1 << 20;

    /// <inheritdoc/>
    public async ValueTask<VfsError> UnlinkAsync(NodeId parent, string name, CancellationToken cancellationToken)
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
            if (found.Node is null)
                return VfsError.NotFound;
            node = UseContent(found.Node);
            if (node.Kind == RemoteKind.Directory)
                return VfsError.IsADirectory;
            var taking = _locks.MoveAsync(node, cancellationToken);
            _uploader.CancelUpload(node);
            using var move = await taking.ConfigureAwait(false);
            await RemoveFileAsync(node).ConfigureAwait(false);
            lock (_table.Gate)
                _table.MarkDirectoryChanged(directory);
            await _journal.WrittenAsync(_journal.Sequence, CancellationToken.None).ConfigureAwait(false);
            return VfsError.None;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            error = FailedChange(e, "Unlinking", directory, name);
            if (error == VfsError.NotFound && node is not null)
            {
                // Somebody else has removed it: it vanishes here as well.
                lock (_table.Gate)
                    _table.Vanish(node);
            }

            return error;
        }
        finally
        {
            if (node is not null)
                await EndContentUseAsync(node).ConfigureAwait(false);
            lock (_table.Gate)
                _table.Unpin(directory);
        }
    }

    /// <summary>Takes a file's name away, on the server and here. The caller has its name and the node.</summary>
    private async ValueTask RemoveFileAsync(Node node)
    {
        if (node.File is { } pending)
            await _uploader.DeleteTemporaryAsync(pending).ConfigureAwait(false);
        await _uploader.DeletePartialAsync(node).ConfigureAwait(false);
        if (await SetAsideAsync(node).ConfigureAwait(false))
            return;
        RemotePath path;
        bool exists;
        lock (_table.Gate)
        {
            path = _table.PathOf(node);
            exists = node.Remote is not null;
        }

        if (exists)
            await _remote.DeleteFileAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        DetachFile(node, path);
    }

    /// <summary>
    /// Makes sure that a file which is about to lose its name can still be read by those who have it open.
    /// </summary>
    /// <returns>True when it has been renamed away and is detached; false when its name is still to be taken away.</returns>
    private async ValueTask<bool> SetAsideAsync(Node node)
    {
        StagingFile? staging;
        lock (_table.Gate)
        {
            if (node.OpenHandles == 0 || node.Remote is null)
                return false;
            staging = node.File?.Staging;
        }

        if (staging is not null)
        {
            await staging.FillAsync(_stopping.Token).ConfigureAwait(false);
            return false;
        }

        if (node.Remote is { Size: 0 })
            return false;
        if (IsSmallAndComplete(node))
        {
            await FetchToStagingAsync(node).ConfigureAwait(false);
            return false;
        }

        if (await RenameAsideAsync(node).ConfigureAwait(false))
            return true;
        await FetchToStagingAsync(node).ConfigureAwait(false);
        return false;
    }

    /// <summary>Whether all of it is cached and copying it costs less than the round trip of a rename.</summary>
    private bool IsSmallAndComplete(Node node)
    {
        lock (_table.Gate)
            return node.Remote is { Size: <= SmallFile } && node.File!.Handles.Any(h => h.Content is { IsComplete: true });
    }

    /// <summary>Gives the file a hidden name on the server; false when the server does not let it.</summary>
    private async ValueTask<bool> RenameAsideAsync(Node node)
    {
        var hidden = Uploader.TemporaryName("deleted");
        RemotePath from;
        RemotePath to;
        DirectoryState state;
        lock (_table.Gate)
        {
            from = _table.PathOf(node);
            to = from.Parent.Combine(hidden);
            state = node.Parent!.Directory!;
            state.Hidden[hidden] = node;
        }

        try
        {
            await _journal.WrittenAsync(_records.RemnantBegins(to, from), _stopping.Token).ConfigureAwait(false);
            await _remote.RenameAsync(from, to, replace: false, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        }
        catch (RemoteException e)
        {
            lock (_table.Gate)
                state.Hidden.Remove(hidden);
            if (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
                _records.RemnantEnds(to);
            if (e.Error is RemoteError.AccessDenied or RemoteError.Unsupported or RemoteError.InvalidName or RemoteError.NameTooLong)
                return false;
            throw;
        }

        lock (_table.Gate)
        {
            _uploader.NoteGone(node);
            _table.Detach(node);
            _incidents.NoteGone(from);
            node.Name = hidden;
            _content.Rename(from, to);
        }

        return true;
    }

    /// <summary>
    /// The file was set aside to be replaced, and it is not: it gets its name back. Where that fails as well it keeps the hidden name for good, which is
    /// then shown: nothing may delete it.
    /// </summary>
    private async ValueTask PutBackAsync(Node node, string name)
    {
        RemotePath from;
        lock (_table.Gate)
        {
            if (!node.Deleted || !node.Parent!.Directory!.Hidden.Remove(node.Name))
                return;
            from = _table.PathOf(node);
        }

        var to = from.Parent.Combine(name);
        try
        {
            await _remote.RenameAsync(from, to, replace: false, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
            lock (_table.Gate)
            {
                _table.Reattach(node, name);
                _content.Rename(from, to);
            }

            _records.RemnantEnds(from);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            // While the server cannot be reached, the journal goes on to know what it is: the next mount gives it its name back.
            if (e is not RemoteException { Error: RemoteError.Offline or RemoteError.TimedOut })
                _records.RemnantEnds(from);
            _logger.LogError(e, "'{Path}' could not get its name back and is now '{Hidden}'", to, from);
        }
    }

    /// <summary>Brings the whole content into a staging file, from where the open handles are served.</summary>
    private async ValueTask FetchToStagingAsync(Node node)
    {
        var staging = await EnsureStagingAsync(node, keepContent: true).ConfigureAwait(false);
        await staging.FillAsync(_stopping.Token).ConfigureAwait(false);
    }

    /// <summary>An unlinked file that lives under a hidden name comes here, so that its directory can go.</summary>
    private async ValueTask BringHomeAsync(Node node)
    {
        RemotePath path;
        bool isOpen;
        lock (_table.Gate)
        {
            NodeTable.Pin(node);
            node.ContentUsers++;
            path = _table.PathOf(node);
            isOpen = node.OpenHandles > 0;
        }

        try
        {
            if (isOpen)
                await FetchToStagingAsync(node).ConfigureAwait(false);
            try
            {
                await _remote.DeleteFileAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error == RemoteError.NotFound)
            {
                // Somebody else has removed it.
            }

            _records.RemnantEnds(path);

            lock (_table.Gate)
            {
                var state = node.Parent!.Directory!;
                state.Hidden.Remove(node.Name);
                state.Touch(node.Name, isPresent: false, null);
                node.Remote = null;
            }

            _content.Forget(path);
        }
        finally
        {
            await EndContentUseAsync(node).ConfigureAwait(false);
        }
    }

    private void DetachFile(Node node, RemotePath path)
    {
        lock (_table.Gate)
        {
            _uploader.NoteGone(node);
            _table.Detach(node);
            _incidents.NoteGone(path);
        }

        _content.Forget(path);
    }
}
