using FtpMount.Remote;
using FtpMount.Sftp.Transport.Ssh;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Transport;

/// <summary>Chooses what carries the bytes.</summary>
public static class SftpConnectors
{
    /// <summary>The connector that the options ask for.</summary>
    /// <param name="options">The server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of connections, never of secrets.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>: it is not to be had here; says what to do.</exception>
    public static ISftpConnector Create(SftpOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!OperatingSystem.IsLinux() || options.Transport == SftpTransportKind.Builtin)
            throw new RemoteException(RemoteError.Unsupported, "transport=builtin is not available; use transport=ssh.");
        return new SshConnector(options, time, logger);
    }
}
