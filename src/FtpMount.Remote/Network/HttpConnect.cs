using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.Remote.Network;

/// <summary>
/// Asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6, RFC 7617 for the password). An FTP or SSH server speaks first, so its greeting may stand right
/// behind the proxy's answer: not a byte behind the empty line is taken from the socket.
/// </summary>
internal static class HttpConnect
{
    /// <summary>Header fields of an answer that are longer than this are not waited for.</summary>
    private const int LongestAnswer = 16 * 1024;

    private const int MostInterimAnswers = 8;

    /// <summary>Returns when the socket leads to the target.</summary>
    /// <exception cref="RemoteException">The proxy refuses, or is no HTTP proxy.</exception>
    public static async ValueTask NegotiateAsync(Socket socket, ProxyOptions proxy, ProxyTarget target, CancellationToken cancellationToken)
    {
        var request = new StringBuilder($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if (proxy.User is { } user)
        {
            var credentials = NameCodec.Utf8.Encode($"{user}:{proxy.Password}");
            request.Append("Proxy-Authorization: Basic ").Append(Convert.ToBase64String(credentials)).Append("\r\n");
        }

        request.Append("\r\n");
        await ProxyBytes.SendAsync(socket, Encoding.ASCII.GetBytes(request.ToString()), cancellationToken);
        for (var interim = 0; interim < MostInterimAnswers; interim++)
        {
            var (status, line) = await ReadAnswerAsync(socket, proxy, target, cancellationToken);
            switch (status)
            {
                case >= 200 and < 300:
                    return;
                case >= 100 and < 200:
                    continue;
                case 407 or 401: // tinyproxy answers 401 to a wrong password
                    throw new RemoteException(
                        RemoteError.AuthenticationFailed,
                        proxy.User is null
                            ? $"{proxy.Subject} asks for a user and a password: proxy=http://user@{proxy.Host}:{proxy.Port} and proxy-password-file=FILE ({line})."
                            : $"{proxy.Subject} does not accept this user and password ({line}).");
                case 403 or 405:
                    throw new RemoteException(RemoteError.Offline, $"{proxy.Subject} does not allow connections to {target} ({line}). Its administrator can allow that port.");
                default:
                    throw new RemoteException(RemoteError.Offline, $"{proxy.Subject} could not connect to {target} ({line}).");
            }
        }

        throw NotAProxy(proxy, "it sends one interim answer after the other");
    }

    private static async ValueTask<(int Status, string Line)> ReadAnswerAsync(
        Socket socket, ProxyOptions proxy, ProxyTarget target, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestAnswer];
        var length = 0;
        while (true)
        {
            var peeked = await socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.Peek, cancellationToken);
            if (peeked == 0)
            {
                throw length == 0
                    ? new RemoteException(RemoteError.Offline, $"{proxy.Subject} closed the connection without an answer about {target}.")
                    : NotAProxy(proxy, $"its answer breaks off after \"{ProxyBytes.Printable(buffer.AsSpan(0, length))}\"");
            }

            var end = FindEnd(buffer.AsSpan(0, length + peeked), Math.Max(0, length - 3));
            var taken = (end < 0 ? length + peeked : end) - length;
            await ProxyBytes.ReceiveAsync(socket, buffer.AsMemory(length, taken), cancellationToken);
            length += taken;
            if (length >= 5 && !buffer.AsSpan(0, 5).SequenceEqual("HTTP/"u8))
                throw NotAProxy(proxy, $"it answers \"{ProxyBytes.Printable(buffer.AsSpan(0, length))}\"");
            if (end >= 0)
                return Parse(buffer.AsSpan(0, length), proxy);
            if (length == buffer.Length)
                throw NotAProxy(proxy, $"its answer is longer than {LongestAnswer} bytes");
        }
    }

    /// <summary>Where the bytes after the empty line begin; -1 when it is not there. Some proxies end lines with LF only.</summary>
    private static int FindEnd(ReadOnlySpan<byte> answer, int from)
    {
        for (var i = Math.Max(0, from - 1); i < answer.Length; i++)
        {
            if (answer[i] != (byte)'\n')
                continue;
            if (answer[(i + 1)..].StartsWith("\n"u8))
                return i + 2;
            if (answer[(i + 1)..].StartsWith("\r\n"u8))
                return i + 3;
        }

        return -1;
    }

    private static (int Status, string Line) Parse(ReadOnlySpan<byte> answer, ProxyOptions proxy)
    {
        var line = answer[..answer.IndexOf((byte)'\n')].TrimEnd("\r"u8);
        var text = ProxyBytes.Printable(line);
        var space = line.IndexOf((byte)' ');
        if (space < 0 || line.Length < space + 4
            || !int.TryParse(line.Slice(space + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            || status < 100
            || (line.Length > space + 4 && line[space + 4] != (byte)' '))
            throw NotAProxy(proxy, $"it answers \"{text}\"");
        return (status, text[(space + 1)..]);
    }

    private static RemoteException NotAProxy(ProxyOptions proxy, string why) =>
        new(RemoteError.ProtocolViolation, $"{proxy.Subject} is not an HTTP proxy: {why}. Check the address and the kind (http:// or socks5://).");
}
