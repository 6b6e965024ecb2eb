using System.Buffers.Binary;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Transport;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>
/// Makes transports that count what is waited for: requests that go out after something came. Those that go out together count once, and CLOSE, for which nobody waits, does not.
/// </summary>
internal sealed class RoundTripCounter(ISftpConnector connector) : ISftpConnector
{
    private int _count;

    /// <summary>Round trips of all connections since <see cref="Clear"/>.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Clear() => Volatile.Write(ref _count, 0);

    public async ValueTask<ISftpTransport> ConnectAsync(CancellationToken cancellationToken) =>
        new Transport(this, await connector.ConnectAsync(cancellationToken));

    public ValueTask DisposeAsync() => connector.DisposeAsync();

    private sealed class Transport(RoundTripCounter counter, ISftpTransport inner) : ISftpTransport
    {
        private const int HeaderLength = 5;

        private int _rest;
        private bool _hasHeard = true;

        public string? Description => inner.Description;

        public long LastReceived => inner.LastReceived;

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => ReceiveAsync(buffer, 1, cancellationToken);

        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken)
        {
            var count = await inner.ReceiveAsync(buffer, least, cancellationToken);
            Volatile.Write(ref _hasHeard, true);
            return count;
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            Look(bytes.Span);
            return inner.SendAsync(bytes, cancellationToken);
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            Look(header.Span);
            Look(content.Span);
            return inner.SendAsync(header, content, cancellationToken);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private void Look(ReadOnlySpan<byte> bytes)
        {
            var skipped = Math.Min(_rest, bytes.Length);
            _rest -= skipped;
            for (bytes = bytes[skipped..]; bytes.Length >= HeaderLength;)
            {
                if ((SftpPacketType)bytes[4] != SftpPacketType.Close && Volatile.Read(ref _hasHeard))
                {
                    Volatile.Write(ref _hasHeard, false);
                    Interlocked.Increment(ref counter._count);
                }

                var length = 4 + BinaryPrimitives.ReadInt32BigEndian(bytes);
                _rest = Math.Max(0, length - bytes.Length);
                bytes = bytes[Math.Min(length, bytes.Length)..];
            }
        }
    }
}
