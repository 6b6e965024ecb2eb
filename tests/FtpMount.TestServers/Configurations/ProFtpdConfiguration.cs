using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// ProFTPD. As root it logs in the dedicated account, confined to the instance's folder; as an ordinary user it knows one user of an
/// AuthUserFile of its own, without confinement.
/// </summary>
internal sealed class ProFtpdConfiguration : FtpServerConfiguration
{
    /// <summary>The modules loaded where the distribution has them; what each adds is what clients may find on a real site.</summary>
    private static readonly string[] Modules =
    [
        "mod_copy", // SITE CPFR, CPTO
        "mod_digest", // HASH, XCRC, XMD5, XSHA
        "mod_site_misc", // SITE MKDIR, RMDIR, SYMLINK, UTIME
        "mod_tls",
        "mod_tls_shmcache",
    ];

    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        Demand(!options.Anonymous || TestAccount.IsRoot, "ProFTPD serves anonymous sessions as root only");
        TestAccount account = TestAccount.Current;
        string folder = ServerInstallation.FolderOf(FtpServerKind.ProFtpd);
        string modules = Path.Combine(folder, "usr/lib/proftpd");
        string LogFile(string name) => Path.Combine(directory.Log, name);

        List<string> lines = [$"ModulePath {modules}"];
        lines.AddRange(Modules.Where(name => File.Exists(Path.Combine(modules, name + ".so"))).Select(name => $"LoadModule {name}.c"));
        lines.AddRange(
        [
            "ServerName \"FtpMount test\"",
            "ServerType standalone",
            "DefaultServer on",
            $"DefaultAddress {address}",
            "SocketBindTight on",
            $"Port {Text(port)}",
            $"UseIPv6 {(address.AddressFamily == AddressFamily.InterNetworkV6 ? "on" : "off")}",
            "UseReverseDNS off",
            $"User {(TestAccount.IsRoot ? "nobody" : account.Name)}",
            $"Group {(TestAccount.IsRoot ? "nogroup" : account.Group)}",
            "Umask 022",
            $"MaxInstances {Text(ManyClients)}",
            "RequireValidShell off",
            "UseFtpUsers off",
            $"DefaultChdir {directory.Root}",
            "TimesGMT on",
            "WtmpLog off",
            "TransferLog none",
            $"SystemLog {LogFile("proftpd.system.log")}",
            $"ExtendedLog {LogFile("proftpd.commands.log")} ALL",
            $"PidFile {LogFile("proftpd.pid")}",
            $"ScoreboardFile {LogFile("proftpd.scoreboard")}",
            "ControlsEngine off",
            "DelayEngine off",
            $"TimeoutIdle {Text(options.IdleSeconds)}",
            $"TimeoutNoTransfer {Text((int)Math.Ceiling(options.NoTransferTimeout?.TotalSeconds ?? 0))}",
            "TimeoutStalled 0",
            "MaxLoginAttempts 100",
            "AllowRetrieveRestart on",
            $"AllowStoreRestart {OnOff(options.AllowStoreRestart)}",
            $"AllowOverwrite {OnOff(!options.ForbidOverwrite)}",
        ]);
        if (TestAccount.IsRoot)
        {
            lines.Add("AuthOrder mod_auth_unix.c");
            lines.Add($"DefaultRoot {directory.Root}");
        }
        else
        {
            string users = directory.Write(
                "users", $"{account.Name}:{Hash(account.Password)}:{account.Uid}:{account.Gid}::{directory.Root}:/bin/sh\n", secret: true);
            lines.Add("AuthOrder mod_auth_file.c");
            lines.Add($"AuthUserFile {users}");
            lines.Add("AuthFileOptions InsecurePerms");
        }
        if (options.MaxClients is { } clients)
            lines.Add($"MaxClients {Text(clients)}");
        if (options.MaxClientsPerHost is { } perHost)
            lines.Add($"MaxClientsPerHost {Text(perHost)}");
        if (options.ReadOnly)
            lines.Add("<Limit WRITE SITE_CHMOD SITE_CHGRP SITE_UTIME SITE_SYMLINK MFMT MFF>\n  DenyAll\n</Limit>");
        if (options.DeniedCommands.Count > 0)
            lines.Add($"<Limit {string.Join(' ', options.DeniedCommands)}>\n  DenyAll\n</Limit>");
        if (options.Anonymous)
        {
            lines.Add($"<Anonymous {directory.Root}>\n  User {account.Name}\n  Group {account.Group}\n  UserAlias anonymous {account.Name}\n"
                + $"  AuthAliasOnly on\n  AllowOverwrite {OnOff(!options.ForbidOverwrite)}\n  AllowStoreRestart {OnOff(options.AllowStoreRestart)}\n</Anonymous>");
        }
        if (options.UsesTls)
        {
            (string certificate, string key, _) = TestCertificate.WriteTo(directory);
            lines.AddRange(
            [
                "TLSEngine on",
                $"TLSRequired {(options.OptionalTls ? "off" : "on")}",
                options.OnlyTls12 ? "TLSProtocol TLSv1.2" : "TLSProtocol TLSv1.2 TLSv1.3",
                $"TLSRSACertificateFile {certificate}",
                $"TLSRSACertificateKeyFile {key}",
                $"TLSLog {LogFile("proftpd.tls.log")}",
            ]);
            if (options.ImplicitTls)
                lines.Add("TLSOptions UseImplicitSSL");
        }
        if (options.Deflate)
            lines.AddRange(["LoadModule mod_deflate.c", "DeflateEngine on"]);
        if (options.QuotaBytes is { } quota)
            lines.AddRange(Quota(directory, folder, account.Name, quota));
        lines.AddRange(options.ExtraConfiguration);
        string configuration = directory.Write("proftpd.conf", string.Join('\n', lines) + "\n");
        return new ServerCommand(
            Path.Combine(folder, "usr/sbin/proftpd"),
            ["-n", "-c", configuration],
            ServerInstallation.EnvironmentOf(FtpServerKind.ProFtpd),
            account.Name,
            account.Password);
    }

    private static string[] Quota(ServerDirectory directory, string folder, string user, long bytes)
    {
        string limits = Path.Combine(directory.Etc, "quota.limits");
        string tallies = Path.Combine(directory.Etc, "quota.tallies");
        Run("--create-table", "--type=limit", "--table-path=" + limits);
        Run("--create-table", "--type=tally", "--table-path=" + tallies);
        Run("--add-record", "--type=limit", "--name=" + user, "--quota-type=user", "--limit-type=hard", string.Create(CultureInfo.InvariantCulture, $"--bytes-upload={bytes}"), "--units=byte", "--table-path=" + limits);
        return
        [
            "LoadModule mod_quotatab.c",
            "LoadModule mod_quotatab_file.c",
            "QuotaEngine on",
            "QuotaShowQuotas on",
            "QuotaDisplayUnits \"b\"",
            $"QuotaLimitTable file:{limits}",
            $"QuotaTallyTable file:{tallies}",
        ];

        void Run(params string[] arguments)
        {
            using Process tool = Process.Start(Path.Combine(folder, "usr/sbin/ftpquota"), arguments);
            tool.WaitForExit();
            if (tool.ExitCode != 0)
                throw new InvalidOperationException($"ftpquota {string.Join(' ', arguments)} failed with exit code {tool.ExitCode}");
        }
    }

    /// <summary>crypt(3) of a password, by openssl.</summary>
    internal static string Hash(string password)
    {
        var start = new ProcessStartInfo("openssl") { ArgumentList = { "passwd", "-5", "-stdin" }, RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process openssl = Process.Start(start) ?? throw new InvalidOperationException("openssl did not start");
        openssl.StandardInput.WriteLine(password);
        openssl.StandardInput.Close();
        string hash = openssl.StandardOutput.ReadToEnd().Trim();
        openssl.WaitForExit();
        return hash;
    }

    private static string OnOff(bool value) => value ? "on" : "off";
}
