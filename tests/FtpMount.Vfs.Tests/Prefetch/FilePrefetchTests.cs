namespace FtpMount.Vfs.Tests.Prefetch;

public sealed class FilePrefetchTests
{
    private const int Files = 40;

    private static void PutFiles(MemoryRemote remote)
    {
        foreach (var directory in new[] { "a", "b" })
        {
            for (var i = 0; i < Files; i++)
                remote.Put($"/{directory}/{i:00}", $"content {directory} {i}");
        }
    }

    private static async Task ReadAll(Mount mount, string directory, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Assert.Equal($"content {directory} {int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)}", await mount.ReadFile($"/{directory}/{name}"));
            await mount.Vfs.PrefetchesAsync();
        }
    }

    [Fact]
    public async Task Files_read_in_the_order_of_the_listing_come_before_they_are_opened()
    {
        await using var mount = new Mount(PutFiles);
        await ReadAll(mount, "a", await mount.Names("/a"));
        Assert.Equal(Files, mount.Remote.Count("READ"));
        Assert.InRange(mount.Vfs.Statistics.FilesPrefetched, Files - 3, Files);
        Assert.Equal(mount.Vfs.Statistics.FilesPrefetched, mount.Vfs.Statistics.FilesPrefetchedUsed);
        Assert.Equal(0, mount.Vfs.Statistics.BytesPrefetchedUnused);
    }

    [Fact]
    public async Task Files_read_in_the_order_of_their_inode_numbers_come_before_they_are_opened()
    {
        await using var mount = new Mount(PutFiles);
        var names = await mount.Names("/a");
        var inodes = new Dictionary<string, ulong>();
        foreach (var name in names)
            inodes[name] = (await mount.Attributes($"/a/{name}")).Inode;
        await ReadAll(mount, "a", names.OrderBy(name => inodes[name]));
        Assert.InRange(mount.Vfs.Statistics.FilesPrefetchedUsed, Files - 8, Files);
    }

    [Fact]
    public async Task The_order_is_known_in_the_next_directory()
    {
        await using var mount = new Mount(PutFiles);
        await ReadAll(mount, "a", await mount.Names("/a"));
        var before = mount.Vfs.Statistics.FilesPrefetchedUsed;
        await ReadAll(mount, "b", await mount.Names("/b"));
        Assert.Equal(Files - 1, mount.Vfs.Statistics.FilesPrefetchedUsed - before);
    }

    [Fact]
    public async Task Files_of_the_next_directories_come_before_a_reader_is_through_with_this_one()
    {
        const int Directories = 6;
        const int Each = 3;
        await using var mount = new Mount(r =>
        {
            for (var d = 0; d < Directories; d++)
            {
                for (var i = 0; i < Each; i++)
                    r.Put($"/top/{d / 3}/{d}/{i}", $"{d} {i}");
            }
        });

        // As grep -r, fts(3) and others do: a directory is listed before what is in it is read.
        for (var d = 0; d < Directories; d++)
        {
            await mount.Names("/top");
            await mount.Names($"/top/{d / 3}");
            foreach (var name in await mount.Names($"/top/{d / 3}/{d}"))
            {
                Assert.Equal($"{d} {name}", await mount.ReadFile($"/top/{d / 3}/{d}/{name}"));
                await mount.Vfs.PrefetchesAsync();
            }
        }

        Assert.Equal(Directories * Each, mount.Remote.Count("READ"));
        Assert.Equal(mount.Vfs.Statistics.FilesPrefetched, mount.Vfs.Statistics.FilesPrefetchedUsed);

        // Not foreseen: the three of the first directory, and the first after each step to where the streak had not been.
        Assert.InRange(mount.Vfs.Statistics.FilesPrefetchedUsed, (Directories * Each) - 6, Directories * Each);
    }

    [Fact]
    public async Task A_reader_of_one_directory_fetches_nothing_of_its_neighbours()
    {
        await using var mount = new Mount(PutFiles);
        await mount.Names("/");
        await mount.Names("/b");
        await ReadAll(mount, "a", await mount.Names("/a"));
        Assert.Equal(Files, mount.Remote.Count("READ"));
    }

    [Fact]
    public async Task A_large_directory_is_sorted_aside()
    {
        const int Many = 2_000;
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < Many; i++)
                r.Put($"/many/{i:0000}", "x");
        });
        foreach (var name in (await mount.Names("/many")).Take(50))
        {
            await mount.ReadFile($"/many/{name}");
            await mount.Vfs.PrefetchesAsync();
        }

        Assert.InRange(mount.Vfs.Statistics.FilesPrefetchedUsed, 45, 50);
    }

    [Fact]
    public async Task A_random_reader_pays_for_nothing()
    {
        await using var mount = new Mount(PutFiles);
        await mount.Names("/a");
        foreach (var i in new[] { 17, 3, 31, 9, 25, 1, 20, 38, 12 })
            await mount.ReadFile($"/a/{i:00}");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(0, mount.Vfs.Statistics.FilesPrefetched);
        Assert.Equal(9, mount.Remote.Count("READ"));
    }

    [Fact]
    public async Task It_ends_with_the_first_file_that_was_not_foreseen()
    {
        await using var mount = new Mount(PutFiles);
        await mount.Names("/a");
        foreach (var i in new[] { 0, 1, 2 })
            await mount.ReadFile($"/a/{i:00}");
        await mount.Vfs.PrefetchesAsync();
        var fetched = mount.Vfs.Statistics.FilesPrefetched;
        Assert.InRange(fetched, 1, 16);
        await mount.ReadFile("/a/35");
        await mount.ReadFile("/a/22");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(fetched, mount.Vfs.Statistics.FilesPrefetched);
        Assert.InRange(mount.Vfs.Statistics.BytesPrefetchedUnused, 1, 16 * 20);
    }

    [Fact]
    public async Task A_file_that_was_written_meanwhile_is_read_as_written()
    {
        await using var mount = new Mount(PutFiles);
        await mount.Names("/a");
        foreach (var i in new[] { 0, 1, 2 })
            await mount.ReadFile($"/a/{i:00}");
        await mount.Vfs.PrefetchesAsync();
        await mount.WriteFile("/a/03", "changed");
        Assert.Equal("changed", await mount.ReadFile("/a/03"));
    }

    [Fact]
    public async Task Large_files_are_not_fetched_ahead()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 10; i++)
                r.PutBytes($"/large/{i}", new byte[200_000]);
        });
        await mount.Names("/large");
        for (var i = 0; i < 5; i++)
            await mount.ReadFile($"/large/{i}");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(0, mount.Vfs.Statistics.FilesPrefetched);
    }
}
