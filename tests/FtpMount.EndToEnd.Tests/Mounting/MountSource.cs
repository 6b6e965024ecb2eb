using System.Globalization;
using System.Security.Cryptography;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>What is mounted: a server of either protocol, as the command line names it.</summary>
/// <param name="LoginFolder">The URL of the login folder, which ends with a slash.</param>
/// <param name="Password">For <c>FTPMOUNT_PASSWORD</c>; null when a key opens.</param>
/// <param name="Options">What <c>-o</c> needs to get in.</param>
public sealed record MountSource(string LoginFolder, string? Password, IReadOnlyList<string> Options)
{
    /// <summary>An FTP server.</summary>
    public static MountSource Of(FtpTestServer server) =>
        new(string.Create(CultureInfo.InvariantCulture, $"ftp://{server.User}@{server.Host}:{server.Port}/"), server.Password, []);

    /// <summary>An SSH server. Nothing of the user's own SSH configuration plays a part, and nothing is written to it.</summary>
    /// <param name="server">The server.</param>
    /// <param name="transport"><c>ssh</c> or <c>builtin</c>.</param>
    /// <param name="port">The port of a proxy in front of it; null for the server's own.</param>
    public static MountSource Of(SshTestServer server, string transport, int? port = null)
    {
        string url = string.Create(CultureInfo.InvariantCulture, $"sftp://{server.User}@{server.Host}:{port ?? server.Port}/~/");
        string publicKey = File.ReadAllText(server.HostKeyPath + ".pub");
        List<string> options = [$"transport={transport}", $"identity-file={server.PrivateKeyPath}"];
        if (transport == "ssh")
        {
            string knownHosts = Path.Combine(Path.GetDirectoryName(server.HostKeyPath)!, $"known_hosts_{port ?? server.Port}");
            File.WriteAllText(knownHosts, $"[{server.Host}]:{port ?? server.Port} {publicKey}");
            options.Add($"ssh-command=ssh -F none -o UserKnownHostsFile={knownHosts} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes");
        }
        else
        {
            byte[] digest = SHA256.HashData(Convert.FromBase64String(publicKey.Split(' ')[1]));
            options.Add("host-key=SHA256:" + Convert.ToBase64String(digest).TrimEnd('='));
        }
        return new MountSource(url, null, options);
    }
}
