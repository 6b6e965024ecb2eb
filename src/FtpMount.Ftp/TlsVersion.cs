namespace FtpMount.Ftp;

/// <summary>The versions of TLS that are safe enough to be spoken.</summary>
public enum TlsVersion
{
    /// <summary>RFC 5246.</summary>
    Tls12,

    /// <summary>RFC 8446.</summary>
    Tls13,
}
