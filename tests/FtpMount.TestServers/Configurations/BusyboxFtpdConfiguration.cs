using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// busybox ftpd, a program for one session, behind busybox's tcpsvd, which listens and starts it. As root it logs in the dedicated account, confined to the instance's
/// folder. As an ordinary user it asks for no password and confines nobody: the login folder is an absolute path then.
/// </summary>
internal sealed class BusyboxFtpdConfiguration : FtpServerConfiguration
{
    /// <summary>Where the program is.</summary>
    public static string Program => Path.Combine(ServerInstallation.FolderOf(FtpServerKind.BusyboxFtpd), "busybox");

    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        DemandPlain("busybox ftpd", options);
        TestAccount account = TestAccount.Current;
        List<string> session = [Program, "ftpd", "-t", Text(options.IdleSeconds), "-T", Text(7 * 24 * 3600)];
        if (!options.ReadOnly)
            session.Add("-w");
        if (!TestAccount.IsRoot)
            session.Add("-A");
        session.AddRange(options.ExtraConfiguration);
        session.Add(directory.Root);
        return new ServerCommand(
            Program, [.. Listen(address, port, options), .. session], ServerInstallation.EnvironmentOf(FtpServerKind.BusyboxFtpd), account.Name, account.Password);
    }

    /// <summary>The arguments of busybox that listen on a port and run a program for each connection.</summary>
    public static IReadOnlyList<string> Listen(IPAddress address, int port, FtpServerOptions options)
    {
        List<string> arguments = ["tcpsvd", "-E", "-c", Text(ManyClients)];
        // All clients of the tests come from one address.
        if ((options.MaxClients ?? options.MaxClientsPerHost) is { } most)
            arguments.AddRange(["-C", $"{Text(most)}:421 Too many connections\r\n"]);
        arguments.AddRange([address.ToString(), Text(port)]);
        return arguments;
    }

    /// <summary>What neither of the programs behind tcpsvd can do.</summary>
    public static void DemandPlain(string server, FtpServerOptions options)
    {
        Demand(!options.UsesTls, $"{server} has no TLS");
        Demand(!options.Anonymous, $"{server} is not set up for anonymous sessions");
        Demand(!options.ForbidOverwrite, $"{server} cannot forbid overwriting");
        Demand(options.AllowStoreRestart, $"{server} cannot forbid REST before STOR");
        Demand(options.DeniedCommands.Count == 0, $"{server} cannot refuse single commands");
    }
}
