namespace FtpMount.Ftp.Transport;

/// <summary>How TLS failed.</summary>
internal enum TlsFailure
{
    /// <summary>The two sides have no version of TLS in common.</summary>
    Version,

    /// <summary>The server wants a certificate of this client, or another one.</summary>
    ClientCertificate,

    /// <summary>The server ended the connection in the middle of the handshake.</summary>
    Closed,

    /// <summary>What the server sent is not TLS at all.</summary>
    NotTls,

    /// <summary>Anything else: the message says what.</summary>
    Other,
}
