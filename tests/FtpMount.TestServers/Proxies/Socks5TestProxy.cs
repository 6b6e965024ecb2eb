using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.TestServers.Proxies;

/// <summary>A SOCKS5 proxy (RFC 1928) with or without a user and a password (RFC 1929).</summary>
public sealed class Socks5TestProxy : TestProxy
{
    private const byte Version = 5;

    private Socks5TestProxy(string? user, string? password)
        : base(user, password)
    {
    }

    /// <summary>Starts it.</summary>
    public static Socks5TestProxy Start(string? user = null, string? password = null) => new(user, password);

    /// <inheritdoc/>
    protected override async Task<Socket?> NegotiateAsync(Socket client, CancellationToken cancellationToken)
    {
        byte[] greeting = await ReceiveAsync(2).ConfigureAwait(false);
        byte[] methods = await ReceiveAsync(greeting[1]).ConfigureAwait(false);
        byte method = User is null ? (byte)0 : (byte)2;
        if (greeting[0] != Version || !methods.Contains(method))
        {
            await SendAsync([Version, 0xFF]).ConfigureAwait(false);
            return null;
        }

        await SendAsync([Version, method]).ConfigureAwait(false);
        if (User is not null)
        {
            byte[] head = await ReceiveAsync(2).ConfigureAwait(false);
            string user = Encoding.UTF8.GetString(await ReceiveAsync(head[1]).ConfigureAwait(false));
            byte length = (await ReceiveAsync(1).ConfigureAwait(false))[0];
            string password = Encoding.UTF8.GetString(await ReceiveAsync(length).ConfigureAwait(false));
            bool good = user == User && password == Password;
            await SendAsync([1, good ? (byte)0 : (byte)1]).ConfigureAwait(false);
            if (!good)
                return null;
        }

        byte[] request = await ReceiveAsync(4).ConfigureAwait(false);
        string host = request[3] switch
        {
            1 => new IPAddress(await ReceiveAsync(4).ConfigureAwait(false)).ToString(),
            4 => new IPAddress(await ReceiveAsync(16).ConfigureAwait(false)).ToString(),
            _ => Encoding.ASCII.GetString(await ReceiveAsync((await ReceiveAsync(1).ConfigureAwait(false))[0]).ConfigureAwait(false)),
        };
        int port = BinaryPrimitives.ReadUInt16BigEndian(await ReceiveAsync(2).ConfigureAwait(false));
        try
        {
            Socket socket = await ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            await SendAsync([Version, 0, 0, 3, 4, (byte)'t', (byte)'e', (byte)'s', (byte)'t', 0, 0]).ConfigureAwait(false);
            return socket;
        }
        catch (SocketException error)
        {
            byte reply = error.SocketErrorCode switch { SocketError.ConnectionRefused => 5, SocketError.HostNotFound => 4, _ => 1 };
            await SendAsync([Version, reply, 0, 1, 0, 0, 0, 0, 0, 0]).ConfigureAwait(false);
            return null;
        }

        Task<byte[]> ReceiveAsync(int count) => TestProxy.ReceiveAsync(client, count, cancellationToken);

        async Task SendAsync(byte[] bytes) => await client.SendAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
    }
}
