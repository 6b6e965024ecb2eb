using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Network;
using FtpMount.Remote.Pool;

namespace FtpMount.Ftp.Transfers;

/// <summary>
/// A RETR under way (RFC 959, RFC 3659 section 5): bytes go from the socket straight into the caller's memory. It owns the session and the final reply; a
/// transfer that did not end well throws after the good bytes.
/// <para>
/// Ended early, it takes the cheapest way: what is known to be little is read to the end; otherwise the data connection is closed, which every server
/// answers at once (426), and the session lives on.
/// </para>
/// </summary>
internal sealed class FtpRetrieve : IRemoteReader
{
    /// <summary>Reading this much to the end costs less than a broken-off transfer with its round trip.</summary>
    private const int LittleRest = 64 * 1024;

    /// <summary>How long the end of the file may follow its last byte before the transfer counts as one that goes on.</summary>
    private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(1);

    private readonly ConnectionLease<FtpConnection> _lease;
    private readonly FtpDataTransfer _transfer;
    private readonly FtpSite _site;
    private readonly RemotePath _path;
    private readonly RateFlow? _flow;

    private readonly long _begin;

    /// <summary>Where the caller stops; <see cref="long.MaxValue"/> when it wants all.</summary>
    private readonly long _limit;
    private bool _ended;
    private bool _disposed;
    private RemoteException? _failure;

    /// <param name="lease">The session; owned.</param>
    /// <param name="transfer">The transfer; owned.</param>
    /// <param name="path">The file.</param>
    /// <param name="offset">The position of the first byte.</param>
    /// <param name="length">How many bytes are wanted; null for all.</param>
    /// <param name="lane">Who waits for them.</param>
    public FtpRetrieve(ConnectionLease<FtpConnection> lease, FtpDataTransfer transfer, RemotePath path, long offset, long? length, Lane lane)
    {
        _lease = lease;
        _transfer = transfer;
        _site = transfer.Connection.Site;
        _path = path;
        _flow = _site.Limiter?.Download.CreateFlow(lane);
        Position = _begin = offset;
        _limit = length is { } wanted && wanted < long.MaxValue - offset ? offset + wanted : long.MaxValue;
    }

    /// <inheritdoc/>
    public long Position { get; private set; }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_failure is not null)
            throw new RemoteException(_failure.Error, _failure.Message, _failure) { Path = _path, ServerReply = _failure.ServerReply };
        if (_ended || buffer.IsEmpty)
            return new ValueTask<int>(0);
        var rest = _limit - Position;
        if (rest <= 0)
            return EndAtLimitAsync(cancellationToken);
        if (buffer.Length > rest)
            buffer = buffer[..(int)rest];
        return _flow is null ? ReceiveAsync(buffer, cancellationToken) : ReceiveInTurnAsync(_flow, buffer, cancellationToken);
    }

    /// <summary>Below a limit of rate: waits for its turn, outside the limit of time, because it is not the server that is waited for.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveInTurnAsync(RateFlow flow, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await flow.WaitAsync(cancellationToken);
        var count = await ReceiveAsync(buffer[..Math.Min(buffer.Length, flow.Block)], cancellationToken);
        flow.Charge(count);
        return count;
    }

    private ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var receiving = FtpReceive.ReceiveAsync(_transfer, buffer, cancellationToken);
        if (!receiving.IsCompletedSuccessfully)
            return WaitAsync(receiving, cancellationToken);
        var count = receiving.Result;
        if (count == 0)
            return EndAsync(cancellationToken);
        Count(count);
        return new ValueTask<int>(count);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        try
        {
            if (_failure is not null)
                _lease.Discard();
            else if (!_ended && !await TryReachEndAsync())
                await _transfer.AbortAsync();
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            _lease.Discard();
        }
        finally
        {
            _flow?.Dispose();
            _transfer.Dispose();
            if (_failure is null)
                await _transfer.Connection.PrepareTransferAsync();
            await _lease.DisposeAsync();
        }
    }

    private void Count(int count)
    {
        Position += count;
        _site.CountReceived(count);
    }

    private async ValueTask<int> WaitAsync(ValueTask<int> receiving, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await receiving;
        }
        catch (RemoteException e)
        {
            // The server may have said why before it let the connection go.
            _failure = await WhyLostAsync(e);
            throw _failure;
        }

        if (count == 0)
            return await EndAsync(cancellationToken);
        Count(count);
        return count;
    }

    /// <summary>The end of the data: good only with a good final reply.</summary>
    private async ValueTask<int> EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (HasAll && _transfer.TryLetOthersFollow())
            {
                _transfer.NoteGoodEnd();
                if (_transfer.Data is { IsEncrypted: true, EndIsConfirmed: true })
                    _site.NoteCloseNotify();
                _ended = true;
                return 0;
            }

            var reply = await _transfer.CompleteAsync(cancellationToken);
            if (reply.Code.IsNegative)
            {
                _failure = FtpErrorMapping.Failure(
                    FtpErrorMapping.Classify(reply) is { } error and not RemoteError.Unsupported ? error : RemoteError.ServerFailure, "Reading", _path, reply);
                throw _failure;
            }

            await EnsureWholeAsync(cancellationToken);
            _ended = true;
            return 0;
        }
        catch (RemoteException e)
        {
            _failure ??= e;
            throw;
        }
    }

    /// <summary>Whether every byte that was wanted, or that the server said it would send, has come: its final reply can tell nothing new.</summary>
    private bool HasAll => Position >= _limit || (_transfer.Data.EndIsConfirmed && _begin == 0 && KnownRest() == 0);

    /// <summary>
    /// Over TLS, an end that is not confirmed by the server's close_notify may be anybody's: then the file must be as long as what came. What was wanted and has come is
    /// as good as ever.
    /// </summary>
    private async ValueTask EnsureWholeAsync(CancellationToken cancellationToken)
    {
        if (_transfer.Data.EndIsConfirmed)
        {
            if (_transfer.Data.IsEncrypted)
                _site.NoteCloseNotify();
            return;
        }

        if (Position >= _limit)
            return;
        var entry = await FtpStat.StatAsync(_transfer.Connection, _path, cancellationToken);
        if (entry.Size == Position)
        {
            _site.NoteMissingCloseNotify();
            return;
        }

        throw new RemoteException(
            RemoteError.Offline,
            $"Reading {FtpErrorMapping.Quote(_path)}: the data connection ended at byte {Position} without TLS's close_notify, "
            + (entry.Size is { } size ? $"and the file has {size} bytes." : "and the server does not tell the size of the file. Somebody may have cut it short."))
        { Path = _path };
    }

    /// <summary>All that was wanted is there. When that is the end of the file, its good end is confirmed; otherwise the transfer goes on and is ended later.</summary>
    private async ValueTask<int> EndAtLimitAsync(CancellationToken cancellationToken)
    {
        if (await IsAtEndAsync(cancellationToken))
            return await EndAsync(cancellationToken);
        return 0;
    }

    private async ValueTask<bool> TryReachEndAsync()
    {
        if (Position < _limit && !(KnownRest() is { } rest && rest <= LittleRest))
            return false;
        if (Position < _limit)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(LittleRest);
            try
            {
                for (var left = LittleRest + 1L; left > 0;)
                {
                    var count = await FtpReceive.ReceiveAsync(_transfer, buffer, CancellationToken.None);
                    if (count == 0)
                    {
                        await LeaveAsync();
                        return true;
                    }

                    left -= count;
                }

                return false;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        if (!await IsAtEndAsync(CancellationToken.None))
            return false;
        await LeaveAsync();
        return true;
    }

    /// <summary>The data has ended, and nobody asks how.</summary>
    private async ValueTask LeaveAsync()
    {
        if (!_transfer.TryLetOthersFollow())
            await _transfer.CompleteAsync(CancellationToken.None);
    }

    /// <summary>Whether the server ends the transfer here. A file that goes on has its next bytes in the socket already, or sends them soon.</summary>
    private async ValueTask<bool> IsAtEndAsync(CancellationToken cancellationToken)
    {
        var one = new byte[1];
        try
        {
            var token = _transfer.Deadline.Start(EndGrace, cancellationToken);
            return await _transfer.Data.ReceiveAsync(one, token) == 0;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e) when (FtpReceive.Translate(_transfer, e) is not null)
        {
            return false;
        }
        finally
        {
            _transfer.Deadline.Stop();
        }
    }

    /// <summary>How much is left of the file, when the server told its size in the 150 reply: <c>(1234 bytes)</c>.</summary>
    private long? KnownRest()
    {
        var text = _transfer.Opening.FirstLine;
        var end = text.LastIndexOf(" bytes)"u8);
        var open = text.LastIndexOf((byte)'(');
        return open >= 0 && end > open && Utf8Parser.TryParse(text[(open + 1)..end], out long size, out var used) && used == end - open - 1 && size >= Position
            ? size - Position
            : null;
    }

    private async ValueTask<RemoteException> WhyLostAsync(RemoteException lost)
    {
        if (lost.Error != RemoteError.Offline)
            return lost;
        try
        {
            using var soon = new CancellationTokenSource(EndGrace, _site.Time);
            var reply = await _transfer.CompleteAsync(soon.Token);
            return reply.Code.IsNegative
                ? FtpErrorMapping.Failure(FtpErrorMapping.Classify(reply) ?? RemoteError.ServerFailure, "Reading", _path, reply)
                : lost;
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            return lost;
        }
    }
}
