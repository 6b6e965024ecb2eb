using System.IO.Compression;
using FtpMount.Remote;

namespace FtpMount.Ftp.Transport;

/// <summary>
/// A download in MODE Z (draft-preston-ftpext-deflate): a zlib stream (RFC 1950) inside another transport. The end of the stream and its Adler-32 are checked: what ends
/// before is cut short, whatever the connection says.
/// </summary>
internal sealed class InflatingTransport : FtpTransport
{
    private const int Idle = 0;
    private const int Busy = 1;
    private const int Disposed = 2;

    private readonly FtpTransport _inner;
    private readonly TransportStream _stream;
    private readonly ZLibStream _zlib;
    private bool _finished;
    private int _state;

    /// <param name="inner">What carries the compressed bytes; owned.</param>
    public InflatingTransport(FtpTransport inner)
        : base(inner.Socket)
    {
        _inner = inner;
        _stream = new TransportStream(inner);
        _zlib = new ZLibStream(_stream, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <summary>Compressed bytes that were received.</summary>
    public long Carried => _stream.Carried;

    /// <inheritdoc/>
    public override bool IsEncrypted => _inner.IsEncrypted;

    /// <inheritdoc/>
    public override bool EndIsConfirmed => _inner.EndIsConfirmed;

    /// <inheritdoc/>
    public override bool IsQuiet => _inner.IsQuiet;

    /// <inheritdoc/>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.ProtocolViolation"/>: no zlib stream, or one that is damaged; <see cref="RemoteError.Offline"/>: it was cut short.
    /// </exception>
    public override async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Interlocked.CompareExchange(ref _state, Busy, Idle) == Disposed, this);
        try
        {
            if (!_finished)
            {
                var count = await _zlib.ReadAsync(buffer, cancellationToken);
                if (count > 0 || buffer.IsEmpty)
                    return count;
                _finished = true;
                if (_stream.HasEnded)
                {
                    // The decompressor asked for more. A server that has nothing to send may leave out even the header.
                    return _stream.Carried == 0
                        ? 0
                        : throw new RemoteException(RemoteError.Offline, "The compressed data ended in the middle: they were cut short.");
                }
            }

            return await ReceiveEndAsync(cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new RemoteException(RemoteError.ProtocolViolation, $"The compressed data are damaged ({e.Message.TrimEnd('.')}). compress=off does without.", e);
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Busy) == Disposed)
                _zlib.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: nothing is sent compressed.</exception>
    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override ValueTask CompleteSendingAsync(CancellationToken cancellationToken) => _inner.CompleteSendingAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _inner.Dispose();
        base.Dispose();
        // An operation under way uses the decompressor; it fails now, and then sees to it.
        if (Interlocked.Exchange(ref _state, Disposed) == Idle)
            _zlib.Dispose();
    }

    /// <summary>After the end of the zlib stream nothing may come but the end of the connection.</summary>
    private async ValueTask<int> ReceiveEndAsync(CancellationToken cancellationToken)
    {
        var one = new byte[1];
        return await _inner.ReceiveAsync(one, cancellationToken) == 0
            ? 0
            : throw new RemoteException(RemoteError.ProtocolViolation, "The server goes on after the end of the compressed data. compress=off does without.");
    }
}
