using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// An upload whose content is on the server already, as another file: the server copies it to the temporary name, and the rest goes as ever. The source is looked at after
/// the copy: when it is still the version that the program reads, the copy is that version. Whatever stands in the way, the answer is no and the bytes are copied here.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>Makes the whole content of one file that of another, which is empty here.</summary>
    /// <param name="source">A file without changes of its own; kept in the table by the caller.</param>
    /// <param name="version">What the program sees of it.</param>
    /// <param name="target">The file; kept in the table by the caller.</param>
    /// <param name="cancellationToken">Ends the waiting; what was begun goes on.</param>
    /// <returns>Whether it was done. When not, nothing has changed here.</returns>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async ValueTask<bool> TryCopyAsync(Node source, FileVersion version, Node target, CancellationToken cancellationToken)
    {
        var done = false;
        Task<VfsError> upload;
        lock (_table.Gate)
        {
            var file = target.File!;
            if (_disposed || _options.Upload == VfsUploadMode.Direct || target.Deleted || source.Deleted || file is not { Upload: null, Staging: { Length: 0 } staging }
                || target.Parent!.Directory!.StoresDirectly || _locks.TryUsePath(source) is not { } use)
            {
                return false;
            }

            upload = Start(target, file, async token =>
            {
                using (use)
                    done = await CopyAsync(source, version, target, file, staging, token).ConfigureAwait(false);
            });
        }

        await upload.WaitAsync(cancellationToken).ConfigureAwait(false);
        await IsWrittenQuietlyAsync().ConfigureAwait(false);
        return done;
    }

    private async Task<bool> CopyAsync(
        Node source, FileVersion version, Node target, FileState file, StagingFile staging, CancellationToken cancellationToken)
    {
        HoldWriters(file);
        try
        {
            RemotePath from;
            lock (_table.Gate)
                from = _table.PathOf(source);
            var sending = Snapshot(target, staging) with { Length = version.Size };
            if (staging.Length != 0)
                return false;

            // A copy may have the bits of its source instead of those of a new file.
            if ((_remote.Capabilities & RemoteCapabilities.SetMode) != 0)
                sending = sending with { Change = sending.Change with { Mode = sending.WantedMode } };
            await EndStreamAsync(file, null, cancellationToken).ConfigureAwait(false);
            var temporary = TakeTemporaryName(file, sending.Directory, out var abandoned);
            file.TemporaryContent = null;
            if (abandoned is { } old)
                await RemoveTemporaryAsync(old.Directory, old.Name).ConfigureAwait(false);
            await IsWrittenQuietlyAsync().ConfigureAwait(false);
            await _remote.CopyAsync(from, temporary, version.Size, Lane.Write, cancellationToken).ConfigureAwait(false);
            var now = await _remote.StatAsync(from, Lane.Write, cancellationToken).ConfigureAwait(false);
            if (now.Kind == RemoteKind.File && EntryMerge.VersionOf(now).IsSameAs(version) && staging.ChangeCount == sending.ChangeCount
                && await HasBaseAsync(sending, cancellationToken).ConfigureAwait(false))
            {
                var entry = await _remote.PublishAsync(temporary, sending.Target, version.Size, sending.Change, Lane.Write, _stopping).ConfigureAwait(false);
                TemporaryNameEnds(file);
                entry = entry with { Size = entry.Size ?? version.Size };
                return FinishCopy(target, file, sending, entry);
            }
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogDebug(e, "'{Source}' is not copied on the server", source.Name);
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            ReleaseWriters(file);
        }

        await DeleteTemporaryAsync(file).ConfigureAwait(false);
        return false;
    }

    /// <summary>The target is on the server: what was its staging file is not needed any more.</summary>
    private bool FinishCopy(Node target, FileState file, Sending sending, RemoteEntry entry)
    {
        var version = EntryMerge.VersionOf(entry);
        EndPartial(file, sending.Target);
        _content.Forget(sending.Target);
        lock (_table.Gate)
        {
            bool isWhole;
            lock (file.WriteGate)
            {
                isWhole = file.Staging == sending.Staging && sending.Staging.ChangeCount == sending.ChangeCount;
                if (isWhole)
                {
                    sending.Staging.MarkClean(sending.ChangeCount, version);
                    sending.Staging.Discard();
                    file.Retire(sending.Staging);
                    file.Staging = null;
                }
            }

            Done++;
            if (isWhole)
            {
                if (entry.Modified is not null && target.AttributeSequence == sending.AttributeSequence)
                    target.LocalModified = null;
                target.LocalMode = sending.Change.Mode is not null && entry.Mode is null && (_remote.Capabilities & RemoteCapabilities.SetMode) != 0 ? sending.Change.Mode : null;
                foreach (var handle in file.Handles)
                    handle.IsStale = true;
            }

            _table.Publish(target, entry);
            if (isWhole && file.KernelVersion is not null)
                file.KernelVersion = version;
            return isWhole;
        }
    }
}
