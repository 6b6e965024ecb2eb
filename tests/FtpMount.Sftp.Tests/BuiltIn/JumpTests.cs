using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class JumpTests : IDisposable
{
    private readonly SshHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_server_is_reached_through_two_jump_hosts()
    {
        await using var first = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var second = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("first", first, null), ("second", second, null), ("target", target, "first,second"));
        await using var connector = _home.Connector(Options());
        await using (var transport = await connector.ConnectAsync(SshHome.Token))
        {
            Assert.Equal(3u, await SshHome.HelloAsync(transport));
            Assert.True(first.ConnectionCount > 0);
            Assert.True(second.ConnectionCount > 0);
        }

    }

    [Fact]
    public async Task A_jump_host_may_have_a_jump_host_of_its_own()
    {
        await using var first = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var second = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("first", first, null), ("second", second, "first"), ("target", target, "second"));
        Assert.Equal(3u, await _home.HelloAsync(Options()));
        Assert.Contains("Accepted publickey", await first.ReadLogAsync(SshHome.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_comes_whole_through_a_jump_host()
    {
        await using var jump = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("jump", jump, null), ("target", target, "jump"));
        var content = new byte[20 << 20];
        Random.Shared.NextBytes(content);
        File.WriteAllBytes(Path.Combine(target.RootDirectory, "file"), content);
        target.AdoptFiles();
        var options = Options() with { Path = target.RootDirectory };
        await using var sftp = await SftpFileSystem.ConnectAsync(
            options, _home.Connector(options), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, SshHome.Token);
        await using var reader = await sftp.OpenReadAsync(sftp.Root.Combine("file"), 0, null, Lane.Read, SshHome.Token);
        var received = new MemoryStream();
        var buffer = new byte[1 << 20];
        while (await reader.ReadAsync(buffer, SshHome.Token) is > 0 and var count)
            received.Write(buffer, 0, count);
        Assert.True(received.ToArray().AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task A_jump_host_that_does_not_forward_is_named()
    {
        await using var jump = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = ["AllowTcpForwarding no"] }, SshHome.Token);
        await using var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("jump", jump, null), ("target", target, "jump"));
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(Options()));
        Assert.Equal(RemoteError.Offline, failure.Error);
        Assert.Contains("does not allow forwarding", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_the_jump_host_cannot_reach_is_named()
    {
        await using var jump = await SshTestServer.StartAsync(null, SshHome.Token);
        var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("jump", jump, null), ("target", target, "jump"));
        var port = target.Port;
        await target.DisposeAsync();
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(Options()));
        Assert.Equal(RemoteError.Offline, failure.Error);
        Assert.Contains($"port {port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_key_of_a_jump_host_is_checked_too()
    {
        await using var jump = await SshTestServer.StartAsync(null, SshHome.Token);
        await using var target = await SshTestServer.StartAsync(null, SshHome.Token);
        Configure(("jump", jump, null), ("target", target, "jump"));
        File.Delete(_home.KnownHosts);
        _home.Trust(target);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(Options()));
        Assert.Equal(RemoteError.Untrusted, failure.Error);
        Assert.DoesNotContain("host-key=", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jump_hosts_in_a_circle_are_refused()
    {
        _home.Write("config", "Host a\nProxyJump b\nHost b\nProxyJump a\n");
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(Options() with { Host = "a" }));
        Assert.Contains("circle", failure.Message, StringComparison.Ordinal);
    }

    private static SftpOptions Options() => new() { Host = "target", Transport = SftpTransportKind.Builtin, Timeout = TimeSpan.FromSeconds(20) };

    private void Configure(params (string Name, SshTestServer Server, string? Jump)[] hosts)
    {
        File.WriteAllText(_home.KnownHosts, "");
        var text = "";
        foreach (var (name, server, jump) in hosts)
        {
            _home.Trust(server);
            text += $"Host {name}\n  HostName {server.Host}\n  Port {server.Port}\n  User {server.User}\n  IdentityFile {server.PrivateKeyPath}\n";
            if (jump is not null)
                text += $"  ProxyJump {jump}\n";
        }

        _home.Write("config", text);
    }
}
