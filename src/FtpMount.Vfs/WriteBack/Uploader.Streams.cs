using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// A large file that is written from its beginning on is sent to its temporary name while it is being written, so that little is left to be sent when it is closed. It is only
/// ever a head start: the upload proper goes on from what the server has got of it, or sends everything. So whatever stands in its way ends it: a write behind what was sent, a writer
/// that pauses, a directory that is to be renamed, an error.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>A smaller file is sent as soon when it is closed, and most files that are written again are smaller.</summary>
    private const long WorthStreaming = 4 << 20;

    /// <summary>Files that are sent while they are being written at one time: each holds a connection for as long as its writer takes.</summary>
    private const int MostStreams = 2;

    /// <summary>A writer that writes nothing for so long does not hold a connection any more.</summary>
    private static readonly TimeSpan WriterPatience = TimeSpan.FromSeconds(2);

    /// <summary>Under the table's gate.</summary>
    private readonly List<StreamedUpload> _streams = [];

    /// <summary>A file was written to: when enough of it is there, it is sent from now on. Called under the gate.</summary>
    public void NoteWritten(Node node)
    {
        var file = node.File!;
        if (file.Staging is not { WrittenInOrder: >= WorthStreaming } staging || file.StreamsTried == staging.WrittenInOrder / WorthStreaming)
            return;

        // Not at every write, when it cannot be now.
        file.StreamsTried = staging.WrittenInOrder / WorthStreaming;
        if (file.Stream is null && file.Upload is null && file is { Failures: 0, UploadedChangeCount: < 0 } && !_disposed && !node.Deleted
            && node.Remote is not { LinkCount: > 1 } && _options.Upload != VfsUploadMode.Direct && !node.Parent!.Directory!.StoresDirectly && _streams.Count < StreamRoom())
        {
            TryStream(node, file, staging);
        }
    }

    /// <summary>A directory is about to be moved: what is being sent to it ends where it is, so that nobody waits for those who write. Called under the gate.</summary>
    public void MakeWay(Node moving)
    {
        foreach (var stream in _streams)
        {
            if (stream.Directory.IsAtOrBelow(moving))
                stream.Content.Staging.EndFollowing(stream.Content.Sent, 0);
        }
    }

    /// <summary>Nobody has the file open for writing any more: what was sent while it was written is completed without waiting for quiet.</summary>
    public void Released(Node node)
    {
        lock (_table.Gate)
        {
            if (node is { Deleted: false, File: { IsDirty: true, Failures: 0, TemporaryContent: not null } file } && !file.IsOpenForWriting)
                Schedule(node, TimeSpan.Zero);
        }
    }

    /// <summary>How many files may be sent while they are written: whoever writes may be reading from the same server.</summary>
    private int StreamRoom() => _remote.Statistics.ConnectionLimit switch
    {
        0 => MostStreams,
        < 3 => 0,
        3 => 1,
        _ => MostStreams,
    };

    private void TryStream(Node node, FileState file, StagingFile staging)
    {
        var directory = node.Parent!;
        if (file.TemporaryName is not null && file.TemporaryDirectory != directory)
            return;
        var content = file.TemporaryContent;
        if (content is null)
        {
            content = new TemporaryContent(staging);
        }
        else if (!content.IsBeginningOf(staging) || content.Confirmed < 0 || staging.WrittenInOrder - content.Confirmed < WorthStreaming
            || (_remote.Capabilities & RemoteCapabilities.ResumeStore) == 0)
        {
            // It was not written in order after all, or was cut off.
            return;
        }

        if (_locks.TryUsePath(directory) is not { } use)
            return;
        content.Sent.EndsAt = -1;
        file.TemporaryContent = content;
        var stream = new StreamedUpload(directory, content, CancellationTokenSource.CreateLinkedTokenSource(_stopping));
        file.Stream = stream;
        _streams.Add(stream);
        node.Pins++;
        node.ContentUsers++;
        stream.Running = Task.Run(() => StreamAsync(node, file, stream, use), CancellationToken.None);
        Track(stream.Running);
    }

    private async Task StreamAsync(Node node, FileState file, StreamedUpload stream, IDisposable use)
    {
        try
        {
            using (use)
            {
                var temporary = TakeTemporaryName(file, stream.Directory, out _);
                await IsWrittenQuietlyAsync().ConfigureAwait(false);
                await StoreContentAsync(file, temporary, stream.Content, Math.Max(0, stream.Content.Confirmed), _options.VerifyChecksums, stream.Cancellation.Token)
                    .ConfigureAwait(false);
            }
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogDebug(e, "'{Name}' is not sent while it is being written any more", node.Name);
        }

        lock (_table.Gate)
        {
            file.Stream = null;
            _streams.Remove(stream);
            node.Pins--;
            node.ContentUsers--;
        }

        stream.Cancellation.Dispose();
        if (node.Deleted)
            await DeleteTemporaryAsync(file).ConfigureAwait(false);
        await CloseStagingAsync(node).ConfigureAwait(false);
    }

    /// <summary>Returns when nothing of the file is being sent while it is written any more: all up to a length is sent, or it is broken off.</summary>
    private async Task EndStreamAsync(FileState file, long? length, CancellationToken cancellationToken)
    {
        StreamedUpload? stream;
        lock (_table.Gate)
        {
            stream = file.Stream;
            if (stream is not null && length is { } end)
                stream.Content.Staging.EndFollowing(stream.Content.Sent, end);
        }

        if (stream is null)
            return;
        if (length is null)
        {
            // In order, where that is soon done: a server may make the file of a transfer that was broken off after it has been told to delete it.
            stream.Content.Staging.EndFollowing(stream.Content.Sent, 0);
            if (await Task.WhenAny(stream.Running, Task.Delay(WriterPatience, _clock.Time, cancellationToken)).ConfigureAwait(false) != stream.Running)
                Cancel(stream.Cancellation);
        }

        await stream.Running.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Brings to the temporary file what it does not have yet of the content.</summary>
    /// <returns>What the stored file must have; null when that is not to be compared.</returns>
    private async Task<StoredChecksum?> StoreToTemporaryAsync(FileState file, RemotePath temporary, Sending sending, CancellationToken cancellationToken)
    {
        var checks = _options.VerifyChecksums;
        var content = file.TemporaryContent;
        var from = 0L;
        if (content is not null && content.IsBeginningOf(sending.Staging))
        {
            from = content.Confirmed;
            if (from < 0)
            {
                // It was cut off: the server knows how much came. What it holds is compared, where it can be.
                from = await ArrivedAsync(temporary, content, cancellationToken).ConfigureAwait(false);
                checks |= from > 0;
            }

            if (from > sending.Length || (from < sending.Length && (_remote.Capabilities & RemoteCapabilities.ResumeStore) == 0))
                from = 0;
        }

        if (from > 0 && from == sending.Length && content!.Confirmed == from && (!checks || content.Checksum is not null))
            return content.Checksum;
        if (from == 0 || from > content!.Sent.End)
        {
            from = 0;
            content = new TemporaryContent(sending.Staging);
            file.TemporaryContent = content;
        }

        content.Sent.EndsAt = sending.Length;
        try
        {
            await StoreContentAsync(file, temporary, content, from, checks, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException e) when (from > 0 && e.Error is RemoteError.Unsupported or RemoteError.NotFound or RemoteError.AccessDenied)
        {
            _logger.LogDebug(e, "'{Path}' cannot be continued and is sent from its beginning on", sending.Target);
            file.TemporaryContent = content = new TemporaryContent(sending.Staging);
            content.Sent.EndsAt = sending.Length;
            await StoreContentAsync(file, temporary, content, 0, checks, cancellationToken).ConfigureAwait(false);
        }

        return content.Checksum;
    }

    /// <summary>How much of the content the server holds after a sending was cut off.</summary>
    private async Task<long> ArrivedAsync(RemotePath temporary, TemporaryContent content, CancellationToken cancellationToken)
    {
        if (content.Reported < WorthStreaming || (_remote.Capabilities & RemoteCapabilities.ResumeStore) == 0)
            return 0;
        var present = await PresentAsync(temporary, cancellationToken).ConfigureAwait(false);
        return present is { Kind: RemoteKind.File, Size: { } size } ? Math.Min(size, content.Reported) : 0;
    }

    /// <summary>Sends content to a temporary file until its end, from where the file ends there.</summary>
    private async Task StoreContentAsync(
        FileState file, RemotePath temporary, TemporaryContent content, long from, bool checks, CancellationToken cancellationToken)
    {
        content.Confirmed = -1;
        content.Reported = from;
        content.Checksum = null;
        var follower = content.Staging.Follow(content.Sent, from, WriterPatience, _clock.Time);
        if (follower is null)
        {
            // It was changed just now: whoever sends it sees that.
            content.Sent.IsBroken = true;
            return;
        }

        await using (follower.ConfigureAwait(false))
        {
            using var checksum = checks ? NewChecksum(follower.Length) : null;
            if (checksum is not null)
                content.Staging.AppendTo(checksum, from);
            var progress = new UploadProgress(file, from, content, moved => Progressed?.Invoke(moved));
            Stream source = checksum is null ? follower : new ChecksumStream(follower, checksum);
            var sent = await _remote
                .StoreAsync(temporary, source, from == 0 ? StoreMode.Whole : StoreMode.Resume, from, progress, Lane.Write, cancellationToken)
                .ConfigureAwait(false);
            if (checksum is not null)
                content.Checksum = new StoredChecksum(checksum.Algorithm, checksum.Finish(), from + sent);
            content.Confirmed = from + sent;
        }
    }
}
