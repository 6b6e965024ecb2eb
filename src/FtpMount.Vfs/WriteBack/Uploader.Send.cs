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

    /// <summary>The bits that this server gives a new file, as far as seen.</summary>
    private int _bitsOfNewFiles = NodeTable.DefaultMode(RemoteKind.File);

    /// <summary>What is sent, and with which attributes.</summary>
    private readonly record struct Sending(
        StagingFile Staging, long ChangeCount, long Length, RemotePath Target, Node Directory, RemoteAttributeChange Change, int? WantedMode, long AttributeSequence);

    private async Task SendAsync(Node node, FileState file, CancellationToken cancellationToken)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (attempt > SendsBeforeWritersWait)
                    HoldWriters(file);
                if (!TryPrepare(node, file, out var staging))
                    return;
                await staging.FillAsync(cancellationToken).ConfigureAwait(false);
                var sending = Snapshot(node, staging);
                var entry = await SendOnceAsync(node, file, sending, cancellationToken).ConfigureAwait(false);
                if (entry is null)
                    continue;

                // It is in its place: that is noted whoever wants to end the upload now.
                entry = await CorrectModeAsync(sending, entry, _stopping).ConfigureAwait(false);
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
                staging, staging.ChangeCount, staging.Length, _table.PathOf(node), node.Parent!, change, wanted, node.AttributeSequence);
        }
    }

    /// <summary>Sends the content once. Null when it was changed meanwhile, and what was sent is not it.</summary>
    private async Task<RemoteEntry?> SendOnceAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        if (!sending.Directory.Directory!.StoresDirectly)
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

        var entry = await SendInPlaceAsync(file, sending, cancellationToken).ConfigureAwait(false);
        if (entry is not null)
        {
            lock (_table.Gate)
                sending.Directory.Directory!.StoresDirectly = true;
        }

        return entry;
    }

    private async Task<RemoteEntry?> SendToTemporaryAsync(Node node, FileState file, Sending sending, CancellationToken cancellationToken)
    {
        var temporary = TakeTemporaryName(node, file, sending, out var abandoned);
        if (abandoned is { } old)
            await DeleteQuietlyAsync(old).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var checksum = await StoreAsync(file, temporary, sending, cancellationToken).ConfigureAwait(false);
            if (sending.Staging.ChangeCount != sending.ChangeCount)
                return null;
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (checksum is not null)
                    await CompareAsync(temporary, checksum, cancellationToken).ConfigureAwait(false);
                // Not ended half way when the file is to go: a rename that the server does later would bring it back, or replace what has the name then.
                var entry = await _remote
                    .PublishAsync(temporary, sending.Target, sending.Length, sending.Change, Lane.Write, _stopping)
                    .ConfigureAwait(false);
                lock (_table.Gate)
                    ForgetTemporaryName(file);
                return entry;
            }
            catch (RemoteException e) when (e.Error == RemoteError.ServerFailure && attempt == 1)
            {
                _logger.LogWarning("'{Path}' did not arrive whole, sending it again: {Reason}", sending.Target, e.Message);

                // To another name: ProFTPD remembers checksums by name, size and second.
                if (checksum is not null)
                {
                    await DeleteTemporaryAsync(file).ConfigureAwait(false);
                    temporary = TakeTemporaryName(node, file, sending, out _);
                }
            }
        }
    }

    private async Task<RemoteEntry?> SendInPlaceAsync(FileState file, Sending sending, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var checksum = await StoreAsync(file, sending.Target, sending, cancellationToken).ConfigureAwait(false);
            if (sending.Staging.ChangeCount != sending.ChangeCount)
                return null;
            if (sending.Change.Mode is not null || sending.Change.Modified is not null)
                await SetQuietlyAsync(sending.Target, sending.Change, cancellationToken).ConfigureAwait(false);
            if (checksum is not null)
            {
                try
                {
                    await CompareAsync(sending.Target, checksum, cancellationToken).ConfigureAwait(false);
                }
                catch (RemoteException e) when (e.Error == RemoteError.ServerFailure && attempt == 1)
                {
                    _logger.LogWarning("'{Path}' did not arrive whole, sending it again: {Reason}", sending.Target, e.Message);
                    continue;
                }
            }

            var entry = await _remote.StatAsync(sending.Target, Lane.Write, cancellationToken).ConfigureAwait(false);
            if (entry.Size is null || entry.Size == sending.Length)
                return entry;
            if (attempt > 1)
            {
                throw new RemoteException(
                    RemoteError.ServerFailure, $"'{sending.Target}' has {entry.Size} bytes on the server, {sending.Length} were sent.")
                { Path = sending.Target };
            }
        }
    }

    /// <returns>What the stored file must have; null when that is not to be compared.</returns>
    private async Task<StoredChecksum?> StoreAsync(FileState file, RemotePath path, Sending sending, CancellationToken cancellationToken)
    {
        var content = sending.Staging.OpenForUpload();
        await using (content.ConfigureAwait(false))
        {
            var progress = new UploadProgress(file, () => Progressed?.Invoke());
            using var checksum = ChecksumFor(content, out var checkedContent);
            var sent = await _remote.StoreAsync(path, checkedContent, StoreMode.Whole, 0, progress, Lane.Write, cancellationToken).ConfigureAwait(false);
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

            _table.Publish(node, entry);
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
    private RemotePath TakeTemporaryName(Node node, FileState file, Sending sending, out RemotePath? abandoned)
    {
        lock (_table.Gate)
        {
            abandoned = null;
            if (file.TemporaryName is not null && file.TemporaryDirectory != sending.Directory)
            {
                abandoned = _table.PathOf(file.TemporaryDirectory!).Combine(file.TemporaryName);
                ForgetTemporaryName(file);
            }

            if (file.TemporaryName is null)
            {
                file.TemporaryName = TemporaryName("part");
                file.TemporaryDirectory = node.Parent;
                node.Parent!.Directory!.Hidden[file.TemporaryName] = null;
            }

            return sending.Target.Parent.Combine(file.TemporaryName);
        }
    }

    /// <summary>A name of this program's own, that no other mount will choose.</summary>
    public static string TemporaryName(string purpose) =>
        string.Create(CultureInfo.InvariantCulture, $".ftpmount-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.{purpose}");

    private static void ForgetTemporaryName(FileState file)
    {
        if (file.TemporaryName is not { } name)
            return;
        file.TemporaryDirectory!.Directory!.Hidden.Remove(name);
        file.TemporaryDirectory.Directory.Touch(name, isPresent: false, null);
        file.TemporaryName = null;
        file.TemporaryDirectory = null;
    }

    /// <summary>Removes what an upload that is not to go on has left under its temporary name.</summary>
    public async ValueTask DeleteTemporaryAsync(FileState file)
    {
        RemotePath path;
        lock (_table.Gate)
        {
            if (file.TemporaryName is null)
                return;
            path = _table.PathOf(file.TemporaryDirectory!).Combine(file.TemporaryName);
        }

        await DeleteQuietlyAsync(path).ConfigureAwait(false);
        lock (_table.Gate)
            ForgetTemporaryName(file);
    }

    private async ValueTask DeleteQuietlyAsync(RemotePath path)
    {
        try
        {
            await _remote.DeleteFileAsync(path, Lane.Write, _stopping).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            if (e is not RemoteException { Error: RemoteError.NotFound })
                _logger.LogDebug(e, "The temporary file '{Path}' may be left behind", path);
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
