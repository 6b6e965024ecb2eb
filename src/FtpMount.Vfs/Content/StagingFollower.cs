using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>
/// A staging file as it is sent, possibly while it is still being written: a read past what has been written in one piece from the beginning on waits for the writer, until
/// it is known where the content ends (<see cref="StagingFile.EndFollowing"/>) or nothing was written for a while, which ends the stream where it is. It ends early, too, when
/// something that it has handed out is changed (<see cref="SentPrefix.IsBroken"/>). Read by one reader at a time, on whose thread the local disk is read.
/// </summary>
internal sealed class StagingFollower : Stream
{
    private readonly StagingFile _staging;
    private readonly SafeFileHandle _handle;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;

    /// <param name="staging">The file.</param>
    /// <param name="handle">The local file; owned.</param>
    /// <param name="sent">What has been handed out.</param>
    /// <param name="patience">How long a writer may write nothing.</param>
    /// <param name="time">The clock for that.</param>
    public StagingFollower(StagingFile staging, SafeFileHandle handle, SentPrefix sent, TimeSpan patience, TimeProvider time)
    {
        _staging = staging;
        _handle = handle;
        _patience = patience;
        _time = time;
        Sent = sent;
        Position = sent.End;
    }

    /// <summary>What it has handed out.</summary>
    public SentPrefix Sent { get; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>The length that the content has now, or is known to have.</summary>
    public override long Length => Sent.EndsAt is >= 0 and var end ? end : _staging.Length;

    /// <summary>The next byte. It may go back, to send again what got lost on the way.</summary>
    public override long Position { get; set; }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = _staging.HandOut(this, buffer.Length, out var wait);
            if (count > 0)
            {
                ReadFromDisk(buffer.Span[..count]);
                return count;
            }

            if (wait is null)
                return 0;
            try
            {
                await wait.WaitAsync(_patience, _time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                _staging.EndFollowing(Sent, _staging.WrittenInOrder);
            }
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Not supported: the writer is waited for.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _staging.Unfollow(this);
            _handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private void ReadFromDisk(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(_handle, destination, Position);
            if (read == 0)
                throw new IOException($"The staging file {_staging.LocalPath} was shortened while it was being sent.");
            destination = destination[read..];
            Position += read;
        }
    }
}
