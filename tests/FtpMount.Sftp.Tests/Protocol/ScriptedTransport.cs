using System.Buffers.Binary;
using System.Threading.Channels;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.Protocol;

/// <summary>A transport in memory whose other end is a test: it sees each packet and answers with any bytes.</summary>
internal sealed class ScriptedTransport : ISftpTransport
{
    private readonly Channel<byte[]> _toClient = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _toServer = Channel.CreateUnbounded<byte[]>();
    private readonly List<byte> _received = [];
    private byte[] _rest = [];

    public string? Description => "script";

    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_rest.Length == 0)
        {
            if (!await _toClient.Reader.WaitToReadAsync(cancellationToken) || !_toClient.Reader.TryRead(out var next))
                return 0;
            _rest = next;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest.AsSpan(0, count).CopyTo(buffer.Span);
        _rest = _rest[count..];
        return count;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _toServer.Writer.TryWrite(bytes.ToArray());
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _toClient.Writer.TryComplete();
        _toServer.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <summary>The next packet that the client sent, without its length.</summary>
    public async Task<byte[]> NextAsync(CancellationToken cancellationToken)
    {
        while (_received.Count < 4 || _received.Count < 4 + Length())
            _received.AddRange(await _toServer.Reader.ReadAsync(cancellationToken));
        var packet = _received.GetRange(4, Length()).ToArray();
        _received.RemoveRange(0, 4 + packet.Length);
        return packet;

        int Length() => BinaryPrimitives.ReadInt32BigEndian(_received.GetRange(0, 4).ToArray());
    }

    /// <summary>Whether the client has sent something that was not read.</summary>
    public bool HasMore => _received.Count > 0 || _toServer.Reader.TryPeek(out _);

    /// <summary>Any bytes to the client.</summary>
    public void SendRaw(params byte[] bytes) => _toClient.Writer.TryWrite(bytes);

    /// <summary>A packet to the client: type, then fields as given.</summary>
    public void Send(SftpPacketType type, params object[] fields)
    {
        var body = new List<byte> { (byte)type };
        foreach (var field in fields)
        {
            switch (field)
            {
                case uint number:
                    Number(body, number);
                    break;
                case byte[] text:
                    Number(body, (uint)text.Length);
                    body.AddRange(text);
                    break;
                case string text:
                    Number(body, (uint)text.Length);
                    body.AddRange(System.Text.Encoding.UTF8.GetBytes(text));
                    break;
                default:
                    throw new ArgumentException("A field is a number, text or bytes.", nameof(fields));
            }
        }

        var packet = new List<byte>();
        Number(packet, (uint)body.Count);
        packet.AddRange(body);
        SendRaw([.. packet]);
    }

    /// <summary>The end of the connection.</summary>
    public void End() => _toClient.Writer.TryComplete();

    /// <summary>A connection over it: the version is agreed, with these extensions.</summary>
    public static async Task<(ScriptedTransport Server, SftpConnection Client)> ConnectAsync(TimeProvider time, CancellationToken cancellationToken, params string[] extensions)
    {
        var transport = new ScriptedTransport();
        transport.Send(SftpPacketType.Version, [3u, .. extensions.SelectMany(name => new object[] { name, "1" })]);
        var connection = await SftpConnection.OpenAsync(transport, time, TimeSpan.FromSeconds(10), NullLogger.Instance, new SftpTraffic(), cancellationToken);
        var init = await transport.NextAsync(cancellationToken);
        Assert.Equal([1, 0, 0, 0, 3], init);
        return (transport, connection);
    }

    private static void Number(List<byte> target, uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        target.AddRange(bytes);
    }
}
