using System.Buffers;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// A small file that the server does not have is stored under its own name at once, which saves the temporary name and the rename, half of its round trips. The journal knows
/// before that what is there from then on is this program's own: should it be cut off, the part of the file is replaced by the whole, or goes with its name, and is nobody else's version.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>A longer file takes so long that a part of it would be seen, and two more round trips do not count.</summary>
    private const long LargestDirect = 1 << 20;

    private bool MayStoreDirectly(FileState file, Sending sending) =>
        _options is { Upload: VfsUploadMode.Auto, VerifyChecksums: false } && sending.Base is null && sending.Length <= LargestDirect
        && file is { HasPartial: false, TemporaryName: null };

    /// <summary>Stores a new file under its own name.</summary>
    /// <returns>What the server has; null when somebody else has made a file there meanwhile, this one was changed, or the link was lost: it is sent by a temporary name.</returns>
    private async Task<RemoteEntry?> TryStoreDirectlyAsync(Node node, FileState file, Sending sending)
    {
        lock (_table.Gate)
        {
            file.HasPartial = true;
            _records.PartialBegins(sending.Target);
        }

        await BeginPublishingAsync(file, sending).ConfigureAwait(false);
        await IsWrittenQuietlyAsync().ConfigureAwait(false);
        RemoteEntry entry;
        try
        {
            var content = sending.Staging.OpenForUpload();
            await using (content.ConfigureAwait(false))
            {
                var progress = new UploadProgress(file, 0, null, moved => Progressed?.Invoke(moved));

                // Not ended half way when the file is to go: it is short, and what the server makes later would bring it back.
                var sent = new SentContent(content);
                lock (_table.Gate)
                    file.Sent = sent;
                entry = await _remote.StoreNewAsync(sending.Target, sent, sending.Change, progress, Lane.Write, _stopping).ConfigureAwait(false);
            }
        }
        catch (RemoteException e) when (e.Error == RemoteError.AlreadyExists)
        {
            EndPartial(file, sending.Target);
            return null;
        }
        catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut)
        {
            // Sending by a temporary name waits for the link to come back. Whether this left something under the name is looked at before the whole is put there.
            return null;
        }
        catch (RemoteException e) when (e.Error is RemoteError.NoSpace or RemoteError.QuotaExceeded or RemoteError.ServerFailure)
        {
            // A part that will not become the whole so soon.
            if (await DeleteQuietlyAsync(sending.Target).ConfigureAwait(false) != Removal.Failed)
                EndPartial(file, sending.Target);
            throw;
        }
        catch (RemoteException e) when (e.Error is RemoteError.NotFound or RemoteError.AccessDenied or RemoteError.Unsupported or RemoteError.InvalidName or RemoteError.NameTooLong)
        {
            // It was not begun.
            EndPartial(file, sending.Target);
            throw;
        }

        if (sending.Staging.ChangeCount == sending.ChangeCount)
        {
            EndPartial(file, sending.Target);
            return entry;
        }

        TakeAsBase(node, file, sending.Target, entry with { Size = entry.Size ?? sending.Length });
        return null;
    }

    /// <summary>Whether what the server has at the place of a new file is a part of it that an earlier attempt left there.</summary>
    private async Task<bool> IsPartialAsync(FileState file, RemoteEntry present, Sending sending, CancellationToken cancellationToken)
    {
        bool hasPartial;
        SentContent? sent;
        lock (_table.Gate)
        {
            hasPartial = file.HasPartial;
            sent = file.Sent;
        }

        if (!hasPartial || present.Kind != RemoteKind.File)
            return false;
        if (sent is not null && present.Size <= LargestDirect && await IsPartOfAsync(sending.Target, present.Size.Value, sent, cancellationToken).ConfigureAwait(false))
            return true;
        return present.Size < sending.Length && await IsBeginningOfContentAsync(sending.Target, present.Size.Value, sending, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether it is what an attempt has sent, or the beginning of that, though the file was changed since.</summary>
    private async Task<bool> IsPartOfAsync(RemotePath path, long size, SentContent sent, CancellationToken cancellationToken)
    {
        var stored = new SentContent(Stream.Null);
        var buffer = ArrayPool<byte>.Shared.Rent(ComparePiece);
        try
        {
            var reader = await _remote.OpenReadAsync(path, 0, size, Lane.Read, cancellationToken).ConfigureAwait(false);
            await using var closes = reader.ConfigureAwait(false);
            for (var left = size; left > 0;)
            {
                var count = await reader.ReadAsync(buffer.AsMemory(0, (int)Math.Min(ComparePiece, left)), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    return false;
                stored.Append(buffer.AsSpan(0, count));
                left -= count;
            }

            return sent.BeginsWith(stored);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What is under the name from now on is the content itself, or somebody else's.</summary>
    private void EndPartial(FileState file, RemotePath path)
    {
        lock (_table.Gate)
        {
            if (!file.HasPartial)
                return;
            file.HasPartial = false;
            file.Sent = null;
            _records.PartialEnds(path);
        }
    }

    /// <summary>A new file is to lose its name: what an attempt to store it left there goes first. The caller holds the node for the move.</summary>
    /// <exception cref="RemoteException">The server did not remove it.</exception>
    public async ValueTask DeletePartialAsync(Node node)
    {
        RemotePath path;
        FileState file;
        lock (_table.Gate)
        {
            // What the server had before is not in the way: it moves along or goes by itself.
            if (node.File is not { HasPartial: true } state || node.Remote is not null)
                return;
            file = state;
            path = _table.PathOf(node);
        }

        try
        {
            await _remote.DeleteFileAsync(path, Lane.Interactive, _stopping).ConfigureAwait(false);
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            // Nothing came of it.
        }

        EndPartial(file, path);
    }
}
