using System.Buffers;

namespace FtpMount.Vfs.Content;

/// <content>Sending the file while it is being written (<see cref="StagingFollower"/>).</content>
public sealed partial class StagingFile
{
    private SentPrefix? _sent;
    private StagingFollower? _follower;
    private TaskCompletionSource? _awaited;
    private long _awaitedEnd;
    private long _writtenInOrder;

    /// <summary>Up to where the file was written without a gap from its beginning on; 0 as long as a base shows through.</summary>
    internal long WrittenInOrder => Volatile.Read(ref _writtenInOrder);

    /// <summary>Reads the file for sending, from where an earlier sending ended. The file is whole, or has no base.</summary>
    /// <param name="sent">What was handed out before, from the first byte on; a new one to begin at the beginning.</param>
    /// <param name="from">Where to begin; not behind the end of <paramref name="sent"/>.</param>
    /// <param name="patience">How long a writer may write nothing while it is waited for.</param>
    /// <param name="time">The clock for that.</param>
    /// <returns>Null when what was handed out before has been changed, or is that of another sending.</returns>
    /// <exception cref="InvalidOperationException">The local file is not whole: <see cref="FillAsync"/> first.</exception>
    /// <exception cref="IOException">The local disk failed.</exception>
    internal StagingFollower? Follow(SentPrefix sent, long from, TimeSpan patience, TimeProvider time)
    {
        _gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (NeedsBase(0, _length))
                throw new InvalidOperationException("The staging file is not whole.");
            if (sent.IsBroken || from > sent.End || (sent.End > 0 && sent != _sent))
                return null;
            var handle = File.OpenHandle(LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            sent.End = from;
            _sent = sent;
            return _follower = new StagingFollower(this, handle, sent, patience, time);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>No more than this is to be sent: its reader does not wait any more. Nothing happens when the end is set already, unless it is set further to the front.</summary>
    internal void EndFollowing(SentPrefix sent, long length)
    {
        _gate.EnterWriteLock();
        try
        {
            if (sent.EndsAt < 0 || length < sent.EndsAt)
                sent.EndsAt = Math.Max(length, sent.End);
            if (_sent == sent)
                Awake();
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>The next bytes that may be sent are not changed from now on without it being noted.</summary>
    /// <param name="follower">Its reader.</param>
    /// <param name="wanted">The most bytes.</param>
    /// <param name="wait">When there are none, but may be: completes when there are <paramref name="wanted"/>, or will not be.</param>
    /// <returns>How many bytes from the reader's position on.</returns>
    internal int HandOut(StagingFollower follower, int wanted, out Task? wait)
    {
        wait = null;
        _gate.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            var sent = follower.Sent;
            if (sent.IsBroken || follower != _follower)
                return 0;
            var isEnding = sent.EndsAt >= 0;
            var available = (isEnding ? Math.Min(sent.EndsAt, _length) : _writtenInOrder) - follower.Position;
            if (!isEnding && available < wanted)
            {
                _awaitedEnd = follower.Position + wanted;
                _awaited ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                wait = _awaited.Task;
                return 0;
            }

            var count = (int)Math.Clamp(available, 0, wanted);
            if (follower.Position + count > sent.End)
                sent.End = follower.Position + count;
            return count;
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Its reader is through.</summary>
    internal void Unfollow(StagingFollower follower)
    {
        _gate.EnterWriteLock();
        if (_follower == follower)
            _follower = null;
        _gate.ExitWriteLock();
    }

    /// <summary>Takes the checksum of the local file's beginning.</summary>
    /// <exception cref="IOException">The local disk failed.</exception>
    internal void AppendTo(ContentChecksum checksum, long length)
    {
        if (length == 0)
            return;
        var buffer = ArrayPool<byte>.Shared.Rent(ChecksumPiece);
        try
        {
            using var handle = File.OpenHandle(LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            for (var position = 0L; position < length;)
            {
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), position);
                if (read == 0)
                    throw new IOException($"The staging file {LocalPath} was shortened while it was being sent.");
                checksum.Append(buffer.AsSpan(0, read));
                position += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Bytes from an offset on are about to change. Called under the gate.</summary>
    private void NoteChangeFrom(long offset)
    {
        if (_sent is not { IsBroken: false } sent || offset >= sent.End)
            return;
        sent.IsBroken = true;
        Awake();
    }

    /// <summary>A range is written. Called under the gate.</summary>
    private void NoteWrittenInOrder(long offset)
    {
        if (_visibleBase > 0 || offset > _writtenInOrder)
            return;
        Volatile.Write(ref _writtenInOrder, _local.EndOfRangeAt(0));
        if (_awaited is not null && _writtenInOrder >= _awaitedEnd)
            Awake();
    }

    private void Awake()
    {
        _awaited?.TrySetResult();
        _awaited = null;
    }
}
