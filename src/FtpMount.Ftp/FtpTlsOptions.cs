using FtpMount.Ftp.Transport;

namespace FtpMount.Ftp;

/// <summary>How an FTP server is spoken to over TLS (RFC 4217).</summary>
public sealed record FtpTlsOptions
{
    /// <summary>Whether, and how it begins.</summary>
    public FtpTlsMode Mode { get; init; } = FtpTlsMode.Auto;

    /// <summary>The lowest version to be spoken.</summary>
    public TlsVersion Minimum { get; init; } = TlsVersion.Tls12;

    /// <summary>The highest version to be spoken; not below <see cref="Minimum"/>.</summary>
    public TlsVersion Maximum { get; init; } = TlsVersion.Tls13;

    /// <summary>Data connections are not encrypted (PROT C), only the control connection is: names and content can be read and changed on the way.</summary>
    public bool ClearData { get; init; }

    /// <summary>
    /// The control connection is not encrypted any more after the login (CCC), for firewalls and NAT that must read it: names of files, and what the server says of
    /// them, can be read and changed on the way.
    /// </summary>
    public bool ClearControlAfterLogin { get; init; }

    /// <summary>Which implementation; for tests.</summary>
    internal TlsLibrary Library { get; init; } = TlsLibrary.Best;
}
