using FtpMount.Remote;
using FtpMount.Sftp.Keys;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class HostKeyTests : IDisposable
{
    private readonly SshHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task An_unknown_key_is_refused_without_a_terminal_and_the_message_says_which_option_accepts_it()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        var failure = await RefusalAsync(SshHome.OptionsFor(server));
        var fingerprint = KeyOf(server).Fingerprint;
        Assert.Contains($"host-key={fingerprint} ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("host-key=accept-new", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.False(File.Exists(_home.KnownHosts));

        Assert.True(HostKeyPolicy.TryParse(fingerprint, out var policy));
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { HostKey = policy }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_key_is_accepted_and_remembered_when_that_is_asked_for(bool hashed)
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        Directory.Delete(_home.InHome(""), recursive: true);
        if (hashed)
        {
            Directory.CreateDirectory(_home.InHome(""));
            _home.Write("config", "HashKnownHosts yes\n");
        }

        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.AcceptNew }));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_home.KnownHosts));
        Assert.Equal(!hashed, File.ReadAllText(_home.KnownHosts).Contains(server.Host, StringComparison.Ordinal));
        Assert.Contains("found", SshHome.Run("ssh-keygen", "-F", $"[{server.Host}]:{server.Port}", "-f", _home.KnownHosts), StringComparison.Ordinal);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.Ask }));
        Assert.Single(File.ReadAllLines(_home.KnownHosts));
    }

    [Fact]
    public async Task A_last_line_without_an_end_is_not_joined_with_the_new_one()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Write("known_hosts", "# no end");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.AcceptNew }));
        Assert.Equal(2, File.ReadAllLines(_home.KnownHosts).Length);
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("fingerprint")]
    public async Task A_person_accepts_a_key(string answer)
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        var key = KeyOf(server);
        var prompter = new ScriptedPrompter("perhaps", answer == "yes" ? "yes" : key.Fingerprint);
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server), prompter));
        Assert.Contains(key.Fingerprint, prompter.Asked[0].Question, StringComparison.Ordinal);
        Assert.Single(File.ReadAllLines(_home.KnownHosts));
    }

    [Fact]
    public async Task A_person_refuses_a_key()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        await RefusalAsync(SshHome.OptionsFor(server), new ScriptedPrompter("no"));
        Assert.False(File.Exists(_home.KnownHosts));
    }

    [Fact]
    public async Task Strict_checking_does_not_ask()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Write("config", "StrictHostKeyChecking yes\n");
        var prompter = new ScriptedPrompter("yes");
        await RefusalAsync(SshHome.OptionsFor(server), prompter);
        Assert.Empty(prompter.Asked);
    }

    [Theory]
    [InlineData("accept-new")]
    [InlineData("ask")]
    public async Task A_changed_key_is_refused_and_the_line_is_named(string policy)
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        var other = MakeKey("other", "ed25519");
        _home.Write("known_hosts", $"# comment\n[{server.Host}]:{server.Port} {File.ReadAllText(other + ".pub")}");
        Assert.True(HostKeyPolicy.TryParse(policy, out var hostKey));
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { HostKey = hostKey }, new ScriptedPrompter("yes"));
        Assert.Contains("HAS CHANGED", failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{_home.KnownHosts}:2", failure.Message, StringComparison.Ordinal);
        Assert.Contains(KeyOf(server).Fingerprint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_fingerprint_is_refused_whatever_known_hosts_says()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Trust(server);
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.WithFingerprint("SHA256:" + new string('A', 43)) });
        Assert.Contains(KeyOf(server).Fingerprint, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fingerprint_may_be_that_of_any_of_the_servers_keys()
    {
        var rsa = MakeKey("host_rsa", "rsa");
        await using var server = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = [$"HostKey {rsa}"] }, SshHome.Token);
        var fingerprint = SshPublicKey.TryReadFile(rsa + ".pub")!.Fingerprint;
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.WithFingerprint(fingerprint) }));
    }

    [Theory]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task The_server_is_asked_for_the_key_that_is_known(string type)
    {
        var known = MakeKey("host_known", type);
        await using var server = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = [$"HostKey {known}"] }, SshHome.Token);
        _home.Write("known_hosts", $"[{server.Host}]:{server.Port} {File.ReadAllText(known + ".pub")}");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server)));
    }

    [Fact]
    public async Task A_key_of_another_type_than_the_known_one_is_not_accepted_as_new()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Write("known_hosts", $"[{server.Host}]:{server.Port} {File.ReadAllText(MakeKey("other", "rsa") + ".pub")}");
        var failure = await RefusalAsync(SshHome.OptionsFor(server) with { HostKey = HostKeyPolicy.AcceptNew });
        Assert.Contains("another type", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_key_is_refused()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Trust(server);
        File.AppendAllText(_home.KnownHosts, $"@revoked * {File.ReadAllText(server.HostKeyPath + ".pub")}");
        var failure = await RefusalAsync(SshHome.OptionsFor(server));
        Assert.Contains("revoked", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_known_without_the_port_is_accepted()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Write("known_hosts", $"{server.Host} {File.ReadAllText(server.HostKeyPath + ".pub")}");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server)));
    }

    [Fact]
    public async Task A_key_is_looked_up_under_its_alias_and_in_the_systems_file()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Write("config", "HostKeyAlias storage\n");
        File.WriteAllText(_home.Environment.SystemKnownHostsFiles[0], $"storage {File.ReadAllText(server.HostKeyPath + ".pub")}");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server)));
    }

    [Theory]
    [InlineData("ed25519", "ed25519")]
    [InlineData("rsa", "ecdsa")]
    [InlineData("ecdsa", "rsa")]
    public async Task A_host_certificate_by_a_known_authority_is_accepted(string keyType, string authorityType)
    {
        var (server, authority) = await StartWithCertificateAsync(keyType, authorityType, "127.0.0.1,example.org", "always:forever");
        await using var _ = server;
        _home.Write("known_hosts", $"@cert-authority * {File.ReadAllText(authority + ".pub")}");
        Assert.Equal(3u, await _home.HelloAsync(SshHome.OptionsFor(server)));
        Assert.Single(File.ReadAllLines(_home.KnownHosts));
    }

    [Theory]
    [InlineData("example.org", "always:forever", "h")]
    [InlineData("127.0.0.1", "20200101:20210101", "h")]
    [InlineData("127.0.0.1", "20900101:20910101", "h")]
    [InlineData("127.0.0.1", "always:forever", "")]
    public async Task A_host_certificate_for_another_host_or_time_or_for_users_is_not_accepted(string principals, string validity, string kind)
    {
        var (server, authority) = await StartWithCertificateAsync("ed25519", "ed25519", principals, validity, kind);
        await using var _ = server;
        _home.Write("known_hosts", $"@cert-authority * {File.ReadAllText(authority + ".pub")}");
        var failure = await RefusalAsync(SshHome.OptionsFor(server));
        Assert.Contains("not known", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_authority_is_refused()
    {
        var (server, authority) = await StartWithCertificateAsync("ed25519", "ed25519", "127.0.0.1", "always:forever");
        await using var _ = server;
        var key = File.ReadAllText(authority + ".pub");
        _home.Write("known_hosts", $"@cert-authority * {key}@revoked * {key}");
        Assert.Contains("revoked", (await RefusalAsync(SshHome.OptionsFor(server))).Message, StringComparison.Ordinal);
    }

    private async Task<(SshTestServer Server, string Authority)> StartWithCertificateAsync(
        string keyType, string authorityType, string principals, string validity, string kind = "h")
    {
        var host = MakeKey("host", keyType);
        var authority = MakeKey("authority", authorityType);
        List<string> arguments = ["-q", "-s", authority, "-I", "test", "-n", principals, "-V", validity];
        if (kind == "h")
            arguments.Add("-h");
        SshHome.Run("ssh-keygen", [.. arguments, host + ".pub"]);
        var server = await SshTestServer.StartAsync(
            new SshServerOptions { ExtraConfiguration = [$"HostKey {host}", $"HostCertificate {host}-cert.pub"] }, SshHome.Token);
        return (server, authority);
    }

    private async Task<RemoteException> RefusalAsync(SftpOptions options, ScriptedPrompter? prompter = null)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(options, prompter));
        Assert.Equal(RemoteError.Untrusted, failure.Error);
        return failure;
    }

    private string MakeKey(string name, string type)
    {
        var path = _home.InHome(name);
        SshHome.Run("ssh-keygen", "-q", "-t", type, "-N", "", "-C", "test", "-f", path);
        return path;
    }

    private static SshPublicKey KeyOf(SshTestServer server) => SshPublicKey.TryReadFile(server.HostKeyPath + ".pub")!;
}
