namespace FtpMount.Sftp.Transport;

/// <summary>
/// Makes transports to one server: each call logs in (or opens one more channel where that is as good) and starts the <c>sftp</c> subsystem. Thread-safe. Disposing
/// it ends what its transports share.
/// </summary>
public interface ISftpConnector : IAsyncDisposable
{
    /// <summary>How much longer than <see cref="SftpOptions.Timeout"/> the first connection may take, because a person may be asked meanwhile.</summary>
    TimeSpan Patience => TimeSpan.Zero;

    /// <summary>Connects, verifies the host key, logs in and starts the subsystem; nothing of SFTP itself has been sent when it returns.</summary>
    /// <param name="cancellationToken">Ends the attempt; <see cref="SftpOptions.Timeout"/> is kept by the caller with it.</param>
    /// <exception cref="Remote.RemoteException">
    /// With one line that says what to do: <see cref="Remote.RemoteError.Offline"/> (unknown host, refused, unreachable), <see cref="Remote.RemoteError.Untrusted"/> (host key
    /// unknown, changed or revoked), <see cref="Remote.RemoteError.AuthenticationFailed"/>, <see cref="Remote.RemoteError.TooManyConnections"/>,
    /// <see cref="Remote.RemoteError.Unsupported"/> (the server has no <c>sftp</c> subsystem).
    /// </exception>
    ValueTask<ISftpTransport> ConnectAsync(CancellationToken cancellationToken);
}
