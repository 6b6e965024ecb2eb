using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.Pins;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs;

/// <content>What a person asks of the caches: to ask the server anew, to keep a tree here, to let content go. Paths are those of the server, at or below the mounted folder.</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Files that are downloaded at a time for a pin.</summary>
    private const int ParallelPins = 4;

    /// <summary>How often it is looked whether what is pinned has changed on the server.</summary>
    private static readonly TimeSpan PinInterval = TimeSpan.FromMinutes(15);

    private Task _pinKeeping = Task.CompletedTask;

    /// <summary>What is pinned.</summary>
    public IReadOnlyList<RemotePath> Pins => _pins.Pins;

    /// <summary>Drops what is known of names, attributes and unchanged contents at and below a path, and asks the server for the path anew. What was changed here and not sent stays.</summary>
    /// <returns><see cref="VfsError.NotFound"/> when the server does not have it any more; <see cref="VfsError.Offline"/>, and nothing is dropped, while it cannot be reached.</returns>
    public async ValueTask<VfsError> RefreshAsync(RemotePath path, CancellationToken cancellationToken)
    {
        if (_link.IsDown)
            return VfsError.Offline;
        Drop(path, withNames: true);
        return await UseAsync(
            path,
            async node =>
            {
                if (node.Kind != RemoteKind.Directory)
                    return VfsError.None;
                Task<ListOutcome> listing;
                lock (_table.Gate)
                    listing = _revalidator.List(node);
                return (await listing.WaitAsync(cancellationToken).ConfigureAwait(false)).Error;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Drops the cached content at and below a path, that of pinned files excepted. What was changed here and not sent stays.</summary>
    /// <returns>How many bytes on disk became free.</returns>
    public long ForgetContent(RemotePath path)
    {
        var before = _content.Statistics.DiskBytes;
        Drop(path, withNames: false);
        return Math.Max(0, before - _content.Statistics.DiskBytes);
    }

    /// <summary>Keeps the content at and below a path on the local disk from now on, and downloads what is not here. Ended early it goes on by itself, some time.</summary>
    /// <param name="path">A file or directory.</param>
    /// <param name="progress">Told now and then; may be null.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="IOException">The list of pins cannot be written.</exception>
    public async ValueTask<VfsResult<PinResult>> PinAsync(RemotePath path, IProgress<PinProgress>? progress, CancellationToken cancellationToken)
    {
        var error = await UseAsync(path, static _ => ValueTask.FromResult(VfsError.None), cancellationToken).ConfigureAwait(false);
        if (error != VfsError.None)
            return error;
        _pins.Add(path);
        _content.PinsChanged();
        return await BringHereAsync(path, progress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets the content at and below a path go with the rest of the cache again.</summary>
    /// <returns>Whether it was pinned.</returns>
    /// <exception cref="IOException">The list of pins cannot be written.</exception>
    public bool Unpin(RemotePath path)
    {
        if (!_pins.Remove(path))
            return false;
        _content.PinsChanged();
        return true;
    }

    /// <summary>Brings what is pinned here again whenever it has changed on the server: now, every quarter of an hour, and when the server is back.</summary>
    private void KeepPins()
    {
        lock (_table.Gate)
        {
            if (_pins.Pins.Count > 0 && _pinKeeping.IsCompleted && _disposed == 0)
                _pinKeeping = Task.Run(KeepPinsAsync);
        }
    }

    private async Task KeepPinsAsync()
    {
        try
        {
            foreach (var path in _pins.Pins)
            {
                var result = await BringHereAsync(path, null, _stopping.Token).ConfigureAwait(false);
                if (result is { IsSuccess: true, Value.Failed: [var first, ..] failed })
                    _logger.LogWarning("{Count} files below '{Path}', which is pinned, are not here: '{First}': {Reason}", failed.Count, path, first.Path, first.Reason);
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends.
        }
    }

    private async ValueTask<VfsResult<PinResult>> BringHereAsync(RemotePath path, IProgress<PinProgress>? progress, CancellationToken cancellationToken)
    {
        var files = new List<(RemotePath Path, RemoteEntry Entry)>();
        var failed = new List<(RemotePath Path, string Reason)>();
        var error = await UseAsync(path, node => CollectAsync(node, path, files, failed, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (error != VfsError.None)
            return error;
        var total = files.Sum(f => f.Entry.Size ?? 0);
        if (total > _options.CacheBytes)
            return new PinResult(0, 0, [(path, $"it has {total} bytes, and the cache may have {_options.CacheBytes} (cache-size)")]);

        // What has gone on the server is not kept here.
        if (failed.Count == 0)
        {
            var present = files.Select(f => f.Path).ToHashSet();
            var gone = _content.PathsBelow(path).Where(p => !present.Contains(p)).ToArray();
            DropContents(gone);
        }

        var (done, doneBytes) = (0, 0L);
        var fetchedBefore = _content.Statistics.BytesFetched;
        void Report()
        {
            lock (failed)
            {
                var bytes = Math.Max(doneBytes, Math.Min(total, _content.Statistics.BytesFetched - fetchedBefore));
                progress?.Report(new PinProgress(files.Count, done, total, done == files.Count ? total : bytes));
            }
        }

        Report();
        await Parallel.ForEachAsync(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelPins, CancellationToken = cancellationToken },
            async (file, token) =>
            {
                var reason = await FetchWholeAsync(file.Path, file.Entry, Report, token).ConfigureAwait(false);
                lock (failed)
                {
                    if (reason is null)
                        (done, doneBytes) = (done + 1, doneBytes + (file.Entry.Size ?? 0));
                    else
                        failed.Add((file.Path, reason));
                }

                Report();
            }).ConfigureAwait(false);
        return new PinResult(done, doneBytes, failed);
    }

    /// <summary>Null, or why it is not here whole.</summary>
    private async ValueTask<string?> FetchWholeAsync(RemotePath path, RemoteEntry entry, Action report, CancellationToken cancellationToken)
    {
        if (entry.Size is null or 0)
            return null;
        try
        {
            using var content = _content.Open(path, EntryMerge.VersionOf(entry));
            if (content.IsStored)
                return null;
            using var ticks = _clock.Time.CreateTimer(_ => report(), null, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200));
            await content.FetchAllAsync(cancellationToken).ConfigureAwait(false);
            await content.StoreAsync(cancellationToken).ConfigureAwait(false);
            return content.IsStored ? null : "there was no room for it on the local disk";
        }
        catch (RemoteException e)
        {
            return e.Message;
        }
    }

    /// <summary>All files at and below a node, as the server lists them.</summary>
    private async ValueTask<VfsError> CollectAsync(
        Node node, RemotePath path, List<(RemotePath Path, RemoteEntry Entry)> files, List<(RemotePath Path, string Reason)> failed, CancellationToken cancellationToken)
    {
        if (node.Kind != RemoteKind.Directory)
        {
            if (node is { Kind: RemoteKind.File, Remote: { } entry })
                files.Add((path, entry));
            return VfsError.None;
        }

        Task<ListOutcome> listing;
        lock (_table.Gate)
            listing = _revalidator.List(node);
        var listed = await listing.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (listed.Error != VfsError.None)
        {
            failed.Add((path, $"it could not be listed ({listed.Error})"));
            return VfsError.None;
        }

        var directories = new List<RemotePath>();
        lock (_table.Gate)
        {
            for (var slot = 0; slot < listed.Listing!.SlotCount; slot++)
            {
                var (name, entry) = listed.Listing[slot];
                if (name is null || entry is null)
                    continue;
                if (entry.Kind == RemoteKind.Directory)
                    directories.Add(path.Combine(name));
                else if (entry.Kind == RemoteKind.File)
                    files.Add((path.Combine(name), entry));
            }
        }

        foreach (var directory in directories)
        {
            var error = await UseAsync(directory, below => CollectAsync(below, directory, files, failed, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                failed.Add((directory, $"it could not be listed ({error})"));
        }

        return VfsError.None;
    }

    /// <summary>Does something with the node of a path, asking the server for what is not known of it.</summary>
    private async ValueTask<VfsError> UseAsync(RemotePath path, Func<Node, ValueTask<VfsError>> action, CancellationToken cancellationToken)
    {
        if (!path.IsAtOrBelow(_remote.Root))
            return VfsError.NotFound;
        var node = _table.Root;
        lock (_table.Gate)
            NodeTable.Pin(node);
        try
        {
            foreach (var name in path.Value[(_remote.Root.IsRoot ? 0 : _remote.Root.Value.Length)..].Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                if (node.Kind != RemoteKind.Directory)
                    return VfsError.NotADirectory;
                var found = await ResolveAsync(node, name, ownsName: false, cancellationToken).ConfigureAwait(false);
                if (found.Error != VfsError.None)
                    return found.Error;
                if (found.Node is not { } next)
                    return VfsError.NotFound;
                lock (_table.Gate)
                    _table.Unpin(node);
                node = next;
            }

            return await action(node).ConfigureAwait(false);
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(node);
        }
    }

    private void Drop(RemotePath path, bool withNames)
    {
        lock (_table.Gate)
        {
            foreach (var node in _table.Nodes.Where(n => !n.Deleted && _table.PathOf(n).IsAtOrBelow(path)).ToArray())
            {
                if (withNames)
                    _table.Distrust(node);
                else if (!_pins.Contains(_table.PathOf(node)))
                    _table.DistrustContent(node);
            }
        }

        DropContents(_content.PathsBelow(path).Where(p => withNames || !_pins.Contains(p)));
    }

    /// <summary>What an edit that is under way began with stays: it can be completed with nothing else.</summary>
    private void DropContents(IEnumerable<RemotePath> paths)
    {
        HashSet<RemotePath> edited;
        lock (_table.Gate)
            edited = [.. _table.Nodes.Where(n => n.File?.Staging is not null).Select(_table.PathOf)];
        foreach (var path in paths)
        {
            if (!edited.Contains(path))
                _content.Forget(path);
        }
    }
}
