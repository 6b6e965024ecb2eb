using System.Globalization;
using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// One upload: the whole staging file to a temporary name beside the target, then renamed over it with its size checked and its mode and time set; straight
/// to the target where the server allows no temporary names or renames. A file that is written meanwhile is sent again.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>After this many sends that were overtaken by a write, writers wait until the next one is through.</summary>
    private const int SendsBeforeWritersWait = 3;

    private const string TemporaryPrefix = ".ftpmount-";

    /// <summary>The bits that this server gives a new file, as far as seen.</summary>
    private int _bitsOfNewFiles = NodeTable.DefaultMode(RemoteKind.File);

    /// <summary>What is sent, and with which attributes.</summary>
    private readonly record struct Sending(
        StagingFile Staging,
        long ChangeCount,
        long Length,
        RemotePath Target,
        FileVersion? Base,
        Node Directory,
        RemoteAttributeChange Change,
        int? WantedMode,
        long AttributeSequence);

    /// <summary>What became of a sending.</summary>
    /// <param name="Entry">What the server has now where the content is.</param>
    /// <param name="Place">Where that is.</param>
    /// <param name="IsTheirs">Whether it is somebody else's content, and that from here is to be dropped.</param>
    private readonly record struct Sent(RemoteEntry Entry, RemotePath Place, bool IsTheirs = false);

    private async Task SendAsync(Node node, FileState file, CancellationToken cancellationToken)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (!TryPrepare(node, file, out var staging))
                    return;
                if (await TryPatchAsync(node, file, staging, cancellationToken).ConfigureAwait(false))
                    return;
                if (attempt > SendsBeforeWritersWait)
                    HoldWriters(file);
                await CompleteAsync(node, file, staging, cancellationToken).ConfigureAwait(false);
                var sending = Snapshot(node, staging);
                var sent = await SendOnceAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
                if (sent is not { } done)
                    continue;
                EndPublishing(file, sending.Target);
                EndPartial(file, sending.Target);
                if (!TryFollow(node, file, ref sending, done))
                    return;

                // It is in its place: that is noted whoever wants to end the upload now.
                var entry = await CorrectModeAsync(sending, done.Entry, _stopping).ConfigureAwait(false);
                var leftOver = Finish(node, file, sending, entry);
                if (leftOver is not null)
                    await SendLateAttributesAsync(node, sending, leftOver, cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        finally
        {
            ReleaseWriters(file);
        }
    }

    private bool TryPrepare(Node node, FileState file, out StagingFile staging)
    {
        lock (_table.Gate)
        {
            staging = file.Staging!;
            return !node.Deleted && staging is { IsDirty: true };
        }
    }

    private Sending Snapshot(Node node, StagingFile staging)
    {
        lock (_table.Gate)
        {
            // Bits of a file that is there are kept: what replaces it is a new file to the server.
            var wanted = node.LocalMode ?? node.Remote?.Mode;
            var capabilities = _remote.Capabilities;
            var change = new RemoteAttributeChange
            {
                Mode = wanted != _bitsOfNewFiles && (capabilities & RemoteCapabilities.SetMode) != 0 ? wanted : null,
                Modified = node.LocalModified is { } time && (capabilities & RemoteCapabilities.SetModified) != 0
                    ? new DateTimeOffset(time, TimeSpan.Zero)
                    : null,
                UserId = _table.KeepsOwners && (capabilities & RemoteCapabilities.SetOwner) != 0 ? node.Remote?.UserId : null,
                GroupId = _table.KeepsOwners && (capabilities & RemoteCapabilities.SetOwner) != 0 ? node.Remote?.GroupId : null,
            };
            return new Sending(
                staging,
                staging.ChangeCount,
                staging.Length,
                _table.PathOf(node),
                node.Remote is { } remote ? EntryMerge.VersionOf(remote) : null,
                node.Parent!,
                change,
                wanted,
                node.AttributeSequence);
        }
    }

    /// <summary>Sends the content once. Null when it was changed meanwhile, and what was sent is not it.</summary>
    private async Task<Sent?> SendOnceAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await SendToDirectoryAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error == RemoteError.NotFound && isFirst)
            {
                // Somebody has removed the directory on the server: what was written in it is kept, so the directory comes back.
                await MakeDirectoriesAsync(sending.Target.Parent, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<Sent?> SendToDirectoryAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        if (MayStoreDirectly(file, sending))
        {
            if (await TryStoreDirectlyAsync(node, file, sending).ConfigureAwait(false) is { } stored)
                return new Sent(stored, sending.Target);
            if (sending.Staging.ChangeCount != sending.ChangeCount)
                return null;
        }

        var isLinked = await HasOtherNamesAsync(node, sending, cancellationToken).ConfigureAwait(false);
        if (isLinked)
        {
            await EndStreamAsync(file, null, cancellationToken).ConfigureAwait(false);
            await DeleteTemporaryAsync(file).ConfigureAwait(false);
        }
        else if (_options.Upload != VfsUploadMode.Direct && !sending.Directory.Directory!.StoresDirectly)
        {
            try
            {
                return await SendToTemporaryAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error is RemoteError.AccessDenied or RemoteError.Unsupported)
            {
                _logger.LogInformation("The server refuses a temporary file in '{Directory}' ({Reason}); storing in place", sending.Target.Parent, e.Message);
                await DeleteTemporaryAsync(file).ConfigureAwait(false);
            }
        }

        var place = await PlaceAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
        if (place.Settled is { } settled)
            return new Sent(settled, place.Path, place.IsTheirs);
        var entry = await SendInPlaceAsync(file, sending, place.Path, cancellationToken).ConfigureAwait(false);
        if (entry is null)
            return null;
        lock (_table.Gate)
        {
            sending.Directory.Directory!.StoresDirectly |= _options.Upload != VfsUploadMode.Direct && !isLinked;
            entry = entry with { LinkCount = node.Remote?.LinkCount };
        }

        return new Sent(entry, place.Path);
    }

    /// <summary>Whether the file has further names on the server (hard links): they would go on with the old content if it were replaced, so it is written where it is.</summary>
    private async ValueTask<bool> HasOtherNamesAsync(Node node, Sending sending, CancellationToken cancellationToken)
    {
        if (sending.Base is null || (_remote.Capabilities & RemoteCapabilities.HardLinks) == 0)
            return false;
        int? count;
        lock (_table.Gate)
            count = node.Remote?.LinkCount;
        if (count is null)
        {
            try
            {
                count = await _remote.GetLinkCountAsync(sending.Target, Lane.Write, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error is RemoteError.NotFound or RemoteError.AccessDenied)
            {
                // The directory may be written to and not be read, or is gone.
            }

            lock (_table.Gate)
            {
                if (node.Remote is { } known)
                    node.Remote = known with { LinkCount = known.LinkCount ?? count ?? 1 };
            }
        }

        return count > 1;
    }

    private async Task<Sent?> SendToTemporaryAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        await EndStreamAsync(file, sending.Length, cancellationToken).ConfigureAwait(false);
        var temporary = TakeTemporaryName(file, sending.Directory, out var abandoned);
        if (abandoned is { } old)
            await RemoveTemporaryAsync(old.Directory, old.Name).ConfigureAwait(false);
        await IsWrittenQuietlyAsync().ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var checksum = await StoreToTemporaryAsync(file, temporary, sending, cancellationToken).ConfigureAwait(false);
            if (sending.Staging.ChangeCount != sending.ChangeCount)
                return null;
            cancellationToken.ThrowIfCancellationRequested();

            // As late as it can be: what somebody else does between this and the rename is replaced.
            var place = await PlaceAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
            if (place.Settled is { } settled)
            {
                await DeleteTemporaryAsync(file).ConfigureAwait(false);
                return new Sent(settled, place.Path, place.IsTheirs);
            }

            try
            {
                if (checksum is not null)
                    await CompareAsync(temporary, checksum, cancellationToken).ConfigureAwait(false);
                if (place.Path == sending.Target)
                    await BeginPublishingAsync(file, sending).ConfigureAwait(false);

                // Not ended half way when the file is to go: a rename that the server does later would bring it back, or replace what has the name then.
                var entry = await _remote
                    .PublishAsync(temporary, place.Path, sending.Length, sending.Change, Lane.Write, _stopping)
                    .ConfigureAwait(false);
                TemporaryNameEnds(file);
                return new Sent(entry, place.Path);
            }
            catch (RemoteException e) when (e.Error == RemoteError.ServerFailure && attempt == 1)
            {
                _logger.LogWarning("'{Path}' did not arrive whole, sending it again: {Reason}", sending.Target, e.Message);
                file.TemporaryContent = null;

                // To another name: ProFTPD remembers checksums by name, size and second.
                if (checksum is not null)
                {
                    await DeleteTemporaryAsync(file).ConfigureAwait(false);
                    temporary = TakeTemporaryName(file, sending.Directory, out _);
                }
            }
        }
    }

    /// <summary>From here on the server may have the content under its name, whether this program lives to see it or not.</summary>
    private async Task BeginPublishingAsync(FileState file, Sending sending)
    {
        if (sending.Change.Modified is not { } modified)
            return;
        lock (_table.Gate)
        {
            var version = new FileVersion(sending.Length, new RemoteTime(modified, TimeSpan.FromSeconds(1)), null);
            file.Publishing = version;
            _records.PublicationBegins(sending.Target, version);
        }

        await IsWrittenQuietlyAsync().ConfigureAwait(false);
    }

    /// <summary>It is known what the server has under the name.</summary>
    private void EndPublishing(FileState file, RemotePath path)
    {
        lock (_table.Gate)
        {
            if (file.Publishing is null)
                return;
            file.Publishing = null;
            _records.PublicationEnds(path);
        }
    }

    private async Task<RemoteEntry?> SendInPlaceAsync(FileState file, Sending sending, RemotePath path, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var checksum = await StoreAsync(file, path, sending, cancellationToken).ConfigureAwait(false);
            if (sending.Staging.ChangeCount != sending.ChangeCount)
                return null;
            if (sending.Change.Mode is not null || sending.Change.Modified is not null)
                await SetQuietlyAsync(path, sending.Change, cancellationToken).ConfigureAwait(false);
            if (checksum is not null)
            {
                try
                {
                    await CompareAsync(path, checksum, cancellationToken).ConfigureAwait(false);
                }
                catch (RemoteException e) when (e.Error == RemoteError.ServerFailure && attempt == 1)
                {
                    _logger.LogWarning("'{Path}' did not arrive whole, sending it again: {Reason}", path, e.Message);
                    continue;
                }
            }

            var entry = await _remote.StatAsync(path, Lane.Write, cancellationToken).ConfigureAwait(false);
            if (entry.Size is null || entry.Size == sending.Length)
                return entry;
            if (attempt > 1)
            {
                throw new RemoteException(
                    RemoteError.ServerFailure, $"'{path}' has {entry.Size} bytes on the server, {sending.Length} were sent.")
                { Path = path };
            }
        }
    }

    /// <returns>What the stored file must have; null when that is not to be compared.</returns>
    private async Task<StoredChecksum?> StoreAsync(FileState file, RemotePath path, Sending sending, CancellationToken cancellationToken)
    {
        var content = sending.Staging.OpenForUpload();
        await using (content.ConfigureAwait(false))
        {
            var progress = new UploadProgress(file, 0, null, moved => Progressed?.Invoke(moved));
            using var checksum = _options.VerifyChecksums ? NewChecksum(content.Length) : null;
            var sent = await _remote.StoreAsync(path, checksum is null ? content : new ChecksumStream(content, checksum), StoreMode.Whole, 0, progress, Lane.Write, cancellationToken).ConfigureAwait(false);
            return checksum is null ? null : new StoredChecksum(checksum.Algorithm, checksum.Finish(), sent);
        }
    }

    /// <summary>Where the server gave other bits than were asked for and it was not told them, it is told now, and they are remembered for the next file.</summary>
    private async Task<RemoteEntry> CorrectModeAsync(Sending sending, RemoteEntry entry, CancellationToken cancellationToken)
    {
        entry = entry with { Size = entry.Size ?? sending.Length };
        if (sending.Change.Mode is not null || sending.WantedMode is not { } wanted || entry.Mode is not { } given || given == wanted)
            return entry;
        lock (_table.Gate)
            _bitsOfNewFiles = given;
        if ((_remote.Capabilities & RemoteCapabilities.SetMode) == 0)
            return entry;
        var set = await SetQuietlyAsync(sending.Target, new RemoteAttributeChange { Mode = wanted }, cancellationToken).ConfigureAwait(false);
        return set ? entry with { Mode = wanted } : entry;
    }

    /// <summary>The content is on the server. What was set here since the upload began is returned, to be sent after it.</summary>
    private RemoteAttributeChange? Finish(Node node, FileState file, Sending sending, RemoteEntry entry)
    {
        var version = EntryMerge.VersionOf(entry);

        // The same name, size and second may name another content in the cache.
        _content.Forget(sending.Target);
        lock (_table.Gate)
        {
            var before = _table.AttributesOf(node);
            sending.Staging.MarkClean(sending.ChangeCount, version);
            file.UploadedChangeCount = sending.ChangeCount;
            Done++;
            BytesUploaded += sending.Length;
            RemoteAttributeChange? leftOver = null;
            if (!file.IsDirty)
            {
                if (node.AttributeSequence != sending.AttributeSequence)
                    leftOver = Later(node, sending);
                if (entry.Modified is not null)
                    node.LocalModified = null;
                // Unless the server has just turned out to set none.
                var sentUnseen = sending.Change.Mode is not null && entry.Mode is null && (_remote.Capabilities & RemoteCapabilities.SetMode) != 0;
                node.LocalMode = sentUnseen ? sending.Change.Mode : null;
            }

            // What was put there as a whole has no name but this one.
            _table.Publish(node, entry with { LinkCount = entry.LinkCount ?? 1 });
            if (file.IsDirty)
                _records.Update(node);
            if (file.KernelVersion is not null)
                file.KernelVersion = version;
            var after = _table.AttributesOf(node);
            if (after != before)
                _table.Observer?.InvalidateNode(node.Id, -1, 0);
            return leftOver;
        }
    }

    private static RemoteAttributeChange? Later(Node node, Sending sending)
    {
        var mode = node.LocalMode != sending.WantedMode ? node.LocalMode : null;
        var sent = sending.Change.Modified?.UtcDateTime;
        DateTimeOffset? modified = node.LocalModified is { } time && time != sent ? new DateTimeOffset(time, TimeSpan.Zero) : null;
        return mode is null && modified is null ? null : new RemoteAttributeChange { Mode = mode, Modified = modified };
    }

    private async Task SendLateAttributesAsync(Node node, Sending sending, RemoteAttributeChange change, CancellationToken cancellationToken)
    {
        if (!await SetQuietlyAsync(sending.Target, change, cancellationToken).ConfigureAwait(false))
            return;
        lock (_table.Gate)
        {
            if (node.Deleted || node.Remote is not { } known || node.IsLocal)
                return;
            _table.Publish(node, known with
            {
                Mode = known.Mode is null ? null : change.Mode ?? known.Mode,
                Modified = change.Modified is { } time ? new RemoteTime(time, TimeSpan.FromSeconds(1)) : known.Modified,
            });
            if (known.Mode is null && change.Mode is not null)
                node.LocalMode = change.Mode;
        }
    }

    private async Task<bool> SetQuietlyAsync(RemotePath path, RemoteAttributeChange change, CancellationToken cancellationToken)
    {
        try
        {
            await _remote.SetAttributesAsync(path, change, Lane.Write, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RemoteException e) when (e.Error is RemoteError.Unsupported or RemoteError.AccessDenied)
        {
            // The content is there; what the server does not let be set is shown as the server has it.
            return false;
        }
    }

    /// <summary>The temporary path beside the target, hidden from listings from now on.</summary>
    private RemotePath TakeTemporaryName(FileState file, Node directory, out (Node Directory, string Name)? abandoned)
    {
        lock (_table.Gate)
        {
            abandoned = null;
            if (file.TemporaryName is not null && file.TemporaryDirectory != directory)
            {
                abandoned = (file.TemporaryDirectory!, file.TemporaryName);
                GiveUpTemporaryName(file);
            }

            var path = _table.PathOf(directory);
            if (file.TemporaryName is null)
            {
                file.TemporaryName = TemporaryName("part");
                file.TemporaryDirectory = directory;
                directory.Directory!.Hidden[file.TemporaryName] = null;
                _records.RemnantBegins(path.Combine(file.TemporaryName), null);
            }

            return path.Combine(file.TemporaryName);
        }
    }

    /// <summary>A name of this program's own, that no other mount will choose.</summary>
    public static string TemporaryName(string purpose) =>
        string.Create(CultureInfo.InvariantCulture, $"{TemporaryPrefix}{RandomNumberGenerator.GetHexString(16, lowercase: true)}.{purpose}");

    /// <summary>Whether a name can only be of this program's making.</summary>
    public static bool IsTemporaryName(string name) =>
        name.StartsWith(TemporaryPrefix, StringComparison.Ordinal)
        && (name.EndsWith(".part", StringComparison.Ordinal) || name.EndsWith(".deleted", StringComparison.Ordinal));

    /// <summary>What had the temporary name has another now.</summary>
    private void TemporaryNameEnds(FileState file)
    {
        lock (_table.Gate)
        {
            if (file.TemporaryName is not { } name)
                return;
            EndTemporaryName(file.TemporaryDirectory!, name);
            GiveUpTemporaryName(file);
        }
    }

    /// <summary>The name is not used any more. As it may still be on the server, it stays hidden, and the journal goes on to know it. Called under the gate.</summary>
    private static void GiveUpTemporaryName(FileState file)
    {
        file.TemporaryName = null;
        file.TemporaryDirectory = null;
        file.TemporaryContent = null;
    }

    /// <summary>Removes what an upload that is not to go on has left under its temporary name.</summary>
    public async ValueTask DeleteTemporaryAsync(FileState file)
    {
        await EndStreamAsync(file, null, CancellationToken.None).ConfigureAwait(false);
        Node directory;
        string name;
        lock (_table.Gate)
        {
            if (file.TemporaryName is null)
                return;
            (directory, name) = (file.TemporaryDirectory!, file.TemporaryName);
            GiveUpTemporaryName(file);
        }

        await RemoveTemporaryAsync(directory, name).ConfigureAwait(false);
    }

    private async ValueTask RemoveTemporaryAsync(Node directory, string name)
    {
        RemotePath path;
        lock (_table.Gate)
            path = _table.PathOf(directory).Combine(name);
        var removal = await DeleteQuietlyAsync(path).ConfigureAwait(false);
        lock (_table.Gate)
        {
            if (removal == Removal.Done)
                EndTemporaryName(directory, name);
            else if (removal == Removal.NotThere)
                RemoveLater(directory, name);
        }
    }

    private async ValueTask<Removal> DeleteQuietlyAsync(RemotePath path)
    {
        try
        {
            await _remote.DeleteFileAsync(path, Lane.Write, _stopping).ConfigureAwait(false);
            return Removal.Done;
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            return Removal.NotThere;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogDebug(e, "The temporary file '{Path}' may be left behind until the next mount", path);
            return Removal.Failed;
        }
    }

    /// <summary>A journal that cannot be written, because the disk is full, must not keep content from leaving the disk.</summary>
    private async ValueTask IsWrittenQuietlyAsync()
    {
        try
        {
            await _records.Journal.WrittenAsync(_records.Journal.Sequence, _stopping).ConfigureAwait(false);
        }
        catch (JournalException e)
        {
            _logger.LogDebug(e, "A temporary name on the server is not noted");
        }
    }

    private static void HoldWriters(FileState file)
    {
        lock (file.WriteGate)
            file.WritersHeld ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static void ReleaseWriters(FileState file)
    {
        TaskCompletionSource? held;
        lock (file.WriteGate)
        {
            held = file.WritersHeld;
            file.WritersHeld = null;
        }

        held?.SetResult();
    }
}
