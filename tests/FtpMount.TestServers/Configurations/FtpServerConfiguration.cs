using System.Globalization;
using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>Turns <see cref="FtpServerOptions"/> into the configuration of one server program.</summary>
internal abstract class FtpServerConfiguration
{
    /// <summary>What stands for "no limit" where a server wants a number.</summary>
    protected const int ManyClients = 1000;

    /// <summary>The configuration of a kind.</summary>
    public static FtpServerConfiguration For(FtpServerKind kind) => kind switch
    {
        FtpServerKind.Vsftpd => new VsftpdConfiguration(),
        FtpServerKind.ProFtpd => new ProFtpdConfiguration(),
        FtpServerKind.PureFtpd => new PureFtpdConfiguration(),
        FtpServerKind.Pyftpdlib => new PyftpdlibConfiguration(),
        FtpServerKind.InetutilsFtpd => new InetutilsFtpdConfiguration(),
        FtpServerKind.BusyboxFtpd => new BusyboxFtpdConfiguration(),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such server"),
    };

    /// <summary>Writes the configuration files and says what to execute.</summary>
    /// <param name="directory">The server's folder.</param>
    /// <param name="address">The address to listen on.</param>
    /// <param name="port">The port to listen on.</param>
    /// <param name="options">What the test wants.</param>
    public abstract ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options);

    /// <summary>Throws when a test asks for what this server cannot do.</summary>
    protected static void Demand(bool possible, string what)
    {
        if (!possible)
            throw new NotSupportedException(what);
    }

    /// <summary>An integer as configuration files write it.</summary>
    protected static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
