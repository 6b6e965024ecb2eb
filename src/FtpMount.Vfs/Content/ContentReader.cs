using System.Runtime.CompilerServices;
using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>
/// Reads a remote file for one open handle. What is here is given on the caller's thread without allocating; what is not is brought by a transfer that is shared with
/// everyone who reads the same content. Thread-safe: the kernel sends reads of one handle from several threads, and out of order.
/// </summary>
public sealed class ContentReader : IAsyncDisposable
{
    /// <summary>So often a read waits without getting anything (because its transfer made way, or memory is short) before it fetches straight into the caller's buffer.</summary>
    private const int Patience = 3;

    private readonly CachedContent _content;
    private readonly ReadPattern _pattern = new();
    private bool _disposed;

    internal ContentReader(CachedContent content) => _content = content;

    /// <summary>Reads into <paramref name="buffer"/>.</summary>
    /// <param name="offset">The first byte, from 0.</param>
    /// <param name="buffer">Filled wholly, unless the file ends before.</param>
    /// <param name="cancellationToken">Ends the wait of this read; what it waits for goes on for others.</param>
    /// <returns>The number of bytes: fewer than asked for only at the end of the file, whose length is that of the version that was opened.</returns>
    /// <exception cref="RemoteException">
    /// As <see cref="IRemoteFileSystem.OpenReadAsync"/> and <see cref="IRemoteReader.ReadAsync"/>; <see cref="RemoteError.Changed"/> when the server's file is shorter than the version says.
    /// A transfer that breaks is resumed within the time-out before that.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        if (offset >= _content.Size || buffer.IsEmpty)
            return new(0);
        var wanted = (int)Math.Min(buffer.Length, _content.Size - offset);
        var done = _content.TryRead(offset, buffer.Span[..wanted]);
        if (done < wanted)
            return ReadMissingAsync(offset, buffer[..wanted], done, cancellationToken);

        _content.Cache.CountHit();
        long missing;
        lock (_content.Gate)
        {
            _pattern.ObserveLocked(offset, offset + wanted);
            missing = _pattern.AdvanceLocked(_content, offset, offset + wanted);
        }

        if (missing >= 0)
            _content.ReadAhead(_pattern, missing);
        return new(wanted);
    }

    /// <summary>Ends what was read ahead for this handle alone.</summary>
    public ValueTask DisposeAsync()
    {
        lock (_content.Gate)
        {
            if (!_disposed)
                CachedContent.DetachLocked(_pattern);
            _disposed = true;
        }

        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadMissingAsync(long offset, Memory<byte> buffer, int done, CancellationToken cancellationToken)
    {
        _content.Cache.CountMiss();
        var end = offset + buffer.Length;
        lock (_content.Gate)
        {
            _pattern.ObserveLocked(offset, end);
            if (done > 0)
                _pattern.AdvanceLocked(_content, offset, offset + done);
        }

        var fruitless = 0;
        while (done < buffer.Length)
        {
            RemoteException? failure = null;
            if (fruitless >= Patience)
            {
                done += await FetchDirectlyAsync(offset + done, buffer[done..], cancellationToken);
                continue;
            }

            if (_content.Cache.IsDisposed)
                throw new RemoteException(RemoteError.Offline, $"{_content.Path} cannot be read: the file system is being unmounted.") { Path = _content.Path };
            var waiter = _content.WaitFor(_pattern, offset + done, end);
            if (waiter is not null)
            {
                try
                {
                    waiter.ObserveCancellation(cancellationToken);
                    await waiter.Task;
                    failure = waiter.Transfer!.Failure;
                }
                finally
                {
                    _content.Return(waiter);
                }
            }

            var more = _content.TryRead(offset + done, buffer.Span[done..]);
            done += more;
            fruitless = more > 0 ? 0 : fruitless + 1;
            if (failure is not null && done < buffer.Length)
                throw new RemoteException(failure.Error, failure.Message, failure) { Path = failure.Path, ServerReply = failure.ServerReply };
            if (more > 0)
            {
                lock (_content.Gate)
                    _pattern.AdvanceLocked(_content, offset, offset + done);
            }
        }

        return done;
    }

    /// <summary>Reads past the cache, for when no memory is to be had for it.</summary>
    private async ValueTask<int> FetchDirectlyAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var cache = _content.Cache;
        _content.ThrowIfUnfetchable();
        cache.CountTransfer();
        await using var reader = await cache.Remote.OpenReadAsync(_content.Path, offset, buffer.Length, Lane.Read, cancellationToken);
        var done = 0;
        while (done < buffer.Length)
        {
            var read = await reader.ReadAsync(buffer[done..], cancellationToken);
            if (read <= 0)
                throw new RemoteException(RemoteError.Changed, $"{_content.Path} on {cache.Remote.DisplayName} ended at byte {offset + done} instead of {_content.Size}: it has changed. Open it again.") { Path = _content.Path };
            cache.CountFetched(read);
            done += read;
        }

        return done;
    }
}
