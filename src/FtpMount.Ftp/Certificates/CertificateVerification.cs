namespace FtpMount.Ftp.Certificates;

/// <summary>How the certificate of a server is judged when no fingerprint is given.</summary>
public enum CertificateVerification
{
    /// <summary>A chain to a trusted authority, the right host name, valid now, meant for servers (RFC 5280, RFC 9525).</summary>
    System,

    /// <summary>The first certificate seen on a host and port is remembered; from then on only that one is accepted.</summary>
    TrustOnFirstUse,

    /// <summary>Any certificate is accepted: anyone in between can read and change everything.</summary>
    Off,
}
