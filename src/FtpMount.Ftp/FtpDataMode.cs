namespace FtpMount.Ftp;

/// <summary>Who opens the data connections, and how the two sides agree on the port.</summary>
public enum FtpDataMode
{
    /// <summary>EPSV, and PASV where the server refuses EPSV; what works is remembered.</summary>
    Auto,

    /// <summary>EPSV only (RFC 2428 section 3).</summary>
    Epsv,

    /// <summary>PASV only (RFC 959 section 4.1.2), always with the address of the control connection's peer. IPv4 only.</summary>
    Pasv,

    /// <summary>The server connects to us: EPRT, and PORT where the server refuses EPRT.</summary>
    Active,
}
