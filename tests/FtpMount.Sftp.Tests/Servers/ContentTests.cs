using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>Reading and storing on real servers.</summary>
public sealed class ContentTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static byte[] Noise(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Content_comes_back_as_it_was_stored(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        foreach (var length in (int[])[0, 1, 1000, 32768, 131072, 131073, 5_000_000])
        {
            var content = Noise(length, length);
            Assert.Equal(length, await site.StoreAsync(site["file"], content));
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), Token));
            Assert.Equal(content, await site.ReadAsync(site["file"]));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_large_file_spreads_over_connections_and_comes_back_as_it_was(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind, change: o => o with { Connections = 3, Processors = 8 });
        var content = Noise(60_000_000);
        await site.StoreAsync(site["file"], content);
        Assert.True((await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), Token)).AsSpan().SequenceEqual(content));
        Assert.True((await site.ReadAsync(site["file"], block: 131072)).AsSpan().SequenceEqual(content));
        Assert.True(site.Sftp.Statistics.ConnectionsMade > 1);
    }

    /// <summary>A second connection would take the processor from the first.</summary>
    [Fact]
    public async Task A_large_file_stays_on_one_connection_where_the_server_is_near_and_processors_are_few()
    {
        await using var site = await SftpTestSite.OpenAsync(
            await servers.ServerAsync(SftpServerKind.OpenSsh), change: o => o with { Connections = 3, Processors = 2 }, time: new StoppedClock());
        var content = Noise(60_000_000);
        await site.StoreAsync(site["file"], content);
        Assert.True((await site.ReadAsync(site["file"], block: 131072)).AsSpan().SequenceEqual(content));
        Assert.Equal(1, site.Sftp.Statistics.ConnectionsMade);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Any_range_of_a_file_is_read(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        var content = Noise(1_000_000);
        site.Put("file", content);
        var random = new Random(7);
        for (var i = 0; i < 30; i++)
        {
            var offset = random.Next(content.Length);
            var length = random.Next(1, content.Length - offset);
            var range = await site.ReadAsync(site["file"], offset, length, random.Next(1000, 300_000));
            Assert.True(range.AsSpan().SequenceEqual(content.AsSpan(offset, length)), $"{offset} {length}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_past_end_returns_zero_bytes(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "hello");
        Assert.Empty(await site.ReadAsync(site["file"], 5));
        Assert.Empty(await site.ReadAsync(site["file"], 1000, 10));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Patch_resume_and_append_keep_the_rest(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "0123456789");
        await site.StoreAsync(site["file"], "ABC"u8.ToArray(), StoreMode.Patch, 3);
        await site.StoreAsync(site["file"], "xyz"u8.ToArray(), StoreMode.Append);
        await site.StoreAsync(site["file"], "end"u8.ToArray(), StoreMode.Resume, 13);
        Assert.Equal("012ABC6789xyzend", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_cannot_be_opened_says_why(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.MakeDirectory("folder");
        site.Put("file", "x");
        Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(() => site.ReadAsync(site["missing"])));
        Assert.Equal(RemoteError.IsADirectory, await SftpTestSite.ErrorOf(() => site.ReadAsync(site["folder"])));
        Assert.Equal(RemoteError.IsADirectory, await SftpTestSite.ErrorOf(async () => await site.StoreAsync(site["folder"], [1])));
        Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(async () => await site.StoreAsync(site["no/file"], [1])));
        Assert.Equal(RemoteError.NotADirectory, await SftpTestSite.ErrorOf(async () => await site.StoreAsync(site["file/file"], [1])));
        Assert.Equal(RemoteError.NameTooLong, await SftpTestSite.ErrorOf(async () => await site.StoreAsync(site[new string('n', 256)], [1])));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_replaced_file_is_not_read_through_the_handle_that_was_kept(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "old content");
        Assert.Equal("old"u8.ToArray(), await site.ReadAsync(site["file"], 0, 3));
        var other = site.Put("other", "new");
        File.SetLastWriteTimeUtc(other, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        File.Move(other, Path.Combine(site.Local, "file"), overwrite: true);
        Assert.Equal("new"u8.ToArray(), await site.ReadAsync(site["file"], 0, 3));
    }

    /// <summary>On it every answer comes at once.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}
