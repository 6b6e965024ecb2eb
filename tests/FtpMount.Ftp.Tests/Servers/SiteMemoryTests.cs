using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class SiteMemoryTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>, IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ftpmount-sites-").FullName;

    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.All];

    public static TheoryData<FtpServerKind> EveryKind => [.. FtpServerKinds.Every];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>The port of the proxy is a part of the key, so all sessions of a test share one.</summary>
    private async Task<FtpFileSystem> ConnectAsync(FtpTestServer server, FaultProxy proxy, Func<FtpOptions, FtpOptions>? change = null)
    {
        var options = OptionsFor(server, proxy);
        return await FtpFileSystem.ConnectAsync(
            change?.Invoke(options) ?? options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, FtpSite.Token);
    }

    private FtpOptions OptionsFor(FtpTestServer server, FaultProxy proxy) => new()
    {
        Host = server.Host,
        Port = proxy.Port,
        User = server.User,
        Password = server.Password,
        Timeout = TimeSpan.FromSeconds(30),
        MemoryDirectory = _directory,
        Tls = new FtpTlsOptions { Mode = FtpTlsMode.Off }, // AUTH TLS is one more round trip, at every mount
    };

    /// <summary>The QUIT of one mount must not count for the next.</summary>
    private static async Task WaitForEndOfSessionsAsync(FaultProxy proxy)
    {
        while (proxy.OpenConnections > 0)
        {
            FtpSite.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_second_mount_is_ready_after_one_round_trip_and_lists_after_one_more(FtpServerKind kind)
    {
        var server = await fixture.ServerAsync(kind);
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, "folder"));
        server.AdoptFiles("folder");
        await using var proxy = FaultProxy.Start(server);
        await using (var first = await ConnectAsync(server, proxy, options => options with { Path = "folder" }))
        {
            Assert.Equal(("folder", 4), (first.Root.Name, proxy.RoundTrips)); // USER; PASS; FEAT and PWD; the settings and the folder
            for (var i = 0; i < 2; i++)
            {
                await foreach (var entry in first.ListAsync(first.Root, Lane.Interactive, FtpSite.Token))
                    Assert.Fail(entry.Name);
            }
        }

        await WaitForEndOfSessionsAsync(proxy);
        proxy.ClearCommands();
        await using var second = await ConnectAsync(server, proxy, options => options with { Path = "folder" });
        Assert.Equal(1, proxy.RoundTrips);
        Assert.Contains("FEAT", proxy.Commands);
        Assert.Equal("EPSV", proxy.Commands[^1]);
        proxy.ClearCommands();
        await foreach (var entry in second.ListAsync(second.Root, Lane.Interactive, FtpSite.Token))
            Assert.Fail(entry.Name);
        Assert.Equal(kind == FtpServerKind.Vsftpd ? "LIST -a" : "MLSD " + second.Root.Value, proxy.Commands[0]);
        Assert.NotNull(second.Statistics.ServerSoftware);
        Assert.Equal("folder", second.Root.Name);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_folder_that_is_gone_at_the_second_mount_is_reported(FtpServerKind kind)
    {
        var server = await fixture.ServerAsync(kind);
        var folder = Path.Combine(server.RootDirectory, "going");
        Directory.CreateDirectory(folder);
        server.AdoptFiles("going");
        await using var proxy = FaultProxy.Start(server);
        await using (await ConnectAsync(server, proxy, options => options with { Path = "going" }))
            Directory.Delete(folder);
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(async () => await ConnectAsync(server, proxy, options => options with { Path = "going" })));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_wrong_password_is_reported_at_the_second_mount(FtpServerKind kind)
    {
        var server = await fixture.ServerAsync(kind);
        await using var proxy = FaultProxy.Start(server);
        await using (await ConnectAsync(server, proxy))
        {
        }

        Assert.Equal(
            RemoteError.AuthenticationFailed, await FtpSite.ErrorOf(async () => await ConnectAsync(server, proxy, options => options with { Password = "wrong-secret" })));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_a_mount_learned_the_next_one_knows(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        await using var proxy = FaultProxy.Start(site.Server);
        site.Put("file", "1");
        var change = new RemoteAttributeChange { Mode = 0b110_100_100, Modified = DateTimeOffset.UnixEpoch.AddYears(50) };
        await using (var first = await ConnectAsync(site.Server, proxy))
        {
            await first.SetAttributesAsync(site["file"], change, Lane.Interactive, FtpSite.Token);
            await foreach (var entry in first.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
                Assert.Equal("file", entry.Name);
        }

        await WaitForEndOfSessionsAsync(proxy);
        await using var second = await ConnectAsync(site.Server, proxy);
        proxy.ClearCommands();
        await second.SetAttributesAsync(site["file"], change, Lane.Interactive, FtpSite.Token);
        Assert.Equal(1, proxy.RoundTrips);
        await foreach (var entry in second.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
            Assert.Equal(change.Modified, entry.Modified!.Value.Value);
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public async Task What_doctor_found_the_next_mount_knows(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        await using var proxy = FaultProxy.Start(site.Server);
        site.Put("file", "1");
        var profile = await FtpMount.Ftp.Diagnostics.FtpExamination.RunAsync(
            OptionsFor(site.Server, proxy), new ExaminationOptions { Writes = true }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, FtpSite.Token);
        Assert.True(profile.IsMountable);
        await WaitForEndOfSessionsAsync(proxy);
        proxy.ClearCommands();
        await using var mount = await ConnectAsync(site.Server, proxy, options => options with { Connections = 1 });
        Assert.Equal(1, proxy.RoundTrips); // all in one packet, which an unknown server does not get

        // How the server takes names is known: nothing is tried before the first name with a space or a bracket.
        await mount.CreateDirectoryAsync(site["a b"], Lane.Interactive, FtpSite.Token);
        await mount.CreateDirectoryAsync(site["[c]"], Lane.Interactive, FtpSite.Token);
        Assert.Equal(["MKD " + site["a b"].Value, "MKD " + site["[c]"].Value], proxy.Commands.Where(command => command.StartsWith("MKD", StringComparison.Ordinal)));
        Assert.DoesNotContain(proxy.Commands, command => command.StartsWith("SIZE", StringComparison.Ordinal) || command.StartsWith("LIST", StringComparison.Ordinal));

        // And how it sets modes: the first way that is tried is one that it has.
        if (kind == FtpServerKind.BusyboxFtpd)
            return;
        proxy.ClearCommands();
        await mount.SetAttributesAsync(site["file"], new RemoteAttributeChange { Mode = 0b110_000_000 }, Lane.Interactive, FtpSite.Token);
        Assert.Single(proxy.Commands, command => command.StartsWith("SITE CHMOD", StringComparison.Ordinal) || command.StartsWith("MFF", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_servers_limit_of_connections_is_remembered(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { MaxClients = 3 }, FtpSite.Token);
        int learned;
        await using (var first = await FtpSite.OpenAsync(server, change: options => options with { MemoryDirectory = _directory }))
        {
            // Some finish before the pool wants more sessions than there are; not all of so many.
            do
            {
                await Task.WhenAll(Enumerable.Range(0, 32).Select(i => first.StoreAsync(first["f" + i], new byte[1_000_000]).AsTask()));
            }
            while (first.Ftp.Statistics.ConnectionLimit > 7);
            learned = first.Ftp.Statistics.ConnectionLimit;
            Assert.InRange(learned, 1, 7);
        }

        while (server.ControlConnectionCount > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(10), FtpSite.Token);
        await using var second = await FtpSite.OpenAsync(server, change: options => options with { MemoryDirectory = _directory });
        Assert.Equal(learned, second.Ftp.Statistics.ConnectionLimit);
    }
}
