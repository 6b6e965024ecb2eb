using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.Queue;
using FtpMount.Vfs.WriteBack;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs;

/// <content>What a person asks for files that wait for their upload: try again, save elsewhere, discard. Files are named by <see cref="PendingUpload.Id"/>.</content>
public sealed partial class VirtualFileSystem
{
    /// <summary>Tries files again as soon as there is room, without the pause after a failure.</summary>
    /// <param name="ids">Which.</param>
    /// <returns>An outcome for each that still waits; the others are on the server, or gone.</returns>
    public IReadOnlyList<QueueOutcome> RetryUploads(IReadOnlyCollection<long> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var nodes = _uploader.PendingById();
        var outcomes = new List<QueueOutcome>();
        lock (_table.Gate)
        {
            foreach (var id in ids)
            {
                if (!nodes.TryGetValue(id, out var node) || node.File?.JournalId != id)
                    continue;
                _uploader.Retry(node);
                outcomes.Add(new QueueOutcome(id, _table.PathOf(node)));
            }
        }

        outcomes.AddRange(KeptAmong(ids).Select(f => new QueueOutcome(f.Id, f.Path)
        {
            Error = f.State == JournaledState.Torn
                ? "it may be torn and is never sent; save or discard it"
                : "it lies outside of this mount, or waits for another version; a mount of its folder sends it",
        }));
        return outcomes;
    }

    /// <summary>Writes copies of files. They stay in the queue.</summary>
    /// <param name="ids">Which.</param>
    /// <param name="directory">Where to, an absolute path; each goes to its path below the mounted folder. Nothing is replaced.</param>
    /// <param name="cancellationToken">Ends it between two files.</param>
    /// <returns>An outcome for each that still waits; the others are on the server, or gone.</returns>
    public async ValueTask<IReadOnlyList<QueueOutcome>> SaveUploadsAsync(IReadOnlyCollection<long> ids, string directory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var nodes = _uploader.PendingById();
        var outcomes = new List<QueueOutcome>();
        foreach (var id in ids)
        {
            if (nodes.TryGetValue(id, out var node) && await SaveUploadAsync(id, node, directory, cancellationToken).ConfigureAwait(false) is { } outcome)
                outcomes.Add(outcome);
        }

        foreach (var file in KeptAmong(ids))
        {
            var source = Path.Combine(_stagingDirectory, file.Staging);
            outcomes.Add(await Task.Run(() => SavedCopy.TryWrite(file.Id, file.Path, source, file.Ranges, directory, _remote.Root, file.Modified), cancellationToken).ConfigureAwait(false));
        }

        return outcomes;
    }

    /// <summary>Gives files up: their content here is deleted, and they are again what the server has, or gone where it has none.</summary>
    /// <param name="ids">Which.</param>
    /// <param name="cancellationToken">Ends it between two files.</param>
    /// <returns>An outcome for each that still waited; the others are on the server, or gone.</returns>
    public async ValueTask<IReadOnlyList<QueueOutcome>> DiscardUploadsAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var nodes = _uploader.PendingById();
        var outcomes = new List<QueueOutcome>();
        foreach (var id in ids)
        {
            if (nodes.TryGetValue(id, out var node) && await DiscardUploadAsync(id, node, cancellationToken).ConfigureAwait(false) is { } outcome)
                outcomes.Add(outcome);
        }

        foreach (var file in KeptAmong(ids))
        {
            if (_recovery.Discard(file.Id))
                outcomes.Add(new QueueOutcome(file.Id, file.Path));
        }

        try
        {
            await _journal.WrittenAsync(_journal.Sequence, cancellationToken).ConfigureAwait(false);
        }
        catch (JournalException e)
        {
            return [.. outcomes.Select(o => o with { Error = o.Error ?? e.Message })];
        }

        return outcomes;
    }

    private IEnumerable<JournaledFile> KeptAmong(IReadOnlyCollection<long> ids)
    {
        var wanted = ids.ToHashSet();
        return _recovery.Kept.Where(f => wanted.Contains(f.Id));
    }

    private async ValueTask<QueueOutcome?> SaveUploadAsync(long id, Node node, string directory, CancellationToken cancellationToken)
    {
        if (!TryUsePending(id, node))
            return null;
        try
        {
            try
            {
                await _uploader.CompleteAsync(node, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RemoteException or IOException)
            {
                // What was written is saved without the rest.
                _logger.LogInformation("A copy of '{Name}' has only what was changed: {Reason}", node.Name, e.Message);
            }

            return await Task.Run(() => SavedOf(id, node, directory), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await EndContentUseAsync(node).ConfigureAwait(false);
        }
    }

    private QueueOutcome? SavedOf(long id, Node node, string directory)
    {
        for (var attempt = 1; ; attempt++)
        {
            StagingFile staging;
            RemotePath path;
            DateTime? modified;
            lock (_table.Gate)
            {
                if (node.File is not { Staging: { IsDirty: true } present, JournalId: var journaled } || journaled != id)
                    return null;
                (staging, path, modified) = (present, _table.PathOf(node), node.LocalModified);
            }

            var changes = staging.ChangeCount;
            var outcome = SavedCopy.TryWrite(
                id,
                path,
                staging.LocalPath,
                length => staging.IsWhole ? [new ByteRange(0, length)] : StagingFile.CountingRanges(staging.VisibleBase, staging.WrittenExtents(), length),
                directory,
                _remote.Root,
                modified);
            if (outcome.SavedAs is not { } copy || staging.ChangeCount == changes)
                return outcome;
            LocalDisk.TryDelete(copy);
            if (attempt == ReadAttempts)
                return outcome with { SavedAs = null, Error = "a program is writing to it just now" };
        }
    }

    private async ValueTask<QueueOutcome?> DiscardUploadAsync(long id, Node node, CancellationToken cancellationToken)
    {
        if (!TryUsePending(id, node))
            return null;
        try
        {
            while (true)
            {
                Node directory;
                string name;
                lock (_table.Gate)
                {
                    if (node.Deleted || node.File?.JournalId != id)
                        return null;
                    (directory, name) = (node.Parent!, node.Name);
                }

                using var names = await _locks.EnterNamesAsync(directory, name, null, null, cancellationToken).ConfigureAwait(false);
                lock (_table.Gate)
                {
                    if (node.Parent != directory || node.Name != name)
                        continue; // renamed meanwhile
                }

                var taking = _locks.MoveAsync(node, cancellationToken);
                _uploader.CancelUpload(node);
                using var move = await taking.ConfigureAwait(false);
                if (node.File is { } file)
                    await _uploader.DeleteTemporaryAsync(file).ConfigureAwait(false);
                return Discarded(id, node, directory);
            }
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            lock (_table.Gate)
                return new QueueOutcome(id, _table.PathOf(node)) { Error = e.Message };
        }
        finally
        {
            await EndContentUseAsync(node).ConfigureAwait(false);
        }
    }

    /// <summary>Null when it was sent after all.</summary>
    private QueueOutcome? Discarded(long id, Node node, Node directory)
    {
        lock (_table.Gate)
        {
            if (node.Deleted || node.File?.JournalId != id)
                return null;
            var path = _table.PathOf(node);
            _logger.LogWarning("What was written to '{Path}' and not sent was discarded", path);
            if (node.Remote is not null)
            {
                _uploader.GiveUp(node);
                return new QueueOutcome(id, path);
            }

            _uploader.NoteGone(node);
            _table.Detach(node);
            _table.MarkDirectoryChanged(directory);
            _table.Observer?.EntryDeleted(directory.Id, node.Id, node.Name);
            return new QueueOutcome(id, path);
        }
    }

    /// <summary>Keeps the node and its content until <see cref="EndContentUseAsync"/>; false when it does not wait any more.</summary>
    private bool TryUsePending(long id, Node node)
    {
        lock (_table.Gate)
        {
            if (node.Deleted || node.File?.JournalId != id)
                return false;
            NodeTable.Pin(node);
            node.ContentUsers++;
            return true;
        }
    }
}
