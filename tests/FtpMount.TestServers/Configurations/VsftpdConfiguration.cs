using System.Net;
using System.Net.Sockets;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// vsftpd. As root it logs in the dedicated account, confined to the instance's folder. As an ordinary user only anonymous sessions
/// are possible (run_as_launching_user), without confinement: the login folder is then an absolute path, and neither SITE CHMOD nor
/// setting times works.
/// </summary>
internal sealed class VsftpdConfiguration : FtpServerConfiguration
{
    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        Demand(!options.ForbidOverwrite, "vsftpd cannot forbid overwriting");
        Demand(options is { QuotaBytes: null, Deflate: false }, "vsftpd has neither quotas for the user nor MODE Z");
        Demand(options.AllowStoreRestart, "vsftpd cannot forbid REST before STOR");
        Demand(!options.OnlyTls12, "vsftpd cannot be kept from TLS 1.3");
        TestAccount account = TestAccount.Current;
        bool v6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        string empty = Path.Combine(directory.Path, "empty");
        Directory.CreateDirectory(empty); // vsftpd confines its unprivileged helper process to it

        string anonymous = YesNo(options.Anonymous || !TestAccount.IsRoot);
        string write = YesNo(!options.ReadOnly);
        List<string> lines =
        [
            "background=NO",
            v6 ? "listen=NO" : "listen=YES",
            v6 ? "listen_ipv6=YES" : "listen_ipv6=NO",
            $"{(v6 ? "listen_address6" : "listen_address")}={address}",
            $"listen_port={Text(port)}",
            $"local_enable={YesNo(TestAccount.IsRoot)}",
            $"write_enable={write}",
            "local_umask=022",
            $"local_root={directory.Root}",
            $"pam_service_name={TestAccount.DedicatedName}",
            $"secure_chroot_dir={empty}",
            "allow_writeable_chroot=YES",
            "utf8_filesystem=YES",
            $"max_clients={Text(options.MaxClients ?? 0)}",
            $"max_per_ip={Text(options.MaxClientsPerHost ?? 0)}",
            $"idle_session_timeout={Text(options.IdleSeconds)}",
            "delay_failed_login=0",
            "max_login_fails=100",
            // Neither is a matter of FTP, and containers forbid the one and kernels newer than vsftpd break the other.
            "isolate=NO",
            "isolate_network=NO",
            "seccomp_sandbox=NO",
            "xferlog_enable=YES",
            "xferlog_std_format=NO",
            "log_ftp_protocol=YES",
            $"vsftpd_log_file={Path.Combine(directory.Log, "vsftpd.log")}",
            $"anonymous_enable={anonymous}",
            $"anon_root={directory.Root}",
            "anon_umask=022",
            "anon_world_readable_only=NO",
            $"anon_upload_enable={write}",
            $"anon_mkdir_write_enable={write}",
            $"anon_other_write_enable={write}",
            $"ftp_username={account.Name}",
        ];
        lines.AddRange(TestAccount.IsRoot ? ["chroot_local_user=YES"] : ["run_as_launching_user=YES"]);
        if (options.DeniedCommands.Count > 0)
            lines.Add("cmds_denied=" + string.Join(',', options.DeniedCommands));
        if (options.UsesTls)
        {
            (string certificate, string key, _) = TestCertificate.WriteTo(directory);
            lines.AddRange(
            [
                "ssl_enable=YES",
                // Its default, said aloud: a data connection must resume the TLS session of its control connection.
                "require_ssl_reuse=YES",
                $"implicit_ssl={YesNo(options.ImplicitTls)}",
                $"rsa_cert_file={certificate}",
                $"rsa_private_key_file={key}",
                $"force_local_logins_ssl={YesNo(!options.OptionalTls)}",
                $"force_local_data_ssl={YesNo(!options.OptionalTls)}",
                "allow_anon_ssl=YES",
                $"force_anon_logins_ssl={anonymous}",
                $"force_anon_data_ssl={anonymous}",
                "ssl_ciphers=HIGH",
            ]);
        }
        lines.AddRange(options.ExtraConfiguration);
        string configuration = directory.Write("vsftpd.conf", string.Join('\n', lines) + "\n");
        return new ServerCommand(
            Path.Combine(ServerInstallation.FolderOf(FtpServerKind.Vsftpd), "usr/sbin/vsftpd"),
            [configuration],
            ServerInstallation.EnvironmentOf(FtpServerKind.Vsftpd),
            TestAccount.IsRoot ? account.Name : "anonymous",
            TestAccount.IsRoot ? account.Password : "test@localhost");
    }

    private static string YesNo(bool value) => value ? "YES" : "NO";
}
