using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class SpaceTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    [Fact]
    public async Task The_quota_of_ProFTPD_is_the_space()
    {
        if (!FtpServerKinds.IsAvailable(FtpServerKind.ProFtpd, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(FtpServerKind.ProFtpd, new FtpServerOptions { QuotaBytes = 10_000_000 }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        Assert.Equal(new RemoteSpace(10_000_000, 10_000_000), await SpaceAsync(site));
        await site.StoreAsync(site["file"], new byte[1_000_000]);
        Assert.Equal(new RemoteSpace(10_000_000, 9_000_000), await SpaceAsync(site));
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Space));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_server_that_cannot_tell_is_asked_once(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        Assert.Null(await SpaceAsync(site));
        site.Proxy!.ClearCommands();
        Assert.Null(await SpaceAsync(site));
        Assert.Empty(site.Proxy.Commands);
    }

    private static ValueTask<RemoteSpace?> SpaceAsync(FtpSite site) => site.Ftp.GetSpaceAsync(site.Folder, Lane.Interactive, FtpSite.Token);
}
