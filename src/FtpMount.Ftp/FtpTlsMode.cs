namespace FtpMount.Ftp;

/// <summary>Whether the connections to an FTP server are encrypted.</summary>
public enum FtpTlsMode
{
    /// <summary>AUTH TLS (RFC 4217) where the server knows it; in the clear where it refuses it, and never again in the clear once it has been encrypted.</summary>
    Auto,

    /// <summary>AUTH TLS; a server that refuses it is not used.</summary>
    Required,

    /// <summary>In the clear, passwords included.</summary>
    Off,

    /// <summary>TLS from the first byte on, usually on port 990.</summary>
    Implicit,
}
