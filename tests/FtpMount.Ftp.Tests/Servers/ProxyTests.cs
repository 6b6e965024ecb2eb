using System.Net;
using FtpMount.Remote;
using FtpMount.Remote.Network;
using FtpMount.TestServers;
using FtpMount.TestServers.Proxies;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Real servers behind real proxies.</summary>
public sealed class ProxyTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind, ProxyKind> ServersAndProxies
    {
        get
        {
            var data = new TheoryData<FtpServerKind, ProxyKind>();
            foreach (var kind in FtpServerKinds.All)
            {
                data.Add(kind, ProxyKind.HttpConnect);
                data.Add(kind, ProxyKind.Socks5);
            }

            return data;
        }
    }

    private static TestProxy Start(ProxyKind kind)
    {
        TestProxy proxy = kind == ProxyKind.Socks5 ? Socks5TestProxy.Start("me", "secret") : HttpTestProxy.Start("me", "secret");
        proxy.Hosts["ftp.invalid"] = IPAddress.Loopback;
        return proxy;
    }

    private static NetworkOptions Through(TestProxy proxy, ProxyKind kind, string password = "secret") =>
        new() { Proxy = new ProxyOptions { Kind = kind, Host = proxy.Host, Port = proxy.Port, User = "me", Password = password } };

    [Theory]
    [MemberData(nameof(ServersAndProxies))]
    public async Task Everything_goes_through_the_proxy_to_a_host_that_only_it_knows(FtpServerKind server, ProxyKind kind)
    {
        await using var proxy = Start(kind);
        await using var site = await fixture.OpenAsync(server, change: o => o with { Host = "ftp.invalid", Tls = new FtpTlsOptions { Mode = FtpTlsMode.Off }, Network = Through(proxy, kind) });
        var content = new byte[700_000];
        new Random(1).NextBytes(content);
        await site.StoreAsync(site["file"], content);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
        Assert.Equal(content, await site.ReadAsync(site["file"]));
        Assert.Equal(content[500_000..500_100], await site.ReadAsync(site["file"], 500_000, 100));
        Assert.Equal("file", Assert.Single(await site.ListAsync(site.Folder)).Name);
        Assert.True(proxy.Targets.Count >= 5); // the control connection, and one for each transfer
        Assert.All(proxy.Targets, target => Assert.StartsWith("ftp.invalid:", target, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task Pasv_goes_to_the_host_of_the_control_connection(ProxyKind kind)
    {
        await using var proxy = Start(kind);
        await using var site = await fixture.OpenAsync(
            FtpServerKind.Pyftpdlib, change: o => o with { Host = "ftp.invalid", Tls = new FtpTlsOptions { Mode = FtpTlsMode.Off }, DataMode = FtpDataMode.Pasv, Network = Through(proxy, kind) });
        await site.StoreAsync(site["file"], new byte[1000]);
        Assert.Equal(1000, (await site.ReadAsync(site["file"])).Length);
        Assert.All(proxy.Targets, target => Assert.StartsWith("ftp.invalid:", target, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_proxy_that_forbids_the_port_for_data_is_named()
    {
        await using var proxy = HttpTestProxy.Start();
        var server = await fixture.ServerAsync(FtpServerKind.Pyftpdlib);
        for (var port = 1024; port < 65536; port++)
            proxy.ForbiddenPorts.Add(port);
        proxy.ForbiddenPorts.Remove(server.Port);
        var network = new NetworkOptions { Proxy = new ProxyOptions { Kind = ProxyKind.HttpConnect, Host = proxy.Host, Port = proxy.Port } };
        await using var site = await fixture.OpenAsync(FtpServerKind.Pyftpdlib, change: o => o with { Network = network, Timeout = TimeSpan.FromSeconds(4) });
        var failure = await Assert.ThrowsAsync<RemoteException>(() => site.ListAsync(site.Folder));
        Assert.Contains("does not allow connections to", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task A_wrong_password_for_the_proxy_is_not_one_for_the_server(ProxyKind kind)
    {
        await using var proxy = Start(kind);
        var failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.OpenAsync(FtpServerKind.Pyftpdlib, change: o => o with { Network = Through(proxy, kind, "wrong") }));
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.Contains("The proxy 127.0.0.1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Active_mode_through_a_proxy_is_refused()
    {
        await using var proxy = Start(ProxyKind.Socks5);
        var failure = await Assert.ThrowsAsync<RemoteException>(
            () => fixture.OpenAsync(FtpServerKind.Pyftpdlib, change: o => o with { DataMode = FtpDataMode.Active, Network = Through(proxy, ProxyKind.Socks5) }));
        Assert.Equal(RemoteError.Unsupported, failure.Error);
        Assert.Empty(proxy.Targets);
    }

    [Theory]
    [InlineData(FtpDataMode.Auto)]
    [InlineData(FtpDataMode.Active)]
    public async Task Both_kinds_of_data_connections_come_from_the_local_address(FtpDataMode mode)
    {
        // Linux has all of 127.0.0.0/8; the server answers the address that it sees.
        await using var site = await fixture.OpenAsync(
            FtpServerKind.Pyftpdlib, change: o => o with { DataMode = mode, Network = new NetworkOptions { BindAddress = IPAddress.Parse("127.0.0.77") } });
        await site.StoreAsync(site["file"], new byte[1000]);
        Assert.Equal(1000, (await site.ReadAsync(site["file"])).Length);
    }
}
