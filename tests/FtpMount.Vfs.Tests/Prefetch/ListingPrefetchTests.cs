namespace FtpMount.Vfs.Tests.Prefetch;

public sealed class ListingPrefetchTests
{
    private const int Width = 6;

    /// <summary>Three levels of directories, each with a file.</summary>
    private static void PutTree(MemoryRemote remote)
    {
        for (var a = 0; a < Width; a++)
        {
            for (var b = 0; b < Width; b++)
            {
                for (var c = 0; c < Width; c++)
                    remote.Put($"/tree/{a}/{b}/{c}/file", "x");
            }
        }
    }

    private static async Task Walk(Mount mount, string directory)
    {
        foreach (var name in await mount.Names(directory))
        {
            await mount.Vfs.PrefetchesAsync();
            var path = $"{directory}/{name}";
            if ((await mount.Attributes(path)).Kind == Remote.RemoteKind.Directory)
                await Walk(mount, path);
        }
    }

    [Fact]
    public async Task A_walk_is_met_by_listings_and_each_directory_is_listed_once()
    {
        await using var mount = new Mount(PutTree);
        await Walk(mount, "/tree");
        Assert.Equal(1 + Width + (Width * Width) + (Width * Width * Width), mount.Remote.Count("LIST"));
        var statistics = mount.Vfs.Statistics;
        Assert.InRange(statistics.ListingsPrefetched, mount.Remote.Count("LIST") - 4, mount.Remote.Count("LIST"));
        Assert.Equal(statistics.ListingsPrefetched, statistics.ListingsPrefetchedUsed);
    }

    [Fact]
    public async Task The_top_directory_is_there_when_a_program_comes_to_a_new_mount()
    {
        await using var mount = new Mount(PutTree);
        mount.Vfs.AskAhead();
        await mount.Vfs.PrefetchesAsync();
        var asked = mount.Remote.Count("STAT");
        Assert.Equal(1, mount.Remote.Count("LIST"));
        await mount.Names("/");
        await mount.Attributes("/tree");
        Assert.Equal((asked, 1), (mount.Remote.Count("STAT"), mount.Remote.Count("LIST")));

        await using var without = new Mount(PutTree, o => o with { Prefetch = false });
        without.Vfs.AskAhead();
        await without.Vfs.PrefetchesAsync();
        Assert.Equal(0, without.Remote.Count("LIST"));
    }

    [Fact]
    public async Task A_walk_that_stops_is_not_followed_to_the_end()
    {
        await using var mount = new Mount(PutTree);
        await mount.Names("/tree");
        await mount.Names("/tree/0");
        await mount.Names("/tree/0/0");
        await mount.Vfs.PrefetchesAsync();
        Assert.InRange(mount.Vfs.Statistics.ListingsPrefetched, 1, 20);
        var before = mount.Vfs.Statistics.ListingsPrefetched;

        // What comes back to it later is a new walk, and has to show that first.
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        await mount.Names("/tree/3");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(before, mount.Vfs.Statistics.ListingsPrefetched);
    }

    [Fact]
    public async Task A_look_into_one_directory_fetches_no_other()
    {
        await using var mount = new Mount(PutTree);
        await mount.Names("/tree");
        await mount.Names("/tree/3");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(0, mount.Vfs.Statistics.ListingsPrefetched);
    }

    [Fact]
    public async Task A_path_with_many_parts_is_no_walk()
    {
        await using var mount = new Mount(r => r.Put("/a/b/c/d/e/f/g/file", "x"));
        await mount.Attributes("/a/b/c/d/e/f/g/file");
        Assert.Equal(0, mount.Remote.Count("LIST"));
        Assert.Equal(0, mount.Vfs.Statistics.ListingsPrefetched);
    }

    [Fact]
    public async Task Questions_for_names_in_one_directory_after_the_other_are_met_by_listings()
    {
        await using var mount = new Mount(PutTree);
        for (var c = 0; c < Width; c++)
        {
            for (var a = 0; a < Width; a++)
            {
                for (var b = 0; b < Width; b++)
                {
                    await mount.Attributes($"/tree/{a}/{b}/{c}/file");
                    await mount.Vfs.PrefetchesAsync();
                }
            }
        }

        Assert.InRange(mount.Remote.Count("STAT"), 0, 12);
        Assert.InRange(mount.Vfs.Statistics.ListingsPrefetchedUsed, 100, 300);
    }

    [Fact]
    public async Task What_is_changed_while_a_listing_ahead_is_on_its_way_counts()
    {
        await using var mount = new Mount(PutTree);
        var asked = new TaskCompletionSource();
        var held = new TaskCompletionSource();
        mount.Remote.DelayAnswer = (operation, path) =>
        {
            if (operation != "LIST" || path != "/tree/0/1")
                return null;
            asked.TrySetResult();
            return held.Task;
        };
        await mount.Names("/tree");
        await mount.Names("/tree/0");
        await mount.Names("/tree/0/0");
        await asked.Task;
        Assert.Equal(VfsError.None, await mount.MakeDirectory("/tree/0/1/new"));
        held.SetResult();
        await mount.Vfs.PrefetchesAsync();
        Assert.Contains("new", await mount.Names("/tree/0/1"));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_listed_ends_nothing()
    {
        await using var mount = new Mount(PutTree);
        mount.Remote.Failure = (operation, path) =>
            operation == "LIST" && path == "/tree/2" ? new Remote.RemoteException(Remote.RemoteError.AccessDenied, "no") : null;
        await mount.Names("/tree");
        await mount.Names("/tree/0");
        await mount.Names("/tree/0/0");
        await mount.Vfs.PrefetchesAsync();
        Assert.Equal(["0", "1", "2", "3", "4", "5"], await mount.Names("/tree/3"));
    }

    [Fact]
    public async Task Nothing_is_listed_ahead_when_that_is_switched_off()
    {
        await using var mount = new Mount(PutTree, options => options with { Prefetch = false });
        await Walk(mount, "/tree");
        Assert.Equal(0, mount.Vfs.Statistics.ListingsPrefetched);
    }
}
