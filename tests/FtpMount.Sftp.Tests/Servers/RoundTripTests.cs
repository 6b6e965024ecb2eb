using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>How often the link is waited for. OpenSSH's handles can be foretold, ProFTPD's cannot.</summary>
public sealed class RoundTripTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private const int SmallLength = 4096;

    public static TheoryData<SftpServerKind, int> OpeningCosts => new() { { SftpServerKind.OpenSsh, 0 }, { SftpServerKind.ProFtpd, 1 } };

    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(OpeningCosts))]
    public async Task A_small_file_is_read_in_one_round_trip_and_what_opening_costs(SftpServerKind kind, int opening)
    {
        await using var site = await servers.OpenAsync(kind);
        for (var i = 0; i < 40; i++)
            site.Put($"file{i}", ContentTests.Noise(SmallLength, i));
        for (var i = 0; i < 40; i++)
        {
            site.RoundTrips.Clear();
            Assert.Equal(ContentTests.Noise(SmallLength, i), await site.ReadAsync(site[$"file{i}"]));
            Assert.Equal(1 + opening, site.RoundTrips.Count);
        }
    }

    [Theory]
    [MemberData(nameof(OpeningCosts))]
    public async Task A_random_read_costs_one_round_trip_and_the_first_what_opening_costs(SftpServerKind kind, int opening)
    {
        await using var site = await servers.OpenAsync(kind);
        var content = ContentTests.Noise(8_000_000);
        site.Put("file", content);
        var random = new Random(3);
        for (var i = 0; i < 20; i++)
        {
            var offset = random.Next(content.Length - SmallLength);
            site.RoundTrips.Clear();
            Assert.Equal(content.AsSpan(offset, SmallLength).ToArray(), await site.ReadAsync(site["file"], offset, SmallLength));
            Assert.Equal(i == 0 ? 1 + opening : 1, site.RoundTrips.Count);
        }
    }

    [Theory]
    [MemberData(nameof(OpeningCosts))]
    public async Task A_small_directory_is_listed_in_one_round_trip_and_what_opening_costs(SftpServerKind kind, int opening)
    {
        await using var site = await servers.OpenAsync(kind);
        for (var i = 0; i < 5; i++)
        {
            site.MakeDirectory($"folder{i}");
            for (var file = 0; file < 5 * i; file++)
                site.Put($"folder{i}/file{file}", "x");
        }

        for (var i = 0; i < 5; i++)
        {
            site.RoundTrips.Clear();
            Assert.Equal(5 * i, (await site.ListAsync(site[$"folder{i}"])).Count);
            Assert.Equal((i, 1 + opening), (i, site.RoundTrips.Count));
        }
    }

    /// <summary>What is refused takes no handle, so that the next one is another than was foretold.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_is_right_whatever_is_refused_in_between(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.MakeDirectory("folder");
        for (var i = 0; i < 20; i++)
            site.Put($"file{i}", ContentTests.Noise(1000 + i, i));
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token }, async (number, _) =>
        {
            var file = number % 20;
            if (number % 3 == 0)
                Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(() => site.ReadAsync(site[$"missing{number}"])));
            if (number % 7 == 0)
                Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(() => site.ListAsync(site[$"missing{number}"])));
            if (number % 5 == 0)
                Assert.Empty(await site.ListAsync(site["folder"]));
            Assert.Equal(ContentTests.Noise(1000 + file, file), await site.ReadAsync(site[$"file{file}"]));
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Connecting_costs_two_round_trips_of_sftp(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        Assert.Equal(2, site.RoundTripsOfConnecting);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Looking_up_making_removing_and_renaming_cost_one_round_trip_each(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "x");
        await CostsAsync(1, async () => await site.StatAsync(site["file"]));
        await CostsAsync(1, async () => await site.Sftp.CreateDirectoryAsync(site["made"], Lane.Interactive, Token));
        await CostsAsync(1, async () => await site.Sftp.RenameAsync(site["file"], site["other"], replace: true, Lane.Interactive, Token));
        await CostsAsync(1, async () => await site.Sftp.DeleteFileAsync(site["other"], Lane.Interactive, Token));
        await CostsAsync(1, async () => await site.Sftp.RemoveDirectoryAsync(site["made"], Lane.Interactive, Token));

        async Task CostsAsync(int count, Func<Task> operation)
        {
            site.RoundTrips.Clear();
            await operation();
            Assert.Equal(count, site.RoundTrips.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_small_upload_costs_three_round_trips(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.RoundTrips.Clear();
        await site.StoreAsync(site[".part"], ContentTests.Noise(SmallLength));
        await site.Sftp.PublishAsync(
            site[".part"], site["file"], SmallLength, new RemoteAttributeChange { Modified = DateTimeOffset.UnixEpoch.AddDays(9), Mode = 0x1A0 }, Lane.Write, Token);
        Assert.Equal(3, site.RoundTrips.Count);
    }
}
