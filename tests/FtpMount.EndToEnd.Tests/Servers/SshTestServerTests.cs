using System.Diagnostics;
using System.Globalization;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Servers;

/// <summary>The OpenSSH test server, seen by the system's own sftp.</summary>
public class SshTestServerTests
{
    [Fact]
    public async Task Sftp_lists_the_root_of_the_server()
    {
        if (!SshTestServer.IsAvailable(out string reason))
            Assert.Skip(reason);
        await using SshTestServer server = await SshTestServer.StartAsync();
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "hello.txt"), "hello");
        string knownHosts = Path.Combine(server.LogDirectory, "known_hosts");
        string hostKey = await File.ReadAllTextAsync(server.HostKeyPath + ".pub");
        await File.WriteAllTextAsync(knownHosts, $"[{server.Host}]:{server.Port} {hostKey}");

        Assert.Contains("hello.txt", await ListAsync(server, knownHosts));
        await server.RestartAsync();
        Assert.Contains("hello.txt", await ListAsync(server, knownHosts));
    }

    private static async Task<string> ListAsync(SshTestServer server, string knownHosts)
    {
        var start = new ProcessStartInfo("sftp")
        {
            ArgumentList =
            {
                "-q", "-b", "-", "-P", server.Port.ToString(CultureInfo.InvariantCulture), "-i", server.PrivateKeyPath, "-F", "none",
                "-o", "IdentitiesOnly=yes", "-o", $"UserKnownHostsFile={knownHosts}", "-o", "StrictHostKeyChecking=yes",
                $"{server.User}@{server.Host}",
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process sftp = Process.Start(start)!;
        await sftp.StandardInput.WriteLineAsync("ls");
        sftp.StandardInput.Close();
        Task<string> errors = sftp.StandardError.ReadToEndAsync();
        string listing = await sftp.StandardOutput.ReadToEndAsync();
        await sftp.WaitForExitAsync();
        Assert.True(sftp.ExitCode == 0, await errors + await server.ReadLogAsync());
        return listing;
    }
}
