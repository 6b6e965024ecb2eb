namespace FtpMount.Service.Options;

/// <summary>How FTP data connections are made.</summary>
public enum DataConnectionMode
{
    /// <summary>EPSV, and PASV where the server does not know it.</summary>
    Auto,

    /// <summary>EPSV only (RFC 2428).</summary>
    Epsv,

    /// <summary>PASV only (RFC 959).</summary>
    Pasv,

    /// <summary>The server connects to this machine: EPRT, and PORT where the server does not know it.</summary>
    Active,
}
