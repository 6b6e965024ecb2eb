using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FtpMount.Remote;

namespace FtpMount.Service.Urls;

/// <summary>
/// The address of a remote folder as a person writes it: <c>ftp://[user[:password]@]host[:port][/path]</c> (RFC 1738 section 3.2,
/// read as curl reads it), <c>ftpes://</c>, <c>ftps://</c>, <c>sftp://[user@]host[:port]/path</c>, and <c>[user@]host:path</c> as for scp.
/// Percent escapes are bytes; bytes that are not UTF-8 survive (see <see cref="NameCodec"/>). <see cref="ToString"/> never shows the password.
/// </summary>
public sealed record RemoteUrl
{
    private const string Supported = "ftp://, ftpes://, ftps:// and sftp://";
    private const string EscapingHint = "a '/', '@', ':', '%' or '#' in a user name or password is written %2F, %40, %3A, %25 or %23";

    private static readonly (string Name, RemoteScheme Scheme, int Port)[] Schemes =
    [
        ("ftp", RemoteScheme.Ftp, 21),
        ("ftpes", RemoteScheme.FtpExplicitTls, 21),
        ("ftps", RemoteScheme.FtpImplicitTls, 990),
        ("sftp", RemoteScheme.Sftp, 22),
    ];

    /// <summary>The protocol.</summary>
    public required RemoteScheme Scheme { get; init; }

    /// <summary>The user name, decoded; null when the URL has none.</summary>
    public string? User { get; init; }

    /// <summary>The password, decoded; null when the URL has none. May be empty.</summary>
    public string? Password { get; init; }

    /// <summary>Host name or address, without the brackets of an IPv6 address.</summary>
    public required string Host { get; init; }

    /// <summary>The port, 1 to 65535; null for the protocol's own.</summary>
    public int? Port { get; init; }

    /// <summary>
    /// The folder, decoded: empty for the login folder, <c>a/b</c> relative to it, <c>/a/b</c> absolute.
    /// </summary>
    public string Path { get; init; } = "";

    /// <summary>The port to connect to: <see cref="Port"/> or the protocol's own.</summary>
    public int EffectivePort => Port ?? Schemes.First(s => s.Scheme == Scheme).Port;

    private string SchemeName => Schemes.First(s => s.Scheme == Scheme).Name;

    /// <summary>Parses an address. No secret is in the message of what it throws.</summary>
    /// <exception cref="UsageException">It is not an address, or its scheme is unknown.</exception>
    public static RemoteUrl Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator < 0)
            return ParseScpAddress(text);
        var name = text[..separator];
        foreach (var (known, scheme, _) in Schemes)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
                return ParseUrl(scheme, text[(separator + 3)..]);
        }

        throw new UsageException($"'{Printable(name)}://' is not a protocol that can be mounted; this version mounts {Supported}");
    }

    /// <summary>
    /// Takes the password out of the text of an address, without judging the rest: for command lines that others can read.
    /// </summary>
    /// <param name="text">An address, or anything else.</param>
    /// <param name="password">The password as written (not decoded); null when there is none.</param>
    /// <returns>The text without <c>:password</c>; the text itself when there is none.</returns>
    public static string RemovePassword(string text, out string? password)
    {
        ArgumentNullException.ThrowIfNull(text);
        password = null;
        var separator = text.IndexOf("://", StringComparison.Ordinal);
        if (separator < 0)
            return text;
        var start = separator + 3;
        var slash = text.IndexOf('/', start);
        var at = text.LastIndexOf('@', (slash < 0 ? text.Length : slash) - 1);
        if (at < start)
            return text;
        var colon = text.IndexOf(':', start, at - start);
        if (colon < 0)
            return text;
        password = text[(colon + 1)..at];
        return text.Remove(colon, at - colon);
    }

    /// <summary>The password as it is written in an address, decoded.</summary>
    /// <exception cref="UsageException">It is not properly escaped; the message does not hold it.</exception>
    public static string DecodePassword(string written) => Decode(written, "password", secret: true);

    /// <summary>The canonical URL without the password. <see cref="Parse"/> gives an equal value but for the password.</summary>
    public override string ToString() => Format(includePassword: false);

    /// <summary>The canonical URL with the password, for handing it to another process over a private channel.</summary>
    public string ToStringWithPassword() => Format(includePassword: true);

    private string Format(bool includePassword)
    {
        var text = new StringBuilder(SchemeName).Append("://");
        if (User is not null || (includePassword && Password is not null))
        {
            AppendEscaped(text, User ?? "", "");
            if (includePassword && Password is not null)
                AppendEscaped(text.Append(':'), Password, "");
            text.Append('@');
        }

        if (Host.Contains(':', StringComparison.Ordinal))
            text.Append('[').Append(Host.Replace("%", "%25", StringComparison.Ordinal)).Append(']');
        else
            AppendEscaped(text, Host, "");
        if (Port is { } port)
            text.Append(':').Append(port.ToString(CultureInfo.InvariantCulture));
        if (Scheme == RemoteScheme.Sftp)
            text.Append(Path.Length == 0 || Path[0] != '/' ? "/~/" : "");
        else
            text.Append('/');
        AppendEscaped(text, Path, "/!$&'()*+,=:@");
        return text.ToString();
    }

    private static RemoteUrl ParseUrl(RemoteScheme scheme, string rest)
    {
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];
        var path = slash < 0 ? "" : rest[(slash + 1)..];
        var at = authority.LastIndexOf('@');
        var (user, password) = at < 0 ? (null, null) : ParseUserInfo(authority[..at]);
        var (host, port) = ParseHostAndPort(authority[(at + 1)..]);
        return new RemoteUrl
        {
            Scheme = scheme,
            User = user,
            Password = password,
            Host = host,
            Port = port,
            Path = scheme == RemoteScheme.Sftp ? SftpPath(path, hasSlash: slash >= 0) : FtpPath(path),
        };
    }

    /// <summary>RFC 1738: what follows the first slash, so that a second one or <c>%2F</c> makes the path absolute.</summary>
    private static string FtpPath(string path)
    {
        var type = path.LastIndexOf(";type=", StringComparison.OrdinalIgnoreCase);
        if (type >= 0 && path.Length == type + 7)
            path = path[..type];
        return Decode(path, "path");
    }

    private static string SftpPath(string path, bool hasSlash)
    {
        if (!hasSlash || path == "~")
            return "";
        return path.StartsWith("~/", StringComparison.Ordinal) ? Decode(path[2..], "path").TrimStart('/') : "/" + Decode(path, "path");
    }

    /// <summary><c>[user@]host:path</c>: no escapes, the path is relative to the login folder unless it begins with a slash.</summary>
    private static RemoteUrl ParseScpAddress(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var hostStart = at >= 0 && (slash < 0 || at < slash) ? at + 1 : 0;
        var bracket = text.AsSpan(hostStart).StartsWith("[") ? text.IndexOf(']', hostStart) : hostStart;
        var colon = bracket < 0 ? -1 : text.IndexOf(':', bracket);
        if (colon <= hostStart || (slash >= 0 && slash < colon))
            throw new UsageException($"'{Printable(text)}' is not a URL; write it as ftp://user@host/folder");
        var user = hostStart == 0 ? null : text[..(hostStart - 1)];
        var (host, _) = ParseHostAndPort(text[hostStart..colon]);
        return new RemoteUrl
        {
            Scheme = RemoteScheme.Sftp,
            User = string.IsNullOrEmpty(user) ? null : CheckText(user, "user name"),
            Host = host,
            Path = CheckText(text[(colon + 1)..], "path"),
        };
    }

    private static (string? User, string? Password) ParseUserInfo(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var user = Decode(colon < 0 ? text : text[..colon], "user name");
        var password = colon < 0 ? null : DecodePassword(text[(colon + 1)..]);
        return (user.Length == 0 ? null : user, password);
    }

    private static (string Host, int? Port) ParseHostAndPort(string text)
    {
        string host, after;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
                throw new UsageException("The IPv6 address in the URL has no closing ']'; write it as ftp://[::1]/");
            // RFC 6874: the zone follows "%25"; a bare "%" is what people write.
            host = text[1..end].Replace("%25", "%", StringComparison.Ordinal);
            after = text[(end + 1)..];
            if (!IPAddress.TryParse(host, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
                throw new UsageException($"'[{Printable(host)}]' in the URL is not an IPv6 address");
        }
        else
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            host = Decode(colon < 0 ? text : text[..colon], "host");
            after = colon < 0 ? "" : text[colon..];
        }

        if (host.Length == 0)
            throw new UsageException("The URL has no host; write it as ftp://user@host/folder");
        foreach (var c in host)
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c) || "/\\@?#<>[]".Contains(c, StringComparison.Ordinal))
                throw new UsageException($"'{Printable(host)}' is not a host name ({EscapingHint})");
        }

        if (host.Contains(':', StringComparison.Ordinal) && !text.StartsWith('['))
            throw new UsageException("An IPv6 address in a URL stands in brackets: ftp://[::1]/");
        if (after is "" or ":")
            return (host, null);
        // Not quoted in the message: what stands here may be the end of a password with an unescaped slash.
        if (after[0] != ':' || !int.TryParse(after.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
            throw new UsageException($"The port in the URL is not a number from 1 to 65535 ({EscapingHint})");
        return (host, port);
    }

    private static string Decode(string text, string what, bool secret = false)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return CheckText(text, what);
        var source = Encoding.UTF8.GetBytes(text);
        var bytes = new List<byte>(source.Length);
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] != (byte)'%')
            {
                bytes.Add(source[i]);
            }
            else if (i + 2 < source.Length && char.IsAsciiHexDigit((char)source[i + 1]) && char.IsAsciiHexDigit((char)source[i + 2]))
            {
                bytes.Add(Convert.FromHexString(Encoding.ASCII.GetString(source, i + 1, 2))[0]);
                i += 2;
            }
            else
            {
                var where = secret ? "" : $" '{Printable(text)}'";
                throw new UsageException($"In the {what}{where} of the URL a '%' is not followed by two hexadecimal digits; a '%' itself is written %25");
            }
        }

        return CheckText(NameCodec.Utf8.Decode(bytes.ToArray()), what);
    }

    private static string CheckText(string text, string what) =>
        text.AsSpan().IndexOfAny('\0', '\r', '\n') < 0
            ? text
            : throw new UsageException($"The {what} in the URL holds a NUL, CR or LF, which cannot be sent to a server");

    private static void AppendEscaped(StringBuilder target, string text, string literal)
    {
        foreach (var b in NameCodec.Utf8.Encode(text))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' || literal.Contains(c, StringComparison.Ordinal))
                target.Append(c);
            else
                target.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
    }

    private static string Printable(string text) => new([.. text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);
}
