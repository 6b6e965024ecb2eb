using FtpMount.Remote;

namespace FtpMount.Vfs.Tests.Content;

public sealed class DiskCacheTests
{
    private const long Roomy = 1L << 30;

    [Fact]
    public async Task What_was_read_is_found_after_a_restart()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(3_000_001);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
        await fixture.RestartAsync();
        Assert.Equal(1, fixture.Cache.Statistics.DiskFiles);
        using var content = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        Assert.True(content.IsComplete);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task Only_what_is_missing_is_fetched_after_a_restart()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(30 << 20);
        using (var content = fixture.Open(bytes))
        {
            await using var reader = content.CreateReader();
            await ContentFixture.ReadAsync(reader, bytes, 10 << 20, 100_000);
        }

        await fixture.RestartAsync();
        var given = fixture.Remote.BytesGiven;
        using var again = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        await using var other = again.CreateReader();
        await ContentFixture.ReadAsync(other, bytes, 10 << 20, 100_000);
        Assert.Equal(given, fixture.Remote.BytesGiven);
        await ContentFixture.ReadAsync(other, bytes, (10 << 20) - 4096, 4096);
        Assert.InRange(fixture.Remote.BytesGiven - given, 4096, 16384);
    }

    [Fact]
    public async Task Another_version_of_what_is_on_disk_is_read_anew()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(300_000, 1));
        await fixture.RestartAsync();
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(300_001, 2));
        Assert.Equal(1, fixture.Cache.Statistics.DiskFiles);
    }

    [Fact]
    public async Task A_damaged_map_is_not_believed()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(300_000, 1);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
        await fixture.Cache.DisposeAsync();
        var local = Assert.Single(Files(fixture));
        var content = await File.ReadAllBytesAsync(local);
        content[^60] ^= 1;
        await File.WriteAllBytesAsync(local, content);
        await fixture.RestartAsync();
        Assert.Equal(0, fixture.Cache.Statistics.DiskFiles);
        Assert.Empty(Files(fixture));
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
    }

    [Fact]
    public async Task A_file_that_was_cut_off_behind_the_caches_back_is_read_anew()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(300_000, 1);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
        await fixture.RestartAsync();
        using var content = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        await using (var stream = new FileStream(Assert.Single(Files(fixture)), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(1000);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
    }

    [Fact]
    public async Task Only_the_owner_can_read_what_is_cached()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no permission bits.");
            return;
        }

        await using var fixture = new ContentFixture(disk: Roomy);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(300_000));
        var directory = fixture.Options.Directory;
        foreach (var path in Directory.GetDirectories(directory, "*", SearchOption.AllDirectories).Append(directory))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Files(fixture))));
        Assert.DoesNotContain("file", Path.GetFileName(Files(fixture)[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_budget_is_never_exceeded_and_what_was_used_least_recently_goes()
    {
        const long budget = 2 << 20;
        await using var fixture = new ContentFixture(disk: budget);
        var files = Enumerable.Range(0, 12).Select(i => ContentFixture.Bytes(300_000 + i, i)).ToArray();
        for (var i = 0; i < files.Length; i++)
        {
            await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse($"/f{i}"), files[i]);

            // The first is used again and again.
            await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse("/f0"), files[0]);
            await fixture.Cache.Disk!.DrainAsync(default);
            Assert.InRange(fixture.Cache.Statistics.DiskBytes, 1, budget);
            Assert.InRange(Files(fixture).Sum(Allocated), 1, budget);
        }

        await fixture.RestartAsync();
        var opened = fixture.Remote.OpenedCount;
        await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse("/f0"), files[0]);
        await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse("/f11"), files[11]);
        Assert.Equal(opened, fixture.Remote.OpenedCount);
        await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse("/f1"), files[1]);
        Assert.Equal(opened + 1, fixture.Remote.OpenedCount);
    }

    [Fact]
    public async Task A_file_larger_than_the_budget_is_read_all_the_same()
    {
        const long budget = 1 << 20;
        await using var fixture = new ContentFixture(disk: budget);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(10_000_000));
        Assert.InRange(fixture.Cache.Statistics.DiskBytes, 0, budget);
        Assert.True(fixture.Cache.Statistics.BytesNotStored > 0);
    }

    [Fact]
    public async Task What_the_disk_could_not_keep_up_with_is_stored_afterwards_from_memory()
    {
        using var slow = new ManualResetEventSlim();
        await using var fixture = new ContentFixture(disk: Roomy, write: (handle, bytes, offset) =>
        {
            slow.Wait();
            RandomAccess.Write(handle, bytes, offset);
        });
        var bytes = ContentFixture.Bytes(12_000_000);
        using (var content = fixture.Open(bytes))
        {
            await using var reader = content.CreateReader();
            await ContentFixture.ReadAllAsync(reader, bytes);
            Assert.True(fixture.Cache.Statistics.BytesNotStored > 0);
        }

        slow.Set();
        await ContentFixture.UntilAsync(() => fixture.Cache.Statistics.DiskBytes > bytes.Length);
        await fixture.RestartAsync();
        using var again = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        Assert.True(again.IsComplete);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_server_that_is_faster_than_a_disk_is_not_held_up_by_one()
    {
        await using var fixture = new ContentFixture(memory: 4 << 20, disk: Roomy);
        fixture.Remote.Before = (_, _, _) =>
        {
            fixture.Time.Advance(TimeSpan.FromTicks(1));
            return Task.CompletedTask;
        };
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(60 << 20));
        Assert.InRange(fixture.Cache.Statistics.DiskBytes, 1, 20 << 20);
        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_full_disk_is_tolerated_and_used_again_later()
    {
        const int enospc = 28;
        var full = true;
        await using var fixture = new ContentFixture(disk: Roomy, write: (handle, bytes, offset) =>
        {
            if (full)
                throw new IOException("No space left on device", enospc);
            RandomAccess.Write(handle, bytes, offset);
        });
        var bytes = ContentFixture.Bytes(3_000_000);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
        Assert.InRange(fixture.Cache.Statistics.DiskBytes, 0, 4096);
        full = false;
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await ContentCacheTests.ReadOnceAsync(fixture, RemotePath.Parse("/other"), bytes);
        Assert.InRange(fixture.Cache.Statistics.DiskBytes, bytes.Length, bytes.Length + 16384);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_used_means_no_disk_cache()
    {
        await using var fixture = new ContentFixture();
        var blocked = Path.Combine(fixture.Directory, "a file");
        await File.WriteAllTextAsync(blocked, "");
        fixture.Options = fixture.Options with { Directory = Path.Combine(blocked, "sub"), DiskBytes = Roomy };
        await fixture.RestartAsync();
        Assert.Null(fixture.Cache.Disk);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(300_000));
    }

    [Fact]
    public async Task Two_caches_in_one_directory_keep_apart()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(300_000);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, bytes);
        await using var other = new ContentFixture();
        other.Options = fixture.Options;
        await other.RestartAsync();
        Assert.NotNull(other.Cache.Disk);
        await ContentCacheTests.ReadOnceAsync(other, ContentFixture.File, ContentFixture.Bytes(300_000, 9));
        await fixture.RestartAsync();
        using var content = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
    }

    [Fact]
    public async Task A_rename_that_was_cut_short_by_a_crash_makes_the_next_start_begin_anew()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        await ContentCacheTests.ReadOnceAsync(fixture, ContentFixture.File, ContentFixture.Bytes(300_000));
        await fixture.Cache.DisposeAsync();
        await File.WriteAllBytesAsync(Path.Combine(fixture.Options.Directory, "0", "renaming"), []);
        await fixture.RestartAsync();
        Assert.Equal(0, fixture.Cache.Statistics.DiskFiles);
        Assert.Empty(Files(fixture));
    }

    private static string[] Files(ContentFixture fixture) =>
        [.. Directory.GetDirectories(fixture.Options.Directory).SelectMany(Directory.GetDirectories).SelectMany(Directory.GetFiles)];

    /// <summary>What the file system has given the file, seen by where it has data.</summary>
    private static long Allocated(string path)
    {
        var length = new FileInfo(path).Length;
        return (length + 4095) / 4096 * 4096;
    }
}
