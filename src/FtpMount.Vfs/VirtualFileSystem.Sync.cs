using FtpMount.Remote;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>Bringing everything to the server, and room there.</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Shown where the server does not tell: 1 PiB, more than any program refuses to start for.</summary>
    private const long UnknownSpace = 1L << 50;

    private const int BlockSize = 4096;

    private RemoteSpace? _space;
    private long _spaceUntil;

    /// <inheritdoc/>
    public async ValueTask<VfsError> FsyncAsync(VfsHandle handle, bool dataOnly, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle.Value, out var open))
            return VfsError.BadHandle;
        try
        {
            var error = await SyncContentAsync(open.Node, cancellationToken).ConfigureAwait(false);
            return error == VfsError.None && _options.Sync == VfsSyncMode.Remote
                ? await SyncOnServerAsync(open.Node, cancellationToken).ConfigureAwait(false)
                : error;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Syncing", open.Node);
        }
    }

    /// <summary>What is on the server is to be on its disk, too, where it can be told so.</summary>
    private async ValueTask<VfsError> SyncOnServerAsync(Node node, CancellationToken cancellationToken)
    {
        try
        {
            using var use = await _locks.UsePathAsync(node, cancellationToken).ConfigureAwait(false);
            RemotePath path;
            lock (_table.Gate)
            {
                if (node.Deleted || node.Remote is null)
                    return VfsError.None;
                path = _table.PathOf(node);
            }

            await _remote.SyncFileAsync(path, Lane.Interactive, cancellationToken).ConfigureAwait(false);
            return VfsError.None;
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            return VfsError.None; // somebody else has removed it
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Syncing", node);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<VfsError> FsyncDirectoryAsync(VfsHandle handle, CancellationToken cancellationToken)
    {
        if (!_directories.TryGetValue(handle.Value, out var open))
            return VfsError.BadHandle;
        return await FlushWhereAsync(node => IsBelow(node, open.Node), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<VfsError> SyncAsync(CancellationToken cancellationToken) => FlushWhereAsync(static _ => true, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<VfsResult<VfsSpace>> GetSpaceAsync(NodeId node, CancellationToken cancellationToken)
    {
        RemoteSpace? space;
        lock (_table.Gate)
        {
            if (_spaceUntil > _clock.Now)
                return Describe(_space);
        }

        try
        {
            space = await _remote.GetSpaceAsync(_remote.Root, Lane.Interactive, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied or RemoteError.NotFound)
        {
            space = null;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            var error = Failed(e, "Asking for space", null);
            lock (_table.Gate)
                return IsDownBy(error) ? Describe(_space) : error;
        }

        lock (_table.Gate)
        {
            _space = space;
            _spaceUntil = _clock.After(_clock.Now, _options.AttributeTimeout);
        }

        return Describe(space);
    }

    /// <summary>What fsync(2) waits for.</summary>
    private async ValueTask<VfsError> SyncContentAsync(Node node, CancellationToken cancellationToken)
    {
        if (_options.Sync == VfsSyncMode.Remote)
            return await UploadAsync(node, cancellationToken).ConfigureAwait(false);
        if (node is { Deleted: false, File.IsDirty: true })
            await _sealer.SealAsync(node, cancellationToken).ConfigureAwait(false);
        return VfsError.None;
    }

    private static VfsSpace Describe(RemoteSpace? space) => space is { } known
        ? new VfsSpace(known.TotalBytes ?? Math.Max(UnknownSpace, known.AvailableBytes), known.AvailableBytes, BlockSize, LongestName)
        : new VfsSpace(UnknownSpace, UnknownSpace, BlockSize, LongestName);

    private async ValueTask<VfsError> FlushWhereAsync(Func<Node, bool> which, CancellationToken cancellationToken)
    {
        try
        {
            return await _uploader.FlushAllAsync(which, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
    }

    private static bool IsBelow(Node node, Node directory) => node != directory && node.IsAtOrBelow(directory);
}
