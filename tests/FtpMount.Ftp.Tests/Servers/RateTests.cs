using FtpMount.Remote;
using FtpMount.Remote.Network;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Transfers with real servers below a limit, by a clock that the test moves: how long the wall clock takes does not matter.</summary>
public sealed class RateTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    private const int Down = 1_000_000;
    private const int Up = 500_000;

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<FtpServerKind> Kinds => new(FtpServerKinds.All);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Content_takes_the_time_that_the_limits_say(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        await using var limited = await OpenLimitedAsync(site);
        var content = new byte[2_000_000];
        new Random(2).NextBytes(content);

        var started = _time.GetUtcNow();
        await WhileTimePassesAsync(limited.StoreAsync(site["up"], new MemoryStream(content), StoreMode.Whole, 0, null, Lane.Write, FtpSite.Token).AsTask());
        Assert.InRange((_time.GetUtcNow() - started).TotalSeconds, (content.Length / (double)Up) - 0.5, double.MaxValue);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "up"), FtpSite.Token));

        started = _time.GetUtcNow();
        var parts = await WhileTimePassesAsync(Task.WhenAll(ReadAsync(limited, site["up"], 0), ReadAsync(limited, site["up"], 1_000_000)));
        Assert.InRange((_time.GetUtcNow() - started).TotalSeconds, (content.Length / (double)Down) - 0.5, double.MaxValue);
        Assert.Equal(content, parts.SelectMany(part => part));
    }

    [Fact]
    public async Task Listings_are_not_limited()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.Pyftpdlib);
        for (var i = 0; i < 50; i++)
            site.Put("file" + i, "");
        await using var limited = await OpenLimitedAsync(site, rate: 1024);
        var count = 0;
        await foreach (var entry in limited.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
            count++;
        Assert.Equal(50, count); // 3 kB, and the clock stands still
    }

    [Fact]
    public async Task A_transfer_that_waits_for_its_turn_can_be_cancelled()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.Pyftpdlib);
        site.Put("file", new byte[1_000_000]);
        await using var limited = await OpenLimitedAsync(site, rate: 1024);
        using var source = new CancellationTokenSource();
        await using var reader = await limited.OpenReadAsync(site["file"], 0, null, Lane.Read, FtpSite.Token);
        var buffer = new byte[100_000];
        ValueTask<int> reading;
        while ((reading = reader.ReadAsync(buffer, source.Token)).IsCompleted)
            await reading;
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            // The first may have waited for the server's bytes only, and get them.
            for (var count = await reading; count > 0; count = await reader.ReadAsync(buffer, source.Token))
                Assert.InRange(count, 1, buffer.Length);
        });
    }

    private async Task<FtpFileSystem> OpenLimitedAsync(FtpSite site, int? rate = null) => await FtpFileSystem.ConnectAsync(
        new FtpOptions
        {
            Host = site.Server.Host,
            Port = site.Server.Port,
            User = site.Server.User,
            Password = site.Server.Password,
            Timeout = TimeSpan.FromDays(1),
            Network = new NetworkOptions { Rates = new RateSchedule([new RateScheduleEntry(rate ?? Down, rate ?? Up)]) },
        },
        _time,
        NullLogger.Instance,
        FtpSite.Token);

    private async Task<T> WhileTimePassesAsync<T>(Task<T> work)
    {
        while (!work.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(2));
            await Task.Yield();
        }

        return await work;
    }

    private static async Task<byte[]> ReadAsync(FtpFileSystem ftp, RemotePath path, long offset)
    {
        await using var reader = await ftp.OpenReadAsync(path, offset, 1_000_000, Lane.Read, FtpSite.Token);
        var result = new MemoryStream();
        var buffer = new byte[300_000];
        while (result.Length < 1_000_000 && await reader.ReadAsync(buffer, FtpSite.Token) is > 0 and var count)
            result.Write(buffer, 0, count);
        return result.ToArray();
    }
}
