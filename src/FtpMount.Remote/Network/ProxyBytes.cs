using System.Net.Sockets;

namespace FtpMount.Remote.Network;

/// <summary>Sends and receives exactly the bytes of a proxy's protocol.</summary>
internal static class ProxyBytes
{
    /// <summary>Sends all of them.</summary>
    public static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
    }

    /// <summary>Receives as many as fit.</summary>
    /// <exception cref="SocketException">The other side ended before.</exception>
    public static async ValueTask ReceiveAsync(Socket socket, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.ReceiveAsync(bytes, SocketFlags.None, cancellationToken);
            if (count == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            bytes = bytes[count..];
        }
    }

    /// <summary>The beginning of what the other side said, for a message.</summary>
    public static string Printable(ReadOnlySpan<byte> bytes)
    {
        const int LongestShown = 100;
        bytes = bytes[..Math.Min(bytes.Length, LongestShown)].TrimEnd("\r\n "u8);
        return string.Create(bytes.Length, bytes, static (text, source) =>
        {
            for (var i = 0; i < text.Length; i++)
                text[i] = source[i] is >= 0x20 and < 0x7F ? (char)source[i] : '?';
        });
    }
}
