namespace FtpMount.Ftp.Transport;

/// <summary>What speaks TLS.</summary>
internal enum TlsLibrary
{
    /// <summary>libssl where it can be loaded, otherwise the runtime's own.</summary>
    Best,

    /// <summary>libssl.so.3, called directly.</summary>
    OpenSsl,

    /// <summary><see cref="System.Net.Security.SslStream"/>.</summary>
    SslStream,
}
