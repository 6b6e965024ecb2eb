using System.Diagnostics;
using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// Pure-FTPd with one virtual user whose home is the instance's folder; root only. It is configured by arguments.
/// </summary>
internal sealed class PureFtpdConfiguration : FtpServerConfiguration
{
    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        Demand(!options.ImplicitTls, "Pure-FTPd has no implicit TLS");
        Demand(!options.Anonymous, "Pure-FTPd serves anonymous sessions from the home of the system's user ftp only");
        Demand(!options.ForbidOverwrite, "Pure-FTPd cannot forbid overwriting alone");
        Demand(options is { QuotaBytes: null, Deflate: false }, "Pure-FTPd has neither quotas for the user nor MODE Z");
        Demand(options.AllowStoreRestart, "Pure-FTPd cannot forbid REST before STOR");
        Demand(options.DeniedCommands.Count == 0, "Pure-FTPd cannot deny single commands");
        Demand(!options.OnlyTls12, "Pure-FTPd cannot be kept from TLS 1.3");
        TestAccount account = TestAccount.Current;
        string folder = ServerInstallation.FolderOf(FtpServerKind.PureFtpd);

        // user:password:uid:gid:gecos:home, then thirteen fields of limits; "/./" at the end of the home confines the session to it.
        string users = directory.Write(
            "pureftpd.passwd",
            $"{account.Name}:{ProFtpdConfiguration.Hash(account.Password)}:{account.Uid}:{account.Gid}::{directory.Root}/./::::::::::::\n",
            secret: true);
        string database = Path.Combine(directory.Etc, "pureftpd.pdb");
        Run(Path.Combine(folder, "usr/bin/pure-pw"), "mkdb", database, "-f", users);
        if (options.ReadOnly)
            File.SetUnixFileMode(directory.Root, File.GetUnixFileMode(directory.Root) & ~UnixFileMode.UserWrite); // there is no switch for it

        List<string> arguments =
        [
            "-S", $"{address},{Text(port)}",
            "-A", "-E", "-H",
            "-u", "1",
            "-l", $"puredb:{database}",
            "-U", "022:022",
            "-c", Text(options.MaxClients ?? ManyClients),
            "-C", Text(options.MaxClientsPerHost ?? ManyClients),
            "-I", Text((options.IdleSeconds + 59) / 60),
            "-f", "none",
            "-O", $"clf:{Path.Combine(directory.Log, "pure-ftpd.transfers.log")}",
            "-g", Path.Combine(directory.Log, "pure-ftpd.pid"),
        ];
        arguments.AddRange(options.UsesTls ? ["-Y", options.OptionalTls ? "1" : "2", "-2", TestCertificate.WriteTo(directory).Both] : ["-Y", "0"]);
        arguments.AddRange(options.ExtraConfiguration);
        return new ServerCommand(
            Path.Combine(folder, "usr/sbin/pure-ftpd"),
            arguments,
            ServerInstallation.EnvironmentOf(FtpServerKind.PureFtpd),
            account.Name,
            account.Password);
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed with exit code {process.ExitCode}");
    }
}
