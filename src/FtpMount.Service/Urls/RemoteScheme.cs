namespace FtpMount.Service.Urls;

/// <summary>The protocols that a URL can name.</summary>
public enum RemoteScheme
{
    /// <summary><c>ftp://</c>: FTP, encrypted where the server offers it unless the options say otherwise.</summary>
    Ftp,

    /// <summary><c>ftpes://</c>: FTP that must turn to TLS before the login (RFC 4217 AUTH TLS).</summary>
    FtpExplicitTls,

    /// <summary><c>ftps://</c>: FTP inside TLS from the first byte.</summary>
    FtpImplicitTls,

    /// <summary><c>sftp://</c> and <c>user@host:path</c>: the SSH file transfer protocol.</summary>
    Sftp,
}
