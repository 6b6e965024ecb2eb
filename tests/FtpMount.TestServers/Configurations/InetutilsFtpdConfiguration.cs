using System.Globalization;
using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// GNU inetutils' ftpd, a program for one session, behind busybox's tcpsvd. It takes the login folder from /etc/passwd and lets in only whom /etc/shells allows, so it
/// runs in a mount namespace of its own with a small /etc. It is not confined (its LIST needs /bin/ls): the login folder is an absolute path. Root only.
/// </summary>
internal sealed class InetutilsFtpdConfiguration : FtpServerConfiguration
{
    /// <summary>
    /// $0 is the folder that becomes /etc; the arguments are the command. The new namespace gets a copy of every mount, and a FUSE mount does not end while any copy is left: those
    /// of other tests are let go at once.
    /// </summary>
    private const string WithOwnEtc =
        "mount --make-rprivate / && { awk '$3 ~ /^fuse/ { print $2 }' /proc/self/mounts | xargs -r -n 1 umount -l -c; mount --bind \"$0\" /etc && exec \"$@\"; }";

    /// <inheritdoc/>
    public override ServerCommand Write(ServerDirectory directory, IPAddress address, int port, FtpServerOptions options)
    {
        BusyboxFtpdConfiguration.DemandPlain("inetutils-ftpd", options);
        Demand(!options.ReadOnly, "inetutils-ftpd cannot be told to refuse changes");
        TestAccount account = TestAccount.Current;
        string numbers = string.Create(CultureInfo.InvariantCulture, $"{account.Uid}:{account.Gid}");
        directory.Write("passwd", $"root:x:0:0:root:/root:/bin/sh\n{account.Name}:x:{numbers}::{directory.Root}:/bin/sh\n");
        directory.Write("group", string.Create(CultureInfo.InvariantCulture, $"root:x:0:\n{account.Group}:x:{account.Gid}:\n"));
        directory.Write("shadow", File.ReadLines("/etc/shadow").First(line => line.StartsWith(account.Name + ":", StringComparison.Ordinal)) + "\n", secret: true);
        directory.Write("shells", "/bin/sh\n");
        directory.Write("ftpusers", "root\n");
        directory.Write("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n");
        directory.Write("services", "ftp-data 20/tcp\nftp 21/tcp\n");
        directory.Write("hosts", "127.0.0.1 localhost\n::1 localhost\n");

        List<string> arguments = ["-m", "/bin/sh", "-c", WithOwnEtc, directory.Etc, BusyboxFtpdConfiguration.Program];
        arguments.AddRange(BusyboxFtpdConfiguration.Listen(address, port, options));
        arguments.AddRange(
        [
            Path.Combine(ServerInstallation.FolderOf(FtpServerKind.InetutilsFtpd), "usr/sbin/ftpd"),
            "--auth=default",
            "-u",
            "022",
            "-T",
            Text(Math.Max(7200, options.IdleSeconds)),
            "-t",
            Text(options.IdleSeconds),
        ]);
        arguments.AddRange(options.ExtraConfiguration);
        return new ServerCommand(
            "/usr/bin/unshare", arguments, ServerInstallation.EnvironmentOf(FtpServerKind.InetutilsFtpd), account.Name, account.Password);
    }
}
