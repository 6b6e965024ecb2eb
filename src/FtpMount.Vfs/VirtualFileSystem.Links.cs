using FtpMount.Remote;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>Symbolic and hard links, where the server has them.</content>
public sealed partial class VirtualFileSystem
{
    /// <inheritdoc/>
    public async ValueTask<VfsResult<string>> ReadLinkAsync(NodeId node, CancellationToken cancellationToken)
    {
        Node found;
        lock (_table.Gate)
        {
            found = _table.Find(node)!;
            if (found is null)
                return VfsError.Stale;
            if (found.Kind != RemoteKind.Symlink)
                return VfsError.InvalidArgument;
            if (found.Remote?.LinkTarget is { } known)
                return known;
            NodeTable.Pin(found);
        }

        try
        {
            using var use = await _locks.UsePathAsync(found, cancellationToken).ConfigureAwait(false);
            RemotePath path;
            lock (_table.Gate)
                path = _table.PathOf(found);
            var target = await _remote.ReadLinkAsync(path, Lane.Interactive, cancellationToken).ConfigureAwait(false);
            lock (_table.Gate)
            {
                if (found.Remote is not null)
                    found.Remote = found.Remote with { LinkTarget = target };
            }

            return target;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Reading a link", found).AsPermission();
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(found);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsEntry>> CreateSymlinkAsync(
        NodeId parent, string name, string target, VfsCaller caller, CancellationToken cancellationToken)
    {
        var error = BeginNewName(parent, name, RemotePermissions.CreateFile, out var directory);
        if (error != VfsError.None)
            return error;
        try
        {
            using var names = await _locks.EnterNamesAsync(directory, name, null, null, cancellationToken).ConfigureAwait(false);
            var (problem, path) = await CheckFreeAsync(directory, name, cancellationToken).ConfigureAwait(false);
            if (problem != VfsError.None)
                return problem;
            if ((_remote.Capabilities & RemoteCapabilities.Symlinks) == 0)
                return VfsError.NotPermitted;
            await _remote.CreateSymlinkAsync(path, target, Lane.Interactive, _stopping.Token).ConfigureAwait(false);
            var entry = new RemoteEntry
            {
                Name = name,
                Kind = RemoteKind.Symlink,
                LinkTarget = target,
                Modified = new RemoteTime(NodeTable.FullSeconds(_clock.UtcNow), TimeSpan.FromSeconds(1)),
            };
            return Made(directory, name, entry);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return FailedChange(e, "Making a symbolic link", directory, name).AsPermission();
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(directory);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsEntry>> CreateLinkAsync(NodeId node, NodeId newParent, string newName, CancellationToken cancellationToken)
    {
        var error = BeginNewName(newParent, newName, RemotePermissions.CreateFile, out var directory);
        if (error != VfsError.None)
            return error;
        Node? source = null;
        try
        {
            lock (_table.Gate)
            {
                source = _table.Find(node);
                if (source is null || source.Deleted)
                    return VfsError.Stale;
                NodeTable.Pin(source);
            }

            if (source.Kind == RemoteKind.Directory || (_remote.Capabilities & RemoteCapabilities.HardLinks) == 0)
                return VfsError.NotPermitted;

            // A link to what is not there yet: it is uploaded first.
            error = await _uploader.FlushAsync(source, cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
            using var names = await _locks.EnterNamesAsync(directory, newName, null, null, cancellationToken).ConfigureAwait(false);
            var (problem, path) = await CheckFreeAsync(directory, newName, cancellationToken).ConfigureAwait(false);
            if (problem != VfsError.None)
                return problem;
            RemotePath existing;
            RemoteEntry? entry;
            lock (_table.Gate)
            {
                existing = _table.PathOf(source);
                entry = source.Remote;
            }

            if (source.Deleted || entry is null)
                return VfsError.NotFound;
            await _remote.CreateHardLinkAsync(existing, path, Lane.Interactive, _stopping.Token).ConfigureAwait(false);

            // From now on neither is replaced by another file when it is changed.
            entry = entry with { LinkCount = Math.Max(1, entry.LinkCount ?? 1) + 1 };
            lock (_table.Gate)
            {
                if (source.Remote is { } now)
                {
                    var validUntil = source.ValidUntil;
                    _table.Publish(source, now with { LinkCount = entry.LinkCount });
                    source.ValidUntil = validUntil;
                }
            }

            return Made(directory, newName, entry with { Name = newName });
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return FailedChange(e, "Making a link", directory, newName).AsPermission();
        }
        finally
        {
            lock (_table.Gate)
            {
                if (source is not null)
                    _table.Unpin(source);
                _table.Unpin(directory);
            }
        }
    }

    private VfsEntry Made(Node directory, string name, RemoteEntry entry)
    {
        lock (_table.Gate)
        {
            var made = _table.AddChild(directory, name, entry.Kind, entry);
            _table.MarkDirectoryChanged(directory);
            return _table.LookedUp(made, _clock.Now);
        }
    }

    /// <summary>Whether a name that the caller has taken is free, and its path.</summary>
    private async ValueTask<(VfsError Error, RemotePath Path)> CheckFreeAsync(Node directory, string name, CancellationToken cancellationToken)
    {
        var found = await ResolveAsync(directory, name, ownsName: true, cancellationToken).ConfigureAwait(false);
        lock (_table.Gate)
        {
            if (found.Node is not null)
            {
                _table.Unpin(found.Node);
                return (VfsError.AlreadyExists, default);
            }

            return (found.Error, found.Error == VfsError.None ? _table.PathOf(directory).Combine(name) : default);
        }
    }
}
