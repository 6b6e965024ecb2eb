using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Reading and replacing parts of files.</summary>
public sealed class RangeTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> KindsThatPatch => [.. FtpServerKinds.All.Where(kind => kind != FtpServerKind.PureFtpd)];

    [Fact]
    public async Task Ranges_of_known_length_are_asked_with_RANG_and_nothing_is_broken_off()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd, proxied: true, options => options with { Connections = 1 });
        var content = RandomNumberGenerator.GetBytes(20_000_000);
        site.Put("file", content);
        await site.ReadAsync(site["file"], 0, 1000);
        var made = site.Ftp.Statistics.ConnectionsMade;
        var received = site.Ftp.Statistics.BytesReceived;
        const int Ranges = 20;
        for (var i = 0; i < Ranges; i++)
        {
            var offset = i * 987_654;
            var commands = await site.CommandsOfAsync(async () => Assert.Equal(content[offset..(offset + 50_000)], await site.ReadAsync(site["file"], offset, 50_000)));

            // One packet each: RANG, RETR; no ABOR, no look whether the session lives, and not a byte more than was asked for. Then EPSV for the next.
            Assert.Equal([$"RANG {offset} {offset + 49_999}", "RETR " + site["file"].Value, "EPSV"], commands);
            Assert.Equal(2, site.Proxy!.RoundTrips);
        }

        Assert.Equal(Ranges * 50_000, site.Ftp.Statistics.BytesReceived - received);
        Assert.Equal(made, site.Ftp.Statistics.ConnectionsMade);

        // To the very end, past it, and whole again: a range that was refused is not applied to the next transfer.
        Assert.Equal(content[^100..], await site.ReadAsync(site["file"], content.Length - 100, 100));
        Assert.Equal(content[^100..], await site.ReadAsync(site["file"], content.Length - 100, 1000));
        Assert.Empty(await site.ReadAsync(site["file"], content.Length, 1000));
        Assert.Equal(content, await site.ReadAsync(site["file"]));
    }

    [Theory]
    [MemberData(nameof(KindsThatPatch))]
    public async Task A_part_is_replaced_in_place_and_what_follows_is_kept(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var content = RandomNumberGenerator.GetBytes(300_000);
        var path = site.Put("file", content);
        for (var round = 0; round < 2; round++)
        {
            var part = RandomNumberGenerator.GetBytes(10_000);
            await site.StoreAsync(site["file"], part, StoreMode.Patch, 100_000);
            part.CopyTo(content, 100_000);
            Assert.Equal(content, await File.ReadAllBytesAsync(path, FtpSite.Token));
        }

        // Tried once, and nothing of the trial is left.
        Assert.Equal(4, site.Proxy!.CountCommands("STOR"));
        Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Patch));
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => site.StoreAsync(site["file"], [1], StoreMode.Patch, 0).AsTask()));
        Assert.Equal(content, await File.ReadAllBytesAsync(path, FtpSite.Token));
    }

    [Fact]
    public async Task Pure_FTPd_cuts_off_what_follows_and_is_not_used_so()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.PureFtpd);
        var path = site.Put("file", "0123456789");
        for (var round = 0; round < 2; round++)
            Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => site.StoreAsync(site["file"], [1], StoreMode.Patch, 3).AsTask()));
        Assert.Equal("0123456789", await File.ReadAllTextAsync(path, FtpSite.Token));
        Assert.False(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Patch));
        Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
    }

    [Fact]
    public async Task A_server_that_forbids_restarts_is_not_used_so()
    {
        if (!FtpServerKinds.IsAvailable(FtpServerKind.ProFtpd, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(FtpServerKind.ProFtpd, new FtpServerOptions { AllowStoreRestart = false }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        var path = site.Put("file", "0123456789");
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => site.StoreAsync(site["file"], [1], StoreMode.Patch, 3).AsTask()));
        Assert.Equal("0123456789", await File.ReadAllTextAsync(path, FtpSite.Token));
        Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
    }
}
