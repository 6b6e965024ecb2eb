using System.Diagnostics;
using System.Globalization;
using System.Net;
using FtpMount.TestServers.Processes;

namespace FtpMount.TestServers.Configurations;

/// <summary>
/// dropbear, which has no SFTP of its own and starts OpenSSH's sftp-server by the shell of the user. The account of the tests has no shell and no home, so dropbear gets
/// a view of the machine in which it has both: a mount namespace with another /etc/passwd.
/// </summary>
internal static class DropbearConfiguration
{
    /// <summary>Writes the keys, the user's home and the list of users.</summary>
    public static ServerCommand Write(ServerDirectory directory, IPAddress address, int port, SshServerOptions options)
    {
        TestAccount account = TestAccount.Current;
        string folder = ServerInstallation.DropbearFolder;
        Dictionary<string, string> environment = ServerInstallation.EnvironmentOf(folder);
        string hostKey = MakeHostKey(directory, Path.Combine(folder, "usr/bin/dropbearkey"), environment);
        string clientKey = SshTestServer.MakeKey(directory, "id_ed25519");
        string home = Path.Combine(directory.Etc, "home");
        Directory.CreateDirectory(Path.Combine(home, ".ssh"));
        File.Copy(clientKey + ".pub", Path.Combine(home, ".ssh", "authorized_keys"));
        account.TakeOwnership(home);
        string users = directory.Write("passwd", string.Concat(File.ReadLines("/etc/passwd").Select(line => WithHome(line, account.Name, home) + "\n")));
        string listen = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        return new ServerCommand(
            "/usr/bin/unshare",
            [
                "--mount", "/bin/sh", "-c", "mount --bind \"$0\" /etc/passwd && exec \"$@\"", users,
                Path.Combine(folder, "usr/sbin/dropbear"), "-F", "-E", "-m",
                "-p", string.Create(CultureInfo.InvariantCulture, $"{listen}:{port}"),
                "-r", hostKey,
                "-P", Path.Combine(directory.Log, "dropbear.pid"),
                "-c", $"{ServerInstallation.SftpServer}{(options.ReadOnly ? " -R" : "")} -d {directory.Root}",
                .. options.ExtraConfiguration,
            ],
            environment,
            account.Name,
            account.Password);
    }

    /// <summary>dropbear has a form of private keys of its own; the public one is printed.</summary>
    private static string MakeHostKey(ServerDirectory directory, string program, Dictionary<string, string> environment)
    {
        string path = Path.Combine(directory.Etc, "host_ed25519");
        var start = new ProcessStartInfo(program) { ArgumentList = { "-t", "ed25519", "-f", path }, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process keygen = Process.Start(start) ?? throw new InvalidOperationException("dropbearkey did not start");
        string text = keygen.StandardOutput.ReadToEnd();
        keygen.WaitForExit();
        string line = text.Split('\n').FirstOrDefault(line => line.StartsWith("ssh-ed25519 ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"dropbearkey failed with exit code {keygen.ExitCode}: {keygen.StandardError.ReadToEnd()}");
        File.WriteAllText(path + ".pub", line + "\n");
        return path;
    }

    private static string WithHome(string line, string user, string home)
    {
        string[] fields = line.Split(':');
        if (fields[0] != user || fields.Length < 7)
            return line;
        fields[5] = home;
        fields[6] = "/bin/sh";
        return string.Join(':', fields);
    }
}
