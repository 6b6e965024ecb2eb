using System.Globalization;

namespace FtpMount.Sftp.Configuration;

/// <summary>One host of a ProxyJump list: <c>[user@]host[:port]</c> or <c>ssh://[user@]host[:port]</c>.</summary>
/// <param name="Host">A name of the configuration, or a host.</param>
/// <param name="Port">Null for what the configuration says.</param>
/// <param name="User">Null for what the configuration says.</param>
internal sealed record SshJump(string Host, int? Port, string? User)
{
    /// <summary>Parses one.</summary>
    public static bool TryParse(string text, out SshJump jump)
    {
        jump = null!;
        const string Scheme = "ssh://";
        if (text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            text = text[Scheme.Length..].TrimEnd('/');
        var at = text.LastIndexOf('@');
        var user = at > 0 ? text[..at] : null;
        var host = text[(at + 1)..];
        int? port = null;
        string? digits = null;
        if (host is ['[', ..])
        {
            var end = host.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || (end + 1 < host.Length && host[end + 1] != ':'))
                return false;
            digits = end + 1 < host.Length ? host[(end + 2)..] : null;
            host = host[1..end];
        }
        else if (host.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon && colon == host.LastIndexOf(':'))
        {
            digits = host[(colon + 1)..];
            host = host[..colon];
        }

        if (digits is not null)
        {
            if (!ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
                return false;
            port = number;
        }

        if (host.Length == 0 || at == 0 || host.Any(char.IsWhiteSpace))
            return false;
        jump = new SshJump(host, port, user);
        return true;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() =>
        (User is null ? "" : User + "@") + (Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host) +
        (Port is null ? "" : string.Create(CultureInfo.InvariantCulture, $":{Port}"));
}
