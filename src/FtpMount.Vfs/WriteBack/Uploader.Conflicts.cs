using System.Buffers;
using System.Globalization;
using System.Text;
using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// What the server has meanwhile: nobody else's version is replaced unseen. Before content goes to its place the server is asked what is there; when that is not what the edit
/// began with, <see cref="VfsOptions.Conflict"/> says what becomes of the two.
/// </content>
internal sealed partial class Uploader
{
    private const int ComparePiece = 256 << 10;

    /// <summary>So many conflicts of one file on one day are told apart.</summary>
    private const int MostConflictNames = 1000;

    /// <summary>The bytes that most file systems give a name.</summary>
    private const int LongestName = 255;

    /// <summary>
    /// Makes the staging file whole. Its base is fetched from the server only while the server has that very version: bytes of two versions in one file would be neither.
    /// </summary>
    private async Task CompleteAsync(Node node, FileState file, StagingFile staging, CancellationToken cancellationToken)
    {
        if (!staging.IsWhole)
        {
            RemotePath path;
            FileVersion? version;
            lock (_table.Gate)
            {
                path = _table.PathOf(node);
                version = node.Remote is { } remote ? EntryMerge.VersionOf(remote) : null;

                // What is fetched makes the staging file younger than what was written.
                if (file is { JournalId: > 0, IsTimeJournaled: false })
                    _records.AttributesChanged(node, time: true);
            }

            if (file.IsBaseLost)
                throw BaseLost(path);
            var isAtHand = staging.IsBaseAtHand;
            if (!isAtHand && !await HasVersionAsync(path, version, cancellationToken).ConfigureAwait(false))
                throw BaseLost(path);
            await staging.FillAsync(cancellationToken).ConfigureAwait(false);
            if (!isAtHand && !await HasVersionAsync(path, version, cancellationToken).ConfigureAwait(false))
            {
                lock (_table.Gate)
                    file.IsBaseLost = true;
                throw BaseLost(path);
            }
        }

        lock (_table.Gate)
        {
            if (file.IsBaseLost)
                throw BaseLost(_table.PathOf(node));
            _records.BecameWhole(node);
            _sealer.Add(node);
        }
    }

    private static RemoteException BaseLost(RemotePath path) => new(
        RemoteError.Changed,
        $"'{path}' was changed on the server while only parts of it were here: the parts that were written cannot be joined to it. 'ftpmount queue' can save or discard them.")
    { Path = path };

    private async Task<bool> HasVersionAsync(RemotePath path, FileVersion? version, CancellationToken cancellationToken) =>
        await PresentAsync(path, cancellationToken).ConfigureAwait(false) is { } present && version is { } known && EntryMerge.VersionOf(present).IsSameAs(known);

    private async Task<RemoteEntry?> PresentAsync(RemotePath path, CancellationToken cancellationToken)
    {
        try
        {
            return await _remote.StatAsync(path, Lane.Write, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            return null;
        }
    }

    /// <summary>Whether what the edit began with is what the server has now.</summary>
    private async Task<bool> HasBaseAsync(Sending sending, CancellationToken cancellationToken)
    {
        var present = await PresentAsync(sending.Target, cancellationToken).ConfigureAwait(false);
        return present is null || (sending.Base is { } known && present.Kind == RemoteKind.File && EntryMerge.VersionOf(present).IsSameAs(known));
    }

    /// <summary>Where the content is to go now.</summary>
    private async Task<UploadPlace> PlaceAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        if (_options.Conflict == VfsConflictMode.Mine)
            return new UploadPlace(sending.Target);
        var present = await PresentAsync(sending.Target, cancellationToken).ConfigureAwait(false);
        if (present is null || IsBase(node, present))
            return new UploadPlace(sending.Target);
        if (present.Kind == RemoteKind.File && await IsSameContentAsync(sending.Target, present, sending, cancellationToken).ConfigureAwait(false))
        {
            // It was put there by an upload whose end this program did not live to see, or somebody made the same change.
            return new UploadPlace(sending.Target, present);
        }

        if (IsOwn(file, present) || await IsPartialAsync(file, present, sending, cancellationToken).ConfigureAwait(false))
        {
            TakeAsBase(node, file, sending.Target, present);
            return new UploadPlace(sending.Target);
        }

        if (_options.Conflict == VfsConflictMode.Theirs && present.Kind == RemoteKind.File)
        {
            _logger.LogWarning("'{Path}' was changed on the server and here; the version from here is dropped (conflict=theirs)", sending.Target);
            return new UploadPlace(sending.Target, present, IsTheirs: true);
        }

        for (var number = 1; number <= MostConflictNames; number++)
        {
            var path = sending.Target.Parent.Combine(ConflictName(sending.Target.Name, number));
            lock (_table.Gate)
            {
                if (sending.Directory.Directory!.TryGetChild(path.Name, out var child) && child.IsLocal)
                    continue;
            }

            present = await PresentAsync(path, cancellationToken).ConfigureAwait(false);
            if (present is not null && !await IsSameContentAsync(path, present, sending, cancellationToken).ConfigureAwait(false))
                continue;
            _logger.LogWarning("'{Path}' was changed on the server and here: both are kept, the version from here as '{Name}'", sending.Target, path.Name);
            return new UploadPlace(path, present);
        }

        throw new RemoteException(RemoteError.AlreadyExists, $"'{sending.Target}' was changed on the server and here, and all names for a second version are taken.")
        { Path = sending.Target };
    }

    /// <summary>Whether it is what the edit began with, or what was put there from here since.</summary>
    private bool IsBase(Node node, RemoteEntry present)
    {
        lock (_table.Gate)
            return node.Remote is { } known && present.Kind == RemoteKind.File && EntryMerge.VersionOf(present).IsSameAs(EntryMerge.VersionOf(known));
    }

    /// <summary>
    /// An earlier version from here, or a part of it, is what the server has: from now on the edit begins with it. The journal knows that before a newer version is on its way, so
    /// that whichever of the two is found after a crash is nobody else's.
    /// </summary>
    private void TakeAsBase(Node node, FileState file, RemotePath path, RemoteEntry present)
    {
        lock (_table.Gate)
        {
            _table.Publish(node, present with { LinkCount = present.LinkCount ?? 1 });
            _records.Update(node);
            EndPublishing(file, path);
            EndPartial(file, path);
        }
    }

    /// <summary>Whether it is a version from here whose arrival was not seen.</summary>
    private bool IsOwn(FileState file, RemoteEntry present)
    {
        lock (_table.Gate)
            return present is { Kind: RemoteKind.File, Modified: not null } && file.Publishing is { } publishing && publishing.IsSameAs(EntryMerge.VersionOf(present));
    }

    /// <summary>The name beside another for what was changed at the same time: <c>name (conflict 2026-11-22 host).ext</c>.</summary>
    private string ConflictName(string name, int number)
    {
        var host = new string([.. _options.HostName.Select(c => c is '/' or '\\' || char.IsControl(c) ? '_' : c).Take(64)]);
        var date = _clock.Time.GetLocalNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var mark = number == 1 ? $" (conflict {date} {host})" : string.Create(CultureInfo.InvariantCulture, $" (conflict {date} {host} {number})");

        // The extension stays at the end; a name that begins with its only dot has none.
        var dot = name.LastIndexOf('.');
        var extension = dot > 0 && name.Length - dot <= 16 ? name[dot..] : "";
        var stem = name[..(name.Length - extension.Length)];
        while (stem.Length > 1 && Encoding.UTF8.GetByteCount(stem) + Encoding.UTF8.GetByteCount(mark) + Encoding.UTF8.GetByteCount(extension) > LongestName)
            stem = stem[..^(stem.Length > 2 && char.IsLowSurrogate(stem[^1]) && char.IsHighSurrogate(stem[^2]) ? 2 : 1)];
        return stem + mark + extension;
    }

    private async Task<bool> IsSameContentAsync(RemotePath path, RemoteEntry present, Sending sending, CancellationToken cancellationToken)
    {
        return present.Kind == RemoteKind.File && present.Size == sending.Length
            && await IsBeginningOfContentAsync(path, sending.Length, sending, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the file on the server has the same bytes, as many as it is said to have.</summary>
    private async Task<bool> IsBeginningOfContentAsync(RemotePath path, long size, Sending sending, CancellationToken cancellationToken)
    {
        if (size == 0)
            return true;
        var mine = ArrayPool<byte>.Shared.Rent(ComparePiece);
        var theirs = ArrayPool<byte>.Shared.Rent(ComparePiece);
        try
        {
            var content = sending.Staging.OpenForUpload();
            await using var closesContent = content.ConfigureAwait(false);
            var reader = await _remote.OpenReadAsync(path, 0, size, Lane.Read, cancellationToken).ConfigureAwait(false);
            await using var closesReader = reader.ConfigureAwait(false);
            for (var position = 0L; position < size;)
            {
                var read = await reader.ReadAsync(theirs.AsMemory(0, (int)Math.Min(ComparePiece, size - position)), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    return false;
                await content.ReadExactlyAsync(mine.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                if (!mine.AsSpan(0, read).SequenceEqual(theirs.AsSpan(0, read)))
                    return false;
                position += read;
            }

            return true;
        }
        catch (EndOfStreamException)
        {
            // It was shortened here meanwhile.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(mine);
            ArrayPool<byte>.Shared.Return(theirs);
        }
    }

    /// <summary>The node goes where its content went.</summary>
    /// <returns>False when the content was dropped, and there is nothing more to note.</returns>
    private bool TryFollow(Node node, FileState file, ref Sending sending, Sent sent)
    {
        if (!sent.IsTheirs && sent.Place == sending.Target)
            return true;
        lock (_table.Gate)
        {
            Conflicts++;
            if (sent.IsTheirs)
            {
                TakeTheirs(node, file, sent.Entry);
                return false;
            }

            // Whoever has the file open goes on with what it wrote, under the new name; the old one is from now on what the server has.
            var name = node.Name;
            _table.Move(node, sending.Directory, sent.Place.Name);
            _table.Doubt(sending.Directory, name);
            _table.MarkDirectoryChanged(sending.Directory);
            _incidents.NoteConflict(sending.Target, sent.Place);
            sending = sending with { Target = sent.Place };
            return true;
        }
    }

    private void TakeTheirs(Node node, FileState file, RemoteEntry entry)
    {
        DropContent(node, file);
        _table.Publish(node, entry);
        _table.Observer?.InvalidateNode(node.Id, 0, 0);
    }

    /// <summary>What was written here counts no longer. Called under the gate.</summary>
    private void DropContent(Node node, FileState file)
    {
        lock (file.WriteGate)
        {
            if (file.Staging is { } staging)
            {
                staging.Discard();
                file.Retire(staging);
                file.Staging = null;
            }
        }

        foreach (var handle in file.Handles)
            handle.IsStale = true;
        file.KernelVersion = null;
        node.LocalMode = null;
        node.LocalModified = null;
        NoteGone(node);
    }

    /// <summary>Makes a directory that the server does not have any more, with those above it.</summary>
    private async Task MakeDirectoriesAsync(RemotePath directory, CancellationToken cancellationToken)
    {
        if (directory.IsRoot || await PresentAsync(directory, cancellationToken).ConfigureAwait(false) is not null)
            return;
        await MakeDirectoriesAsync(directory.Parent, cancellationToken).ConfigureAwait(false);
        try
        {
            await _remote.CreateDirectoryAsync(directory, Lane.Write, cancellationToken).ConfigureAwait(false);
            _logger.LogWarning("The directory '{Path}' was removed on the server; it is made again for what was written in it here", directory);
        }
        catch (RemoteException e) when (e.Error == RemoteError.AlreadyExists)
        {
            // Another upload has made it.
        }
    }
}
