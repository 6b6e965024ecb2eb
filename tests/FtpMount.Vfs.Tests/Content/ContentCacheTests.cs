using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Tests.Content;

public sealed class ContentCacheTests
{
    private const long Roomy = 1L << 30;

    [Fact]
    public async Task A_second_open_of_the_same_version_finds_what_the_first_read()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(500_000);
        for (var i = 0; i < 2; i++)
        {
            using var content = fixture.Open(bytes);
            await using var reader = content.CreateReader();
            await ContentFixture.ReadAllAsync(reader, bytes);
            Assert.True(content.IsComplete);
        }

        Assert.Single(fixture.Remote.Opened);
    }

    [Fact]
    public async Task Another_version_is_read_anew_and_the_old_one_stays_with_those_who_hold_it()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var old = ContentFixture.Bytes(500_000, seed: 1);
        var fresh = ContentFixture.Bytes(500_001, seed: 2);
        using var first = fixture.Open(old);
        await using var one = first.CreateReader();
        await ContentFixture.ReadAllAsync(one, old);
        await fixture.Cache.Disk!.DrainAsync(default);
        using var second = fixture.Open(fresh);
        await using var two = second.CreateReader();
        await ContentFixture.ReadAllAsync(two, fresh);
        await ContentFixture.ReadAllAsync(one, old);
        Assert.Equal(2, fixture.Remote.OpenedCount);
    }

    [Fact]
    public async Task A_renamed_file_keeps_its_content_and_is_fetched_from_its_new_path()
    {
        await using var fixture = new ContentFixture();
        var bytes = ContentFixture.Bytes(8 << 20);
        using var content = fixture.Open(bytes);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, bytes, 0, 4096);
        var target = RemotePath.Parse("/elsewhere");
        fixture.Remote[target] = bytes;
        fixture.Cache.Rename(ContentFixture.File, target);
        Assert.Equal(target, content.Path);
        await ContentFixture.ReadAsync(reader, bytes, 6 << 20, 4096);
        Assert.Equal(target, fixture.Remote.Opened[^1].Path);
        using var again = fixture.Cache.Open(target, ContentFixture.Version(bytes));
        await using var other = again.CreateReader();
        var opened = fixture.Remote.OpenedCount;
        await ContentFixture.ReadAsync(other, bytes, 0, 4096);
        Assert.Equal(opened, fixture.Remote.OpenedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_renamed_directory_takes_what_is_below_it_along(bool restart)
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = Enumerable.Range(0, 5).Select(i => ContentFixture.Bytes(50_000 + i, i)).ToArray();
        for (var i = 0; i < 5; i++)
            await ReadOnceAsync(fixture, RemotePath.Parse($"/a/b/f{i}"), bytes[i]);
        await ReadOnceAsync(fixture, RemotePath.Parse("/a/bc"), ContentFixture.Bytes(10));
        fixture.Cache.Rename(RemotePath.Parse("/a/b"), RemotePath.Parse("/x"));
        if (restart)
            await fixture.RestartAsync();
        for (var i = 0; i < 5; i++)
        {
            using var moved = fixture.Cache.Open(RemotePath.Parse($"/x/f{i}"), ContentFixture.Version(bytes[i]));
            Assert.True(moved.IsComplete);
            await using var reader = moved.CreateReader();
            await ContentFixture.ReadAllAsync(reader, bytes[i]);
            using var gone = fixture.Cache.Open(RemotePath.Parse($"/a/b/f{i}"), ContentFixture.Version(bytes[i]));
            Assert.False(gone.IsComplete);
        }

        using var neighbour = fixture.Cache.Open(RemotePath.Parse("/a/bc"), new FileVersion(10, null, null));
        Assert.True(neighbour.IsComplete);
        Assert.Equal(6, fixture.Remote.OpenedCount);
    }

    [Fact]
    public async Task A_rename_replaces_what_was_at_the_target()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var kept = ContentFixture.Bytes(50_000, 1);
        var replaced = ContentFixture.Bytes(50_000, 2);
        var (from, to) = (RemotePath.Parse("/from"), RemotePath.Parse("/to"));
        await ReadOnceAsync(fixture, from, kept);
        await ReadOnceAsync(fixture, to, replaced);
        fixture.Cache.Rename(from, to);
        using var content = fixture.Cache.Open(to, ContentFixture.Version(kept));
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, kept);
        Assert.Equal(2, fixture.Remote.OpenedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_forgotten_is_not_given_to_new_opens(bool restart)
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var old = ContentFixture.Bytes(300_000, 1);
        var fresh = ContentFixture.Bytes(300_000, 2);
        await ReadOnceAsync(fixture, ContentFixture.File, old);
        fixture.Cache.Forget(ContentFixture.File);
        if (restart)
            await fixture.RestartAsync();
        await ReadOnceAsync(fixture, ContentFixture.File, fresh);
    }

    [Fact]
    public async Task What_was_forgotten_stays_with_those_who_hold_it()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var old = ContentFixture.Bytes(300_000, 1);
        using var content = fixture.Open(old);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, old);
        await fixture.Cache.Disk!.DrainAsync(default);
        fixture.Cache.Forget(ContentFixture.File);
        fixture.Cache.Pool.Trim();
        await ContentFixture.ReadAllAsync(reader, old);
        Assert.Single(fixture.Remote.Opened);
        content.Dispose();
        Assert.Equal(0, fixture.Cache.Statistics.DiskBytes);
    }

    [Fact]
    public async Task What_was_replaced_is_not_continued_with_the_bytes_of_what_replaced_it()
    {
        await using var fixture = new ContentFixture();
        var old = ContentFixture.Bytes(20 << 20, 1);
        using var content = fixture.Open(old);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAsync(reader, old, 10 << 20, 4096);
        fixture.Cache.Forget(ContentFixture.File);
        fixture.Remote[ContentFixture.File] = ContentFixture.Bytes(20 << 20, 2);
        await ContentFixture.ReadAsync(reader, old, 10 << 20, 4096);
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await reader.ReadAsync(15 << 20, new byte[10], default));
        Assert.Equal(RemoteError.Changed, failure.Error);

        // Kept under another name while it is open.
        fixture.Remote[RemotePath.Parse("/hidden")] = old;
        content.Path = RemotePath.Parse("/hidden");
        await ContentFixture.ReadAsync(reader, old, 15 << 20, 4096);
    }

    [Fact]
    public async Task Memory_is_given_back_when_nothing_is_read_and_the_disk_has_it()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(3_000_000);
        await ReadOnceAsync(fixture, ContentFixture.File, bytes);
        fixture.Time.Advance(TimeSpan.FromSeconds(31));
        fixture.Time.Advance(TimeSpan.FromSeconds(31));
        await ContentFixture.UntilAsync(() => fixture.Cache.Statistics.MemoryBytes == 0);
        using var content = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes));
        Assert.True(content.IsComplete);
    }

    [Fact]
    public async Task An_adopted_file_is_complete_without_asking_the_server()
    {
        await using var fixture = new ContentFixture(disk: Roomy);
        var bytes = ContentFixture.Bytes(300_001);
        var local = Path.Combine(fixture.Directory, "local");
        await File.WriteAllBytesAsync(local, bytes);
        await fixture.Cache.AdoptAsync(ContentFixture.File, ContentFixture.Version(bytes), local, default);
        Assert.False(File.Exists(local));
        for (var i = 0; i < 2; i++)
        {
            using (var content = fixture.Cache.Open(ContentFixture.File, ContentFixture.Version(bytes)))
            {
                Assert.True(content.IsComplete);
                await using var reader = content.CreateReader();
                await ContentFixture.ReadAllAsync(reader, bytes);
            }

            await fixture.RestartAsync();
        }

        Assert.Empty(fixture.Remote.Opened);
    }

    [Fact]
    public async Task A_file_that_is_too_large_to_adopt_is_deleted()
    {
        await using var fixture = new ContentFixture(disk: 100_000);
        var bytes = ContentFixture.Bytes(300_001);
        var local = Path.Combine(fixture.Directory, "local");
        await File.WriteAllBytesAsync(local, bytes);
        await fixture.Cache.AdoptAsync(ContentFixture.File, ContentFixture.Version(bytes), local, default);
        Assert.False(File.Exists(local));
        Assert.Equal(0, fixture.Cache.Statistics.DiskBytes);
    }

    [Fact]
    public async Task FetchAll_makes_a_file_complete_that_is_larger_than_memory()
    {
        await using var fixture = new ContentFixture(memory: 2 << 20, disk: Roomy);
        var bytes = ContentFixture.Bytes(20_000_001);
        using var content = fixture.Open(bytes);
        await content.FetchAllAsync(default);
        Assert.True(content.IsComplete);
    }

    [Fact]
    public async Task After_the_end_reads_fail_and_none_hangs()
    {
        await using var fixture = new ContentFixture();
        fixture.Remote.Before = (_, _, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
        using var content = fixture.Open(ContentFixture.Bytes(300_001));
        await using var reader = content.CreateReader();
        var reading = reader.ReadAsync(0, new byte[10], default).AsTask();
        await fixture.Cache.DisposeAsync();
        await Assert.ThrowsAsync<RemoteException>(() => reading);
    }

    internal static async Task ReadOnceAsync(ContentFixture fixture, RemotePath path, byte[] bytes)
    {
        using var content = fixture.Open(bytes, path);
        await using var reader = content.CreateReader();
        await ContentFixture.ReadAllAsync(reader, bytes);
        await (fixture.Cache.Disk?.DrainAsync(default) ?? default);
    }
}
