namespace FtpMount.Ftp.Transport;

/// <summary>TLS failed. The message is for a person.</summary>
internal sealed class TlsException(TlsFailure failure, string message, Exception? innerException = null) : IOException(message, innerException)
{
    /// <summary>How.</summary>
    public TlsFailure Failure { get; } = failure;
}
