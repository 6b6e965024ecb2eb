using FtpMount.Remote;
using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.Transport.BuiltIn;
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
    /// <param name="prompter">Who is asked for what a login in this process needs; null for nobody.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Unsupported"/>: it is not to be had here; says what to do.</exception>
    public static ISftpConnector Create(SftpOptions options, TimeProvider time, ILogger logger, ISshPrompter? prompter = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var isInstalled = OperatingSystem.IsLinux() && SshConnector.IsInstalled("ssh");
        var usesSystem = options.Transport switch
        {
            SftpTransportKind.Ssh => true,
            SftpTransportKind.Builtin => false,
            _ => options.SshCommand is not null || (isInstalled && options.Password is null),
        };
        if (!usesSystem)
            return new BuiltInSshConnector(options, prompter, SshEnvironment.Current(), time, logger);
        return OperatingSystem.IsLinux()
            ? new SshConnector(options, time, logger)
            : throw new RemoteException(RemoteError.Unsupported, "transport=ssh is for Linux; leave it out, or use transport=builtin.");
    }
}
