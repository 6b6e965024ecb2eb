using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// A small change of a large file that the server has: only what was written is sent, over what is there, and the rest of the file need not come here. It is not one step: the journal
/// knows before that what the server has from then on is a mixture of this program's making, and keeps what was written until all of it is there; after a cut it is written again.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>A smaller file is sent whole as soon, in one step.</summary>
    private const long WorthPatching = 1 << 20;

    /// <summary>So much, and no larger a part of the file than a quarter, is written in place.</summary>
    private const long LargestPatch = 64 << 20;

    private const int MostPatchedRanges = 64;

    private bool _serverPatches;

    /// <summary>Writes what was changed over what the server has, where that may be done.</summary>
    /// <returns>Whether it was done. When not, nothing has changed there.</returns>
    private async Task<bool> TryPatchAsync(Node node, FileState file, StagingFile staging, CancellationToken cancellationToken)
    {
        if (!MayPatch(node, file, staging))
            return false;

        // What is read for sending must be of one moment, and what is done must be found again.
        HoldWriters(file);
        var sending = Snapshot(node, staging);
        var ranges = staging.ChangedRanges();
        if (!IsWorthPatching(ranges, sending.Length) || await PresentAsync(sending.Target, cancellationToken).ConfigureAwait(false) is not { } present
            || !IsPatchable(file, sending, present) || !await ServerPatchesAsync(sending.Directory, cancellationToken).ConfigureAwait(false))
        {
            ReleaseWriters(file);
            return false;
        }

        lock (_table.Gate)
        {
            file.HasPartial = true;
            _records.PartialBegins(sending.Target);
        }

        await IsWrittenQuietlyAsync().ConfigureAwait(false);
        var isFirst = true;
        var before = 0L;
        foreach (var range in ranges)
        {
            try
            {
                var content = staging.OpenRange(range);
                await using (content.ConfigureAwait(false))
                {
                    var progress = new UploadProgress(file, before, null, moved => Progressed?.Invoke(moved));
                    await _remote.StoreAsync(sending.Target, content, StoreMode.Patch, range.Start, progress, Lane.Write, _stopping).ConfigureAwait(false);
                }
            }
            catch (RemoteException e) when (isFirst && e.Error is RemoteError.Unsupported or RemoteError.AccessDenied or RemoteError.NotFound)
            {
                _logger.LogDebug(e, "'{Path}' cannot be changed in place", sending.Target);
                EndPartial(file, sending.Target);
                ReleaseWriters(file);
                return false;
            }

            isFirst = false;
            before += range.Length;
        }

        if (sending.Change.Mode is not null || sending.Change.Modified is not null)
            await SetQuietlyAsync(sending.Target, sending.Change, _stopping).ConfigureAwait(false);
        var entry = await _remote.StatAsync(sending.Target, Lane.Write, _stopping).ConfigureAwait(false);
        if (entry.Size is { } size && size != sending.Length)
        {
            throw new RemoteException(RemoteError.ServerFailure, $"'{sending.Target}' has {size} bytes on the server after it was changed there, not {sending.Length}.")
            { Path = sending.Target };
        }

        // Written where it is, it keeps its further names.
        entry = entry with { Size = entry.Size ?? sending.Length, LinkCount = entry.LinkCount ?? node.Remote?.LinkCount };
        EndPartial(file, sending.Target);
        if (FinishCopy(node, file, sending, entry))
        {
            BytesUploaded += before;
            return true;
        }

        // Written to meanwhile: that goes the same way, over what is there now.
        lock (_table.Gate)
            _records.Update(node);
        return await TryPatchAsync(node, file, staging, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the server does it, tried out once. The file for that is known to the journal, and hidden, as other temporary files are.</summary>
    private async Task<bool> ServerPatchesAsync(Node directory, CancellationToken cancellationToken)
    {
        if (_serverPatches)
            return true;
        RemotePath trial;
        var name = TemporaryName("part");
        lock (_table.Gate)
        {
            trial = _table.PathOf(directory).Combine(name);
            directory.Directory!.Hidden[name] = null;
            _records.RemnantBegins(trial, null);
        }

        await IsWrittenQuietlyAsync().ConfigureAwait(false);
        var isGone = false;
        try
        {
            _serverPatches = await _remote.CanPatchAsync(trial, Lane.Write, cancellationToken).ConfigureAwait(false);
            isGone = true;
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            _logger.LogDebug(e, "It could not be tried whether '{Directory}' takes changes in place", trial.Parent);
            isGone = await DeleteQuietlyAsync(trial).ConfigureAwait(false) != Removal.Failed;
        }
        finally
        {
            lock (_table.Gate)
            {
                // What may be there still stays hidden, and goes with the next mount.
                if (isGone)
                {
                    _records.RemnantEnds(trial);
                    directory.Directory!.Hidden.Remove(name);
                    directory.Directory.Touch(name, isPresent: false, null);
                }
            }
        }

        return _serverPatches;
    }

    private bool MayPatch(Node node, FileState file, StagingFile staging)
    {
        lock (_table.Gate)
        {
            // A file that was shortened has lost its end there only when it is sent whole.
            return _options is { Upload: VfsUploadMode.Auto, VerifyChecksums: false } && (_remote.Capabilities & RemoteCapabilities.Patch) != 0
                && node.Remote is { Size: >= WorthPatching } remote && staging.VisibleBase == remote.Size && !staging.IsWhole && !file.IsBaseLost;
        }
    }

    private static bool IsWorthPatching(IReadOnlyList<ByteRange> ranges, long length) =>
        ranges is { Count: > 0 and <= MostPatchedRanges } && ranges.Sum(r => r.Length) <= Math.Min(LargestPatch, length / 4);

    /// <summary>Whether what the server has is what the edit began with, or a mixture that an earlier attempt has made of it.</summary>
    private bool IsPatchable(FileState file, Sending sending, RemoteEntry present)
    {
        if (present.Kind != RemoteKind.File || sending.Base is not { } known)
            return false;
        lock (_table.Gate)
        {
            return EntryMerge.VersionOf(present).IsSameAs(known)
                || (file.HasPartial && present.Size >= known.Size && present.Size <= sending.Length
                    && (present.UniqueId is null || known.UniqueId is null || present.UniqueId == known.UniqueId));
        }
    }
}
