using System.Buffers.Binary;
using System.Net.Sockets;

namespace FtpMount.Ftp.Transport.SslStreams;

/// <summary>
/// Gives SslStream one TLS record at a time, so that it never reads past a close_notify, and notes whether it was shown the end of the TCP connection: an end that it
/// reports without having seen that one was the server's own.
/// </summary>
internal sealed class RecordStream(Socket socket) : Stream
{
    /// <summary>Type, version, length (RFC 8446 section 5.1).</summary>
    private const int HeaderLength = 5;

    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;
    private int _left;

    /// <summary>Whether the end of the TCP connection has been reported.</summary>
    public bool EndSeen { get; private set; }

    /// <summary>Whether there are bytes that have not been asked for.</summary>
    public bool HasInput => _start < _end;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        if (_left == 0)
        {
            while (_end - _start < HeaderLength)
            {
                if (!await FillAsync(cancellationToken))
                {
                    EndSeen = true;
                    return 0;
                }
            }

            _left = HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(_buffer.AsSpan(_start + 3));
        }

        if (_start == _end && !await FillAsync(cancellationToken))
        {
            EndSeen = true;
            return 0;
        }

        var count = Math.Min(Math.Min(_left, _end - _start), buffer.Length);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        _left -= count;
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
            buffer = buffer[await socket.SendAsync(buffer, SocketFlags.None, cancellationToken)..];
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken);
        _end += count;
        return count > 0;
    }
}
