using System.Text;
using FtpMount.Ftp.Certificates;
using FtpMount.Remote.Network;

namespace FtpMount.Ftp;

/// <summary>One FTP server, and how to use it.</summary>
public sealed record FtpOptions
{
    /// <summary>Host name or IP address (IPv6 without brackets).</summary>
    public required string Host { get; init; }

    /// <summary>Port of the control connection.</summary>
    public int Port { get; init; } = 21;

    /// <summary>User name, <c>anonymous</c> for anonymous access.</summary>
    public required string User { get; init; }

    /// <summary>Password; empty when there is none.</summary>
    public required string Password { get; init; }

    /// <summary>What ACCT says when the server asks for it (reply 332); usually null.</summary>
    public string? Account { get; init; }

    /// <summary>
    /// The directory to show, as in the URL after decoding: null or empty is the login folder, <c>rel/x</c> is relative to it, <c>/abs</c> absolute.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>How data connections are made.</summary>
    public FtpDataMode DataMode { get; init; } = FtpDataMode.Auto;

    /// <summary>The charset of names on the server; null is UTF-8. Names that are not valid in it survive as bytes.</summary>
    public Encoding? Encoding { get; init; }

    /// <summary>The most connections at once, at least 1. The server may allow fewer; that is learned.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>How long to wait for progress: for a connection, a reply, the next byte.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Which certificates of the server are accepted, and what this side shows of its own.</summary>
    public CertificateTrustOptions Trust { get; init; } = new();

    /// <summary>
    /// The folder in which what servers can do is remembered from one mount to the next, one file for each host, port and user; null: nothing is remembered.
    /// </summary>
    public string? MemoryDirectory { get; init; }

    /// <summary>How long that is believed, counted from when it was learned anew.</summary>
    public TimeSpan MemoryLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Proxy, local address and limits of rate. Through a proxy there is no active mode.</summary>
    public NetworkOptions Network { get; init; } = new();

    /// <summary>Whether downloads and listings are compressed, where the server can do that. Never inside TLS.</summary>
    public FtpCompression Compression { get; init; } = FtpCompression.Auto;

    /// <summary>Whether and how the connections are encrypted.</summary>
    public FtpTlsOptions Tls { get; init; } = new();

    /// <summary>The URL without the password, for messages.</summary>
    internal string DisplayName
    {
        get
        {
            var host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
            var (scheme, ownPort) = Tls.Mode switch
            {
                FtpTlsMode.Implicit => ("ftps", 990),
                FtpTlsMode.Required => ("ftpes", 21),
                _ => ("ftp", 21),
            };
            var port = Port == ownPort ? "" : $":{Port}";
            var path = string.IsNullOrEmpty(Path) ? "" : "/" + Path;
            return $"{scheme}://{Uri.EscapeDataString(User)}@{host}{port}{path}";
        }
    }

    /// <summary>Leaves out the secrets.</summary>
    public override string ToString() => DisplayName;
}
