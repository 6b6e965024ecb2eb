using FtpMount.Remote;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.WriteBack;

namespace FtpMount.Vfs;

/// <content>Renaming by POSIX rename(2): of files that are open, being uploaded or not there yet, over what exists, and of directories.</content>
public sealed partial class VirtualFileSystem
{
    /// <inheritdoc/>
    public async ValueTask<VfsError> RenameAsync(
        NodeId parent, string name, NodeId newParent, string newName, VfsRenameFlags flags, CancellationToken cancellationToken)
    {
        // RENAME_EXCHANGE needs both names to change in one step, which no server of these protocols can do.
        if ((flags & ~VfsRenameFlags.NoReplace) != 0)
            return IsReadOnly ? VfsError.ReadOnly : VfsError.InvalidArgument;
        var error = BeginChange(parent, name, out var from);
        if (error != VfsError.None)
            return error;
        error = BeginNewName(newParent, newName, (RemotePermissions)~0, out var to);
        if (error != VfsError.None)
        {
            Unpin(from);
            return error;
        }

        Node? source = null;
        Node? target = null;
        var isDirectory = false;
        try
        {
            // Two directories on their way into each other would wait for each other: one at a time.
            var kind = await KindOfAsync(from, name, cancellationToken).ConfigureAwait(false);
            if (!kind.IsSuccess)
                return kind.Error;
            if (kind.Value == RemoteKind.Directory)
            {
                await _directoryRenames.WaitAsync(cancellationToken).ConfigureAwait(false);
                isDirectory = true;
            }

            using var names = await _locks.EnterNamesAsync(from, name, to, newName, cancellationToken).ConfigureAwait(false);
            var resolved = await ResolveAsync(from, name, ownsName: true, cancellationToken).ConfigureAwait(false);
            if (resolved.Error != VfsError.None)
                return resolved.Error;
            if (resolved.Node is null)
                return VfsError.NotFound;
            source = UseContent(resolved.Node);
            if (source.Kind == RemoteKind.Directory && !isDirectory)
                return VfsError.Busy;
            resolved = await ResolveAsync(to, newName, ownsName: true, cancellationToken).ConfigureAwait(false);
            if (resolved.Error != VfsError.None)
                return resolved.Error;
            target = resolved.Node is null ? null : UseContent(resolved.Node);
            error = CheckRename(source, to, target, flags);
            if (error != VfsError.None || source == target)
                return error;
            return await MoveAsync(source, to, newName, target, flags, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            FailedChange(e, "Renaming", to, newName);
            return FailedChange(e, "Renaming", from, name);
        }
        finally
        {
            if (isDirectory)
                _directoryRenames.Release();
            if (source is not null)
                await EndContentUseAsync(source).ConfigureAwait(false);
            if (target is not null)
                await EndContentUseAsync(target).ConfigureAwait(false);
            Unpin(from);
            Unpin(to);
        }
    }

    private void Unpin(Node node)
    {
        lock (_table.Gate)
            _table.Unpin(node);
    }

    private async ValueTask<VfsResult<RemoteKind>> KindOfAsync(Node directory, string name, CancellationToken cancellationToken)
    {
        var found = await ResolveAsync(directory, name, ownsName: false, cancellationToken).ConfigureAwait(false);
        if (found.Error != VfsError.None)
            return found.Error;
        if (found.Node is not { } node)
            return VfsError.NotFound;
        Unpin(node);
        return node.Kind;
    }

    private VfsError CheckRename(Node source, Node to, Node? target, VfsRenameFlags flags)
    {
        lock (_table.Gate)
        {
            if (to == source || IsBelow(to, source))
                return VfsError.InvalidArgument;
            if (target is null)
                return to.Deleted ? VfsError.NotFound : VfsError.None;
            if ((flags & VfsRenameFlags.NoReplace) != 0)
                return VfsError.AlreadyExists;
            if (target == source)
                return VfsError.None;
            if (source.Kind == RemoteKind.Directory && target.Kind != RemoteKind.Directory)
                return VfsError.NotADirectory;
            if (source.Kind != RemoteKind.Directory && target.Kind == RemoteKind.Directory)
                return VfsError.IsADirectory;
            if (target.Kind == RemoteKind.Directory && (IsBelow(source, target) || target.Directory!.Children.Any(c => c.Value.IsLocal)))
                return VfsError.NotEmpty;
            return VfsError.None;
        }
    }

    /// <summary>The rename itself. The caller has both names.</summary>
    private async ValueTask<VfsError> MoveAsync(
        Node source, Node to, string newName, Node? target, VfsRenameFlags flags, CancellationToken cancellationToken)
    {
        var moving = _locks.MoveAsync(source, cancellationToken);

        // What is not there yet is sent under its new name only.
        if (source.Remote is null)
            _uploader.CancelUpload(source);
        using var move = await moving.ConfigureAwait(false);
        var replacing = target is null ? default : _locks.MoveAsync(target, cancellationToken);
        if (target is not null)
            _uploader.CancelUpload(target);
        using var replaced = target is null ? null : await replacing.ConfigureAwait(false);

        // Something may have been made in the target directory before it was taken.
        var error = CheckRename(source, to, target, flags);
        if (error != VfsError.None)
            return error;
        await _uploader.DeletePartialAsync(source).ConfigureAwait(false);
        RemotePath oldPath;
        RemotePath newPath;
        bool exists;
        lock (_table.Gate)
        {
            oldPath = _table.PathOf(source);
            newPath = _table.PathOf(to).Combine(newName);
            exists = source.Remote is not null;
        }

        JournaledRename? begun = null;
        if (exists && (target is not null || IsToBeUploaded(source)))
        {
            // Whoever takes up the journal asks the server whether it was done.
            lock (_table.Gate)
                begun = _records.RenameBegins(oldPath, newPath);
            await _journal.WrittenAsync(_journal.Sequence, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var inherited = target is { Kind: not RemoteKind.Directory } ? await MakeWayAsync(target, newPath, exists).ConfigureAwait(false) : null;
            if (exists)
                await MoveOnServerAsync(oldPath, newPath, newName, target, flags).ConfigureAwait(false);
            NoteMoved(source, to, oldPath, newPath, target, inherited, begun);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            // Of one whose answer was lost, or not waited for, it is not known whether it was done: the journal goes on to ask.
            if (begun is not null && e is not (OperationCanceledException or RemoteException { Error: RemoteError.Offline or RemoteError.TimedOut }))
                _records.RenameFailed(begun);
            throw;
        }

        await _journal.WrittenAsync(_journal.Sequence, CancellationToken.None).ConfigureAwait(false);
        return VfsError.None;
    }

    private bool IsToBeUploaded(Node source)
    {
        lock (_table.Gate)
            return _uploader.HasChanged(source);
    }

    /// <summary>Prepares a file for losing its name to another; whoever has it open goes on reading it. What the new file inherits of it on the server is returned.</summary>
    private async ValueTask<RemoteEntry?> MakeWayAsync(Node target, RemotePath path, bool isReplacedOnServer)
    {
        if (target.File is { } pending)
            await _uploader.DeleteTemporaryAsync(pending).ConfigureAwait(false);
        await _uploader.DeletePartialAsync(target).ConfigureAwait(false);
        var vacated = await SetAsideAsync(target).ConfigureAwait(false);
        return isReplacedOnServer || vacated ? null : await InheritAsync(target, path).ConfigureAwait(false);
    }

    private async ValueTask MoveOnServerAsync(RemotePath oldPath, RemotePath newPath, string newName, Node? target, VfsRenameFlags flags)
    {
        try
        {
            await RenameOnServerAsync(oldPath, newPath, target, (flags & VfsRenameFlags.NoReplace) == 0).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e) && target is not null)
        {
            await PutBackAsync(target, newName).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The names change here, in the cache and in the journal in one step: content opened in between would not follow the next rename.</summary>
    private void NoteMoved(Node source, Node to, RemotePath oldPath, RemotePath newPath, Node? target, RemoteEntry? inherited, JournaledRename? begun)
    {
        lock (_table.Gate)
        {
            if (target is not null)
            {
                _uploader.NoteReplaced(target);
                _table.Detach(target);
            }

            _content.Forget(newPath);
            var from = source.Parent!;
            source.Remote ??= inherited;
            _table.Move(source, to, newPath.Name);
            _records.Renamed(source, oldPath, target, begun);
            _incidents.NoteMoved(oldPath, newPath);
            _table.MarkDirectoryChanged(from);
            _table.MarkDirectoryChanged(to);
            _content.Rename(oldPath, newPath);
        }
    }

    /// <summary>
    /// A file that exists only here takes the name of one that the server has. That one stays there until the upload replaces it, and is from now on what the
    /// server has of the new file: it moves along with the next rename and goes with an unlink, so that it never comes back under a name that is not its own.
    /// </summary>
    /// <returns>What the server has under the name; null when nothing.</returns>
    private async ValueTask<RemoteEntry?> InheritAsync(Node target, RemotePath path)
    {
        RemoteEntry? present;
        lock (_table.Gate)
            present = target.Remote;
        if (present is null or { Kind: RemoteKind.File })
            return present;

        // A link is not what the server has of a file.
        await _remote.DeleteFileAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        return null;
    }

    private async ValueTask RenameOnServerAsync(RemotePath oldPath, RemotePath newPath, Node? target, bool replace)
    {
        try
        {
            await _remote.RenameAsync(oldPath, newPath, replace, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
        }
        catch (RemoteException e) when (target is { Kind: RemoteKind.Directory } && IsRefusalToReplace(e.Error))
        {
            // Some servers rename over nothing: the empty directory goes first, and comes back when the rename is refused still.
            await RemoveEmptyOnServerAsync(target, newPath).ConfigureAwait(false);
            try
            {
                await _remote.RenameAsync(oldPath, newPath, replace: false, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
            }
            catch (RemoteException)
            {
                await _remote.CreateDirectoryAsync(newPath, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
                throw;
            }
        }
    }

    private async ValueTask RemoveEmptyOnServerAsync(Node target, RemotePath path)
    {
        Node[] unlinked;
        lock (_table.Gate)
            unlinked = [.. target.Directory!.Hidden.Values.OfType<Node>()];
        foreach (var remains in unlinked)
            await BringHomeAsync(remains).ConfigureAwait(false);
        await _remote.RemoveDirectoryAsync(path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
    }

    private static bool IsRefusalToReplace(RemoteError error) =>
        error is RemoteError.AlreadyExists or RemoteError.NotEmpty or RemoteError.IsADirectory or RemoteError.AccessDenied or RemoteError.ServerFailure
            or RemoteError.Unsupported;
}
