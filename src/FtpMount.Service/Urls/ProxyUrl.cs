using System.Globalization;
using FtpMount.Remote.Network;

namespace FtpMount.Service.Urls;

/// <summary>
/// The address of a proxy as a person writes it: <c>http://[user[:password]@]host[:port]</c> or <c>socks5://...</c>, with percent escapes in user and password.
/// <c>socks5h</c> and <c>socks</c> mean the same as <c>socks5</c>, and no scheme means <c>http</c>, as in the usual environment variables.
/// </summary>
public static class ProxyUrl
{
    private const int HttpPort = 8080;
    private const int SocksPort = 1080;
    private const int HighestPort = 65535;

    /// <summary>Parses an address. No secret is in the message of what it throws.</summary>
    /// <exception cref="UsageException">It is not the address of a proxy, or of a kind that is not spoken.</exception>
    public static ProxyOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = separator < 0 ? "http" : text[..separator].ToLowerInvariant();
        var authority = (separator < 0 ? text : text[(separator + 3)..]).TrimEnd('/');
        var kind = scheme switch
        {
            "http" => ProxyKind.HttpConnect,
            "socks5" or "socks5h" or "socks" => ProxyKind.Socks5,
            "https" => throw new UsageException("proxy: a proxy that is itself reached over TLS (https://) is not supported; http:// and socks5:// are"),
            "socks4" or "socks4a" => throw new UsageException("proxy: SOCKS 4 is not supported; http:// and socks5:// are"),
            _ => throw new UsageException("proxy: not the address of a proxy; write http://host:port or socks5://host:port"),
        };
        var at = authority.LastIndexOf('@');
        string? user = null, password = null;
        if (at >= 0)
        {
            var colon = authority.IndexOf(':', 0, at);
            user = Decode(authority[..(colon < 0 ? at : colon)]);
            password = colon < 0 ? null : Decode(authority[(colon + 1)..at]);
            if (user.Length == 0 || user.Contains(':', StringComparison.Ordinal) || user.Any(char.IsControl))
                throw new UsageException("proxy: the user name is empty or holds a colon or a control character");
        }

        var (host, port) = ParseHost(authority[(at + 1)..], kind);
        return new ProxyOptions { Kind = kind, Host = host, Port = port, User = user, Password = password };
    }

    /// <summary>The canonical address without the password.</summary>
    public static string Format(ProxyOptions proxy)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        var host = proxy.Host.Contains(':', StringComparison.Ordinal) ? $"[{proxy.Host}]" : proxy.Host;
        var user = proxy.User is null ? "" : Uri.EscapeDataString(proxy.User) + "@";
        return string.Create(CultureInfo.InvariantCulture, $"{(proxy.Kind == ProxyKind.Socks5 ? "socks5" : "http")}://{user}{host}:{proxy.Port}");
    }

    /// <summary>
    /// Takes the password out of an option <c>proxy=</c> in the argument of <c>-o</c>, without judging the rest: for command lines that others can read.
    /// </summary>
    /// <param name="argument">One word of a command line, with or without <c>-o</c> in front.</param>
    /// <param name="password">The password decoded; null when there is none.</param>
    /// <returns>Whether there is an option <c>proxy=</c> with an address in it.</returns>
    public static bool TryRemovePassword(ref string argument, out string? password)
    {
        ArgumentNullException.ThrowIfNull(argument);
        const string Option = "proxy=";
        password = null;
        var found = false;
        for (var start = 0; (start = argument.IndexOf(Option, start, StringComparison.Ordinal)) >= 0;)
        {
            var isOption = start == 0 || argument[start - 1] is ',' or '=' || (start == 2 && argument.StartsWith("-o", StringComparison.Ordinal));
            start += Option.Length;
            if (!isOption || argument.AsSpan(0, start).Contains("://", StringComparison.Ordinal) && !found)
                continue;
            var end = EndOfValue(argument, start);
            var separator = argument.IndexOf("://", start, end - start, StringComparison.Ordinal);
            var from = separator < 0 ? start : separator + 3;
            found = true;
            password = null; // of an option that occurs twice the last holds
            var at = argument.LastIndexOf('@', end - 1, end - from);
            var colon = at < 0 ? -1 : argument.IndexOf(':', from, at - from);
            if (colon < 0)
                continue;
            password = Decode(argument[(colon + 1)..at].Replace("\\,", ",", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal));
            argument = argument.Remove(colon, at - colon);
        }

        return found;
    }

    private static int EndOfValue(string argument, int start)
    {
        for (var i = start; i < argument.Length; i++)
        {
            if (argument[i] == '\\')
                i++;
            else if (argument[i] == ',')
                return i;
        }

        return argument.Length;
    }

    private static (string Host, int Port) ParseHost(string text, ProxyKind kind)
    {
        var port = kind == ProxyKind.Socks5 ? SocksPort : HttpPort;
        var close = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        var colon = text.IndexOf(':', close + 1);
        var host = close > 0 ? text[1..close] : colon < 0 ? text : text[..colon];
        if (colon >= 0
            && (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > HighestPort))
            throw new UsageException("proxy: the port is not a number from 1 to 65535; an IPv6 address stands in brackets");
        var isAddress = close > 0 && System.Net.IPAddress.TryParse(host, out _) && (colon < 0 ? text.Length : colon) == close + 1;
        if (!isAddress && (close > 0 || host.Length == 0 || !host.All(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_')))
            throw new UsageException("proxy: not the name or address of a host");
        return (host, port);
    }

    private static string Decode(string text) => Remote.NameCodec.Utf8.Decode(PercentDecode(text));

    private static byte[] PercentDecode(string text)
    {
        var bytes = Remote.NameCodec.Utf8.Encode(text);
        var result = new List<byte>(bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '%' && i + 2 < bytes.Length && byte.TryParse(bytes.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                result.Add(value);
                i += 2;
            }
            else
            {
                result.Add(bytes[i]);
            }
        }

        return [.. result];
    }
}
