namespace FtpMount.TestServers;

/// <summary>
/// How an <see cref="FtpTestServer"/> is configured. The defaults are a permissive, modern server: everything may be overwritten,
/// stores resume, times are in GMT, limits are far away. A combination that a server cannot do makes
/// <see cref="FtpTestServer.StartAsync"/> throw <see cref="NotSupportedException"/>.
/// </summary>
public sealed record FtpServerOptions
{
    /// <summary>Offers and requires TLS (RFC 4217: AUTH TLS, PROT P) on control and data connections.</summary>
    public bool Tls { get; init; }

    /// <summary>TLS from the first byte on; implies <see cref="Tls"/>. Not on Pure-FTPd.</summary>
    public bool ImplicitTls { get; init; }

    /// <summary>Offers TLS without requiring it.</summary>
    public bool OptionalTls { get; init; }

    /// <summary>Speaks TLS 1.2 only. ProFTPD and pyftpdlib.</summary>
    public bool OnlyTls12 { get; init; }

    /// <summary>The most sessions at once; null for no practical limit.</summary>
    public int? MaxClients { get; init; }

    /// <summary>The most sessions at once from one address; null for no practical limit.</summary>
    public int? MaxClientsPerHost { get; init; }

    /// <summary>Refuses everything that changes a file.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Lets <c>anonymous</c> in as well, into the same folder. Not on Pure-FTPd, and not on ProFTPD unless run as root.</summary>
    public bool Anonymous { get; init; }

    /// <summary>Refuses STOR onto an existing file. ProFTPD (AllowOverwrite off) only.</summary>
    public bool ForbidOverwrite { get; init; }

    /// <summary>Allows REST before STOR. Only ProFTPD can be told not to.</summary>
    public bool AllowStoreRestart { get; init; } = true;

    /// <summary>How many bytes the user may upload; null for no quota. ProFTPD (mod_quotatab) only.</summary>
    public long? QuotaBytes { get; init; }

    /// <summary>Offers MODE Z. ProFTPD (mod_deflate) only.</summary>
    public bool Deflate { get; init; }

    /// <summary>
    /// FTP verbs that the server refuses or does not know, for example <c>EPSV</c> or <c>MLSD</c>. Not on Pure-FTPd.
    /// </summary>
    public IReadOnlyList<string> DeniedCommands { get; init; } = [];

    /// <summary>When an idle control connection is ended; null for an hour. Pure-FTPd rounds up to minutes.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>When a control connection without transfers is ended, whatever commands it sends; null for never. ProFTPD only.</summary>
    public TimeSpan? NoTransferTimeout { get; init; }

    /// <summary>The loopback address to listen on: <c>127.0.0.1</c> or <c>::1</c>.</summary>
    public string ListenAddress { get; init; } = "127.0.0.1";

    /// <summary>
    /// Added to the server's configuration: lines of vsftpd.conf or proftpd.conf, further arguments of pure-ftpd (one item per
    /// argument), <c>name=JSON value</c> attributes of pyftpdlib's FTPHandler.
    /// </summary>
    public IReadOnlyList<string> ExtraConfiguration { get; init; } = [];

    /// <summary>Whether connections are encrypted at all.</summary>
    internal bool UsesTls => Tls || ImplicitTls;

    /// <summary>The idle limit in whole seconds.</summary>
    internal int IdleSeconds => IdleTimeout is { } limit ? Math.Max(1, (int)Math.Ceiling(limit.TotalSeconds)) : 3600;
}
