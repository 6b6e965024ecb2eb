using FtpMount.Remote;
using FtpMount.Sftp.Transport;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>What a person reads when ssh does not get in.</summary>
public sealed class LoginTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_host_key_is_refused()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var failure = await FailureOf(SftpTestSite.OptionsFor(server) with { SshCommand = "ssh -F none -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null" });
        Assert.Equal(RemoteError.Untrusted, failure.Error);
        Assert.Contains("is not known", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_host_key_is_refused()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var options = SftpTestSite.OptionsFor(server);
        var folder = Directory.CreateTempSubdirectory("ftpmount-test-");
        try
        {
            var knownHosts = Path.Combine(folder.FullName, "known_hosts");
            await File.WriteAllTextAsync(knownHosts, $"[{server.Host}]:{server.Port} {await File.ReadAllTextAsync(server.PrivateKeyPath + ".pub", Token)}", Token);
            var failure = await FailureOf(options with { SshCommand = $"ssh -F none -o UserKnownHostsFile={knownHosts} -o GlobalKnownHostsFile=/dev/null" });
            Assert.Equal(RemoteError.Untrusted, failure.Error);
            Assert.Contains("has changed", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_wrong_key_is_an_authentication_failure()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var failure = await FailureOf(SftpTestSite.OptionsFor(server) with { IdentityFiles = [server.HostKeyPath] });
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.Contains("publickey", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_port_is_offline()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var failure = await FailureOf(SftpTestSite.OptionsFor(server) with { Port = 1 });
        Assert.Equal(RemoteError.Offline, failure.Error);
        Assert.Contains("refuses SSH connections on port 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_folder_is_not_found()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        Assert.Equal(RemoteError.NotFound, (await FailureOf(SftpTestSite.OptionsFor(server) with { Path = "no/such/folder" })).Error);
    }

    [Fact]
    public async Task A_program_that_is_no_ssh_says_so()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        Assert.Equal(RemoteError.Unsupported, (await FailureOf(SftpTestSite.OptionsFor(server) with { SshCommand = "/nonexistent/ssh" })).Error);
        var text = await FailureOf(SftpTestSite.OptionsFor(server) with { SshCommand = "echo 'Welcome to the machine'" });
        Assert.Equal(RemoteError.ProtocolViolation, text.Error);
        Assert.Contains("Welcome to the machine", text.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_ssh_process_is_left_behind()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        await using (var site = await SftpTestSite.OpenAsync(server))
            Assert.NotEmpty(Children(server.Port));
        Assert.Empty(Children(server.Port));
    }

    /// <summary>Processes, zombies too, whose parent is this one and that talk to a port; a zombie has no command line.</summary>
    private static List<string> Children(int port) =>
    [
        .. Directory.GetDirectories("/proc").Where(folder => Path.GetFileName(folder).All(char.IsAsciiDigit)).Select(Describe)
            .Where(text => text.Contains($" -p {port} ", StringComparison.Ordinal) || text.EndsWith(" (ssh) Z", StringComparison.Ordinal)),
    ];

    private static string Describe(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var name = stat[stat.IndexOf('(', StringComparison.Ordinal)..(stat.LastIndexOf(')') + 1)];
            var rest = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return rest[1] == Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)
                ? File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ') + $" {name} {rest[0]}"
                : "";
        }
        catch (IOException)
        {
            return ""; // it has ended meanwhile
        }
    }

    private static async Task<RemoteException> FailureOf(SftpOptions options)
    {
        var connector = SftpConnectors.Create(options, TimeProvider.System, NullLogger.Instance);
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await SftpFileSystem.ConnectAsync(options, connector, TimeProvider.System, NullLogger.Instance, Token));
        Assert.DoesNotContain('\n', failure.Message);
        return failure;
    }
}
