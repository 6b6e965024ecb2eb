using System.Diagnostics;
using System.Globalization;
using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>ProFTPD with mod_sftp, which speaks SSH and SFTP by itself. As root it confines the dedicated account to the instance's folder.</summary>
internal static class ProFtpdSftpConfiguration
{
    /// <summary>Writes the configuration and the keys.</summary>
    public static ServerCommand Write(ServerDirectory directory, IPAddress address, int port, SshServerOptions options)
    {
        TestAccount account = TestAccount.Current;
        string folder = ServerInstallation.FolderOf(FtpServerKind.ProFtpd);
        string LogFile(string name) => Path.Combine(directory.Log, name);
        string hostKey = SshTestServer.MakeKey(directory, "host_rsa");
        string clientKey = SshTestServer.MakeKey(directory, "id_rsa");
        string authorized = directory.Write("authorized_keys", ToRfc4716(clientKey + ".pub"));
        List<string> lines =
        [
            $"ModulePath {Path.Combine(folder, "usr/lib/proftpd")}",
            "LoadModule mod_sftp.c",
            "ServerName \"FtpMount test\"",
            "ServerType standalone",
            "DefaultServer on",
            $"DefaultAddress {address}",
            "SocketBindTight on",
            $"Port {port.ToString(CultureInfo.InvariantCulture)}",
            $"UseIPv6 {(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? "on" : "off")}",
            "UseReverseDNS off",
            $"User {(TestAccount.IsRoot ? "nobody" : account.Name)}",
            $"Group {(TestAccount.IsRoot ? "nogroup" : account.Group)}",
            "Umask 022",
            "MaxInstances 500",
            "RequireValidShell off",
            "UseFtpUsers off",
            $"DefaultChdir {directory.Root}",
            "TimesGMT on",
            "WtmpLog off",
            "TransferLog none",
            $"SystemLog {LogFile("proftpd.system.log")}",
            $"PidFile {LogFile("proftpd.pid")}",
            $"ScoreboardFile {LogFile("proftpd.scoreboard")}",
            "ControlsEngine off",
            "DelayEngine off",
            "TimeoutIdle 600",
            "TimeoutNoTransfer 0",
            "TimeoutStalled 0",
            "AllowRetrieveRestart on",
            "AllowStoreRestart on",
            "AllowOverwrite on",
            "SFTPEngine on",
            $"SFTPHostKey {hostKey}",
            "SFTPAuthMethods publickey password",
            $"SFTPAuthorizedUserKeys file:{authorized}",
            $"SFTPLog {LogFile("proftpd.sftp.log")}",
        ];
        if (TestAccount.IsRoot)
        {
            lines.Add("AuthOrder mod_auth_unix.c");
            lines.Add($"DefaultRoot {directory.Root}");
        }
        else
        {
            string users = directory.Write(
                "users", $"{account.Name}:{ProFtpdConfiguration.Hash(account.Password)}:{account.Uid}:{account.Gid}::{directory.Root}:/bin/sh\n", secret: true);
            lines.Add("AuthOrder mod_auth_file.c");
            lines.Add($"AuthUserFile {users}");
            lines.Add("AuthFileOptions InsecurePerms");
        }

        if (options.ReadOnly)
            lines.Add("<Limit WRITE>\n  DenyAll\n</Limit>");
        lines.AddRange(options.ExtraConfiguration);
        string configuration = directory.Write("proftpd.conf", string.Join('\n', lines) + "\n");
        return new ServerCommand(
            Path.Combine(folder, "usr/sbin/proftpd"),
            ["-n", "-c", configuration],
            ServerInstallation.EnvironmentOf(FtpServerKind.ProFtpd),
            account.Name,
            account.Password);
    }

    /// <summary>The form of public keys that mod_sftp reads.</summary>
    private static string ToRfc4716(string publicKey)
    {
        var start = new ProcessStartInfo("ssh-keygen") { ArgumentList = { "-e", "-f", publicKey }, RedirectStandardOutput = true };
        using Process keygen = Process.Start(start) ?? throw new InvalidOperationException("ssh-keygen did not start");
        string text = keygen.StandardOutput.ReadToEnd();
        keygen.WaitForExit();
        return text;
    }
}
