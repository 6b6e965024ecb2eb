using System.Globalization;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Times of files on servers that list with LIST only.</summary>
public sealed class ListedTimesTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task Files_are_listed_with_their_seconds(FtpServerKind kind)
    {
        await using var server = await StartAsync(kind);
        await using var site = await FtpSite.OpenAsync(server);
        string[] names = ["recent", "old", ".hidden", "with space", "[brackets]", "star*", "-dash", "tilde~ {x}", "ünï"];
        var times = new Dictionary<string, DateTimeOffset>();
        for (var i = 0; i < names.Length; i++)
        {
            var time = names[i] == "old" ? DateTime.UtcNow.AddYears(-3) : DateTime.UtcNow.AddDays(-i).AddSeconds(-i * 7);
            File.SetLastWriteTimeUtc(site.Put(names[i], "1"), time);
            times[names[i]] = Floor(time);
        }

        site.MakeDirectory("dir");
        for (var round = 0; round < 2; round++)
        {
            var entries = await site.ListAsync(site.Folder);
            Assert.Equal(names.Append("dir").Order(StringComparer.Ordinal), entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
            foreach (var entry in entries.Where(entry => entry.Kind == RemoteKind.File))
                Assert.Equal((entry.Name, new RemoteTime(times[entry.Name], Second)), (entry.Name, entry.Modified));
            var directory = entries.Single(entry => entry.Kind == RemoteKind.Directory);
            Assert.True(directory.Modified!.Value.IsConsistentWith(new RemoteTime(Floor(Directory.GetLastWriteTimeUtc(Path.Combine(site.Local, "dir"))), Second)));
        }
    }

    [Fact]
    public async Task Listing_and_single_looks_give_the_same_times_for_everything()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.Vsftpd);
        for (var i = 0; i < 20; i++)
            File.SetLastWriteTimeUtc(site.Put("f" + i.ToString(CultureInfo.InvariantCulture), "1"), DateTime.UtcNow.AddDays(-i * 30).AddSeconds(-i));
        site.MakeDirectory("dir");
        File.CreateSymbolicLink(Path.Combine(site.Local, "link"), "f1");
        foreach (var listed in await site.ListAsync(site.Folder))
            Assert.Equal(listed.Modified, (await site.StatAsync(site.Folder.Combine(listed.Name))).Modified);
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    public async Task The_first_listing_costs_one_round_trip_for_the_times_which_tells_the_time_zone_too(FtpServerKind kind)
    {
        await using var server = await StartAsync(kind);
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Connections = 1 });
        for (var i = 0; i < 150; i++)
            site.Put(i.ToString(CultureInfo.InvariantCulture), "");
        site.MakeDirectory("dir");
        Assert.Empty(await site.ListAsync(site["dir"])); // learns that there is no MLSD
        List<RemoteEntry> entries = [];
        await site.CommandsOfAsync(async () => entries = await site.ListAsync(site.Folder));

        Assert.Equal(151, entries.Count);
        Assert.Equal(150, site.Proxy!.CountCommands("MDTM"));
        Assert.InRange(site.Proxy.RoundTrips, 2, 3); // LIST; then EPSV and MDTM, which count as two when the first is answered before the second is sent
        Assert.True(entries.Single(entry => entry.Name == "dir").Modified!.Value.Precision <= TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task All_files_of_a_large_directory_have_their_seconds(FtpServerKind kind)
    {
        await using var server = await StartAsync(kind);
        await using var site = await FtpSite.OpenAsync(server, change: options => options with { Connections = 1 });
        const int Count = 3000;
        var start = DateTime.UtcNow.AddDays(-100);
        for (var i = 0; i < Count; i++)
        {
            var path = Path.Combine(site.Local, Name(i));
            File.WriteAllText(path, "");
            File.SetLastWriteTimeUtc(path, start.AddSeconds(i * 61));
        }

        var entries = (await site.ListAsync(site.Folder)).ToDictionary(entry => entry.Name);

        Assert.Equal(Count, entries.Count);
        for (var i = 0; i < Count; i++)
            Assert.Equal(new RemoteTime(Floor(start.AddSeconds(i * 61)), Second), entries[Name(i)].Modified);
        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);

        static string Name(int i) => "a-file-with-a-name-of-some-length-" + i.ToString(CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task Leaving_while_the_times_come_keeps_the_session_in_step(FtpServerKind kind)
    {
        await using var server = await StartAsync(kind);
        await using var site = await FtpSite.OpenAsync(server, change: options => options with { Connections = 1 });
        const int Count = 1200;
        for (var i = 0; i < Count; i++)
            File.WriteAllText(Path.Combine(site.Local, i.ToString(CultureInfo.InvariantCulture)), "");
        foreach (var leaveAfter in (int[])[1, 249, 250, 251, 700, Count - 1])
        {
            var seen = 0;
            await foreach (var entry in site.Ftp.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
            {
                if (++seen == leaveAfter)
                    break;
            }

            Assert.Equal("7", (await site.StatAsync(site["7"])).Name);
        }

        Assert.Equal(Count, (await site.ListAsync(site.Folder)).Count);
        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    [Fact]
    public async Task Cancelling_while_the_times_come_ends_the_session()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.Vsftpd, change: options => options with { Connections = 1 });
        for (var i = 0; i < 1200; i++)
            File.WriteAllText(Path.Combine(site.Local, i.ToString(CultureInfo.InvariantCulture)), "");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(FtpSite.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var entry in site.Ftp.ListAsync(site.Folder, Lane.Interactive, stop.Token))
                await stop.CancelAsync();
        });
        Assert.All(await site.ListAsync(site.Folder), entry => Assert.Equal(Second, entry.Modified!.Value.Precision));
    }

    [Fact]
    public async Task Names_with_bytes_of_Telnet_have_their_seconds()
    {
        await using var server = await StartAsync(FtpServerKind.ProFtpd);
        await using var site = await FtpSite.OpenAsync(server);
        await site.StoreAsync(site["raw\uDCFF\uDCFFname"], [1]);
        await site.StoreAsync(site["n\uDCE9n"], [1]);
        await using var other = await FtpSite.OpenAsync(server); // knows nothing yet
        var entries = new List<RemoteEntry>();
        await foreach (var entry in other.Ftp.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
            entries.Add(entry);
        Assert.Equal(2, entries.Count);
        Assert.All(entries, entry => Assert.Equal(Second, entry.Modified!.Value.Precision));
    }

    [Fact]
    public async Task Where_MDTM_is_denied_the_listed_times_stay_and_soon_nothing_more_is_asked()
    {
        await using var server = await StartAsync(FtpServerKind.Vsftpd, "MDTM");
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Connections = 1 });
        site.Put("file", "1");
        for (var i = 0; i < 6; i++)
        {
            var entry = Assert.Single(await site.ListAsync(site.Folder));
            Assert.True(entry.Modified!.Value.Precision > Second);
        }

        Assert.InRange(site.Proxy!.CountCommands("MDTM"), 1, 4);
    }

    /// <summary>A server that has LIST and no MLSD.</summary>
    private static async Task<FtpTestServer> StartAsync(FtpServerKind kind, params string[] denied)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        string[] all = kind == FtpServerKind.Vsftpd ? denied : ["MLSD", "MLST", .. denied];
        return await FtpTestServer.StartAsync(kind, new FtpServerOptions { DeniedCommands = all }, FtpSite.Token);
    }

    private static DateTimeOffset Floor(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
