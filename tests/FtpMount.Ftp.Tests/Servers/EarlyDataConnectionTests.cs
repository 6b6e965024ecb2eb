using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Data connections that are made before it is known what for.</summary>
public sealed class EarlyDataConnectionTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_warm_read_at_random_waits_for_one_round_trip(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        var content = RandomNumberGenerator.GetBytes(20_000_000);
        site.Put("file", content);
        for (var i = 0; i < 2; i++)
            await site.ReadAsync(site["file"], 0, 4096); // learns how a range is ended here
        foreach (var offset in new[] { 12_345_678, 4096, 19_000_000, 0 })
        {
            await site.WaitForReadyAsync();
            site.Proxy!.ClearCommands();
            await using (var reader = await site.Ftp.OpenReadAsync(site["file"], offset, 4096, Lane.Read, FtpSite.Token))
            {
                var buffer = new byte[4096];
                for (var done = 0; done < buffer.Length;)
                    done += await reader.ReadAsync(buffer.AsMemory(done), FtpSite.Token);
                Assert.Equal(content[offset..(offset + 4096)], buffer);
                Assert.Equal(1, site.Proxy.RoundTrips);
                Assert.DoesNotContain("EPSV", site.Proxy.Commands);
                Assert.Equal("RETR " + site["file"].Value, site.Proxy.Commands[^1]);
            }
        }

        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_follows_at_once_goes_behind_the_question_for_the_port(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Connections = 1 });
        var content = RandomNumberGenerator.GetBytes(300_000);
        site.Put("file", content);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(content, await site.ReadAsync(site["file"]));
            Assert.Equal(content.Length, (await site.StatAsync(site["file"])).Size);
            Assert.Contains("file", (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
            await site.StoreAsync(site["copy"], content[i..]);
            Assert.Equal(content[i..1000], await site.ReadAsync(site["file"], i, 1000 - i));
            Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ReadAsync(site["missing"])));
            Assert.Equal(content[i..], await site.ReadAsync(site["copy"]));
        }

        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    [Fact]
    public async Task A_reader_at_random_gets_more_sessions_so_that_one_is_always_ready()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.Vsftpd);
        var content = RandomNumberGenerator.GetBytes(20_000_000);
        site.Put("file", content);
        var random = new Random(1);
        while (site.Ftp.Statistics.OpenConnections < 3)
        {
            var offset = random.Next(content.Length - 4096);
            Assert.Equal(content[offset..(offset + 4096)], await site.ReadAsync(site["file"], offset, 4096));
            FtpSite.Token.ThrowIfCancellationRequested();
        }

        Assert.InRange(site.Ftp.Statistics.OpenConnections, 3, 4);
    }
}
