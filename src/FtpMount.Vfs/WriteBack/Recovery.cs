using FtpMount.Remote;
using FtpMount.Vfs.Budget;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Takes up what an earlier process left in the journal, after <see cref="JournalVerification"/> has said what of it can be believed. First the names: renames that were cut off
/// are found done or not by asking the server. Then every file that was not sent appears again in the namespace and is sent, and temporary files on the server are removed.
/// </summary>
internal sealed class Recovery(
    NodeTable table,
    IRemoteFileSystem remote,
    ContentCache content,
    JournalRecords records,
    Uploader uploader,
    StagingBudget budget,
    string stagingDirectory,
    JournalContents left,
    bool isReadOnly,
    Clock clock,
    ILogger logger,
    CancellationToken stopping) : IAsyncDisposable
{
    private readonly List<JournaledFile> _kept = [];
    private readonly TaskCompletionSource _hurry = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _cleaning = Task.CompletedTask;

    /// <summary>Files that are in the journal and not sent by this mount: torn, or outside of its folder. Under the table's gate.</summary>
    public IReadOnlyList<JournaledFile> Kept
    {
        get
        {
            lock (table.Gate)
                return [.. _kept];
        }
    }

    /// <summary><see cref="Kept"/> for who only wants to know.</summary>
    public IEnumerable<PendingUpload> KeptUploads => Kept.Select(f => f.AsPending(stagingDirectory) with
    {
        LastError = f.Error ?? "It lies outside of this mount, or another version of it is sent first",
        State = f.State == JournaledState.Torn ? PendingUploadState.Torn : PendingUploadState.Elsewhere,
    });

    /// <summary>Nobody wants one of <see cref="Kept"/> any more.</summary>
    /// <returns>False when it is not among them.</returns>
    public bool Discard(long id)
    {
        JournaledFile? file;
        lock (table.Gate)
        {
            file = _kept.Find(f => f.Id == id);
            if (file is null)
                return false;
            _kept.Remove(file);
            records.Journal.Note(database => database.Remove(id));
        }

        LocalDisk.TryDelete(Path.Combine(stagingDirectory, file.Staging));
        return true;
    }

    /// <summary>Does it. Once.</summary>
    /// <exception cref="RemoteException">The server did not say whether a rename was done.</exception>
    /// <exception cref="IOException">The local disk failed.</exception>
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        if (isReadOnly)
        {
            if (!left.IsEmpty)
                logger.LogWarning("{Count} files that an earlier mount did not send stay in the journal: this mount changes nothing on the server", left.Files.Count);
            return;
        }

        var files = left.Files.ToDictionary(f => f.Id);
        var remnants = left.Remnants.ToList();
        var publications = left.Publications.ToList();
        foreach (var rename in left.Renames)
            await SettleAsync(rename, files, remnants, publications, cancellationToken).ConfigureAwait(false);
        var partials = remnants.Where(r => r.IsPartial).ToArray();
        remnants.RemoveAll(r => r.IsPartial);
        lock (table.Gate)
        {
            foreach (var file in files.Values.OrderBy(f => f.Id))
                TakeUp(file, partials.Any(p => p.Path == file.Path), publications.Find(p => p.Path == file.Path)?.Version);
            foreach (var publication in publications.Where(p => files.Values.All(f => f.Path != p.Path)))
                records.PublicationEnds(publication.Path);

            // Of a file that was removed since, or sent whole.
            foreach (var partial in partials.Where(p => files.Values.All(f => f.Path != p.Path)))
                records.PartialEnds(partial.Path);
            foreach (var remnant in remnants)
                Hide(remnant.Path);
        }

        RemoveOrphans(files.Values);
        if (remnants.Count > 0)
            _cleaning = Task.Run(() => CleanAsync(remnants), CancellationToken.None);
        if (files.Count > 0)
            logger.LogInformation("{Count} files that an earlier mount did not send are taken up", files.Count - _kept.Count);
    }

    /// <summary>Removes now what is left on the server, and returns when that was tried.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async ValueTask CleanAsync(CancellationToken cancellationToken)
    {
        _hurry.TrySetResult();
        await _cleaning.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _cleaning.ConfigureAwait(false);

    /// <summary>Finds out whether a rename was done, and notes it so.</summary>
    private async ValueTask SettleAsync(
        JournaledRename rename,
        Dictionary<long, JournaledFile> files,
        List<JournaledRemnant> remnants,
        List<JournaledPublication> publications,
        CancellationToken cancellationToken)
    {
        // What is cached under either name may be of the other file, of the same size and second.
        foreach (var path in content.PathsBelow(rename.Source).Concat(content.PathsBelow(rename.Target)))
            content.Forget(path);
        var hasSource = await ExistsAsync(rename.Source, cancellationToken).ConfigureAwait(false);
        var hasTarget = await ExistsAsync(rename.Target, cancellationToken).ConfigureAwait(false);
        if (!hasSource && hasTarget)
        {
            // Done. What was pending under the new name was to be replaced by it; records that are younger than the rename have nothing to do with it.
            var replaced = files.Values.Where(f => f.Id < rename.Id && f.Path == rename.Target).Select(f => f.Id).ToArray();
            var movedFiles = files.Values.Where(f => f.Id < rename.Id && f.Path.IsAtOrBelow(rename.Source))
                .Select(f => f with { Path = f.Path.Moved(rename.Source, rename.Target) }).ToArray();
            foreach (var id in replaced)
                files.Remove(id);
            foreach (var file in movedFiles)
                files[file.Id] = file;
            for (var i = 0; i < remnants.Count; i++)
            {
                if (!remnants[i].Path.IsAtOrBelow(rename.Source))
                    continue;
                var moved = remnants[i].Path.Moved(rename.Source, rename.Target);
                remnants[i] = new JournaledRemnant(moved, remnants[i].IsPartial ? moved : remnants[i].Original);
            }

            for (var i = 0; i < publications.Count; i++)
            {
                if (publications[i].Path.IsAtOrBelow(rename.Source))
                    publications[i] = publications[i] with { Path = publications[i].Path.Moved(rename.Source, rename.Target) };
            }

            records.Journal.Note(database =>
            {
                foreach (var id in replaced)
                    database.Remove(id);
                foreach (var file in movedFiles)
                    database.Put(file);
                database.RenameBelow(rename.Source, rename.Target, rename.Id);
                database.RemoveRename(rename.Id);
            });
            return;
        }

        if (hasSource && remnants.Find(r => !r.IsPartial && r.Original == rename.Target) is { } aside)
        {
            // It was cut off after the file that it was to replace had been set aside for its readers: that is not to be removed.
            if (!hasTarget && await ExistsAsync(aside.Path, cancellationToken).ConfigureAwait(false))
                await remote.RenameAsync(aside.Path, rename.Target, replace: false, Lane.Interactive, cancellationToken).ConfigureAwait(false);
            remnants.Remove(aside);
            records.RemnantEnds(aside.Path);
        }

        records.RenameFailed(rename);
    }

    private async ValueTask<bool> ExistsAsync(RemotePath path, CancellationToken cancellationToken)
    {
        try
        {
            await remote.StatAsync(path, Lane.Interactive, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RemoteException e) when (e.Error is RemoteError.NotFound or RemoteError.NotADirectory)
        {
            return false;
        }
    }

    /// <summary>A file that was not sent appears again, as it was. Called under the gate.</summary>
    private void TakeUp(JournaledFile file, bool isPartial, FileVersion? publishing)
    {
        var path = Path.Combine(stagingDirectory, file.Staging);
        if (file.State == JournaledState.Torn || !file.Path.IsAtOrBelow(remote.Root) || file.Path == remote.Root || !TryFindDirectory(file.Path.Parent, out var directory)
            || directory.Directory!.TryGetChild(file.Path.Name, out _))
        {
            _kept.Add(file);
            return;
        }

        StagingFile staging;
        try
        {
            var lease = file is { VisibleBase: > 0, Base: { } version } ? content.Open(file.Path, version) : null;
            staging = StagingFile.Reopen(stagingDirectory, file.Staging, lease, file.VisibleBase, file.Extents, budget);
            staging.Park();
        }
        catch (IOException e)
        {
            logger.LogError(e, "What was written to '{Path}' and not sent cannot be opened", file.Path);
            _kept.Add(file with { Error = e.Message });
            return;
        }

        var entry = file.Base is { } known
            ? new RemoteEntry
            {
                Name = file.Path.Name,
                Kind = RemoteKind.File,
                Size = known.Size,
                Modified = known.Modified,
                UniqueId = known.UniqueId,
                Mode = file.BaseMode,
                LinkCount = file.BaseLinkCount,
            }
            : null;
        var node = table.AddChild(directory, file.Path.Name, RemoteKind.File, entry);
        node.File = new FileState
        {
            Staging = staging,
            JournalId = file.Id,
            JournaledBase = file.VisibleBase,
            IsTimeJournaled = file.Modified is not null,
            LastErrorMessage = file.Error,
            HasPartial = isPartial,
            Publishing = publishing,
        };
        node.LocalMode = file.Mode;
        node.LocalModified = file.Modified ?? NodeTable.FullSeconds(File.GetLastWriteTimeUtc(path));
        uploader.TakeUp(node);
    }

    /// <summary>The node of a directory that existed when the file was written; whether it still does is asked when somebody wants to know. Called under the gate.</summary>
    private bool TryFindDirectory(RemotePath path, out Node directory)
    {
        directory = table.Root;
        foreach (var name in path.Value[(remote.Root.IsRoot ? 0 : remote.Root.Value.Length)..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var entry = new RemoteEntry { Name = name, Kind = RemoteKind.Directory };
            directory = directory.Directory!.TryGetChild(name, out var known) ? known : table.AddExpected(directory, name, entry);
            if (directory.Kind != RemoteKind.Directory)
                return false;
        }

        return true;
    }

    /// <summary>Staging files that no record names were sent, or never answered for.</summary>
    private void RemoveOrphans(IEnumerable<JournaledFile> files)
    {
        var known = files.Select(f => f.Staging).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(stagingDirectory, "*" + StagingFile.Extension))
        {
            if (!known.Contains(Path.GetFileName(path)))
                LocalDisk.TryDelete(path);
        }
    }

    /// <summary>Nobody is shown what is about to be removed. Called under the gate.</summary>
    private void Hide(RemotePath path)
    {
        if (path.IsAtOrBelow(remote.Root) && TryFindDirectory(path.Parent, out var directory))
            directory.Directory!.Hidden.TryAdd(path.Name, null);
    }

    private void NoteRemoved(RemotePath path)
    {
        lock (table.Gate)
        {
            records.RemnantEnds(path);
            if (!path.IsAtOrBelow(remote.Root) || !TryFindDirectory(path.Parent, out var directory))
                return;
            directory.Directory!.Hidden.Remove(path.Name);
            directory.Directory.Touch(path.Name, isPresent: false, null);
            table.TryEvict(directory);
        }
    }

    private async Task CleanAsync(List<JournaledRemnant> remnants)
    {
        try
        {
            await RemoveAsync(remnants, isLast: false).ConfigureAwait(false);

            // A server may make the file only now, or once more, from the command of a connection that is dead already.
            await Task.WhenAny(Task.Delay(Uploader.Grace, clock.Time, stopping), _hurry.Task).ConfigureAwait(false);
            await RemoveAsync(remnants, isLast: true).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The next mount goes on.
        }
    }

    /// <summary>Removes what is there, and when this is the last time notes that it is gone.</summary>
    private async Task RemoveAsync(List<JournaledRemnant> remnants, bool isLast)
    {
        foreach (var remnant in remnants)
        {
            try
            {
                if (Uploader.IsTemporaryName(remnant.Path.Name))
                    await remote.DeleteFileAsync(remnant.Path, Lane.Interactive, stopping).ConfigureAwait(false);
                if (isLast)
                    NoteRemoved(remnant.Path);
            }
            catch (RemoteException e) when (e.Error is RemoteError.NotFound)
            {
                if (isLast)
                    NoteRemoved(remnant.Path);
            }
            catch (RemoteException e)
            {
                logger.LogWarning(e, "'{Path}', a temporary file of an earlier mount, could not be removed; the next mount tries again", remnant.Path);
            }
        }
    }
}
