namespace FtpMount.Vfs.Tests;

/// <summary>Answers about names that set out before a change here and come in during or after it: what is here counts.</summary>
public sealed class NameRaceTests
{
    /// <summary>Changes, with the names that are left of <c>a</c>, <c>b</c> and <c>c</c>.</summary>
    public static TheoryData<string, bool> Changes
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var change in new[] { "a>c", "a>c c>d", "a>b", "a>b b>d", "-a", "-a -b", "a>c -c", "a>c c>d -d", "+n", "+n n>m", "+n n>a", "+n n>a a>z", "+n n>a -a", "a>c b>a c>b" })
            {
                data.Add(change, false);
                data.Add(change, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_listing_under_way_does_not_bring_back_what_changed(string changes, bool isRead)
    {
        await using var mount = new Mount(Prepare, o => o with { AttributeTimeout = TimeSpan.FromHours(1) });
        await mount.Lookup("/a");
        await mount.Lookup("/b");
        await mount.Names("/");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var handle = await mount.OpenDirectory("/");
        var hold = Hold.Of(mount.Remote, isRead, "LIST");
        var read = mount.ReadDirectory(handle);
        await hold.Reached;
        var names = await ChangeAsync(mount, changes);
        hold.LetGo();
        Assert.Equal(names, NamesOf(await read));
        Assert.Equal(names, await mount.Names("/"));
        mount.Vfs.ReleaseDirectory(handle);
        await AgreesAsync(mount, names);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_listing_under_way_has_what_was_renamed_and_forgotten_meanwhile(bool isRead)
    {
        await using var mount = new Mount(Prepare);
        var handle = await mount.OpenDirectory("/");
        var hold = Hold.Of(mount.Remote, isRead, "LIST");
        var read = mount.ReadDirectory(handle);
        await hold.Reached;
        await ChangeAsync(mount, "a>c");
        hold.LetGo();
        Assert.Equal(["b", "c"], NamesOf(await read));
        mount.Vfs.ReleaseDirectory(handle);
        await AgreesAsync(mount, ["b", "c"]);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Looking_up_names_under_way_does_not_bring_back_what_changed(string changes, bool isRead)
    {
        await using var mount = new Mount(Prepare, o => o with { NegativeTimeout = TimeSpan.Zero });
        foreach (var name in new[] { "a", "b", "c", "d", "n", "m", "z" })
            await mount.Lookup("/" + name);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var hold = Hold.Of(mount.Remote, isRead, "STAT", path => path == "/a");
        var lookup = mount.Lookup("/a");
        await hold.Reached;

        // A change may need the same answer.
        var changing = ChangeAsync(mount, changes);
        hold.LetGo();
        await lookup;
        var names = await changing;
        Assert.Equal(names, await mount.Names("/"));
        foreach (var name in new[] { "a", "b", "c", "d", "n", "m", "z" })
            Assert.Equal(names.Contains(name), await mount.Exists("/" + name));
        await AgreesAsync(mount, names);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_listing_that_comes_in_during_a_rename_is_put_right_by_it(bool isRenamed)
    {
        await using var mount = new Mount(Prepare);
        await mount.Node("/a");
        var rename = Hold.Of(mount.Remote, isRenamed, "RENAME");
        var renaming = mount.Rename("/a", "/c");
        await rename.Reached;
        var handle = await mount.OpenDirectory("/");
        await mount.ReadDirectory(handle, entries: true);
        var lookup = mount.Lookup("/c");
        rename.LetGo();
        Assert.Equal(VfsError.None, await renaming);
        Assert.Equal(await mount.Node("/c"), (await lookup).Node);
        Assert.Equal(["b", "c"], await mount.Names("/"));
        mount.Vfs.ReleaseDirectory(handle);
        await AgreesAsync(mount, ["b", "c"]);
    }

    [Fact]
    public async Task Who_has_a_name_asks_for_it_though_its_directory_is_to_be_moved()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        var directory = await mount.Node("/d");
        var asked = 0;
        mount.Remote.DelayAnswer = (operation, path) =>
        {
            // The answer to the first question is too old when it comes, so that the owner of the name asks again.
            if (operation == "STAT" && path == "/d/a" && Interlocked.Increment(ref asked) == 1)
                mount.Time.Advance(TimeSpan.FromMinutes(1));
            return null;
        };
        var hold = Hold.BeforeDone(mount.Remote, "STAT", path => path == "/d/a" && Volatile.Read(ref asked) == 1);
        var inner = mount.Vfs.RenameAsync(directory, "a", directory, "b", VfsRenameFlags.None, default).AsTask();
        await hold.Reached;
        await mount.Lookup("/d");
        await mount.Lookup("/e");
        var outer = mount.Vfs.RenameAsync(NodeId.Root, "d", NodeId.Root, "e", VfsRenameFlags.None, default).AsTask();
        var lookup = mount.Vfs.LookupAsync(directory, "b", default).AsTask();
        hold.LetGo();
        await Task.WhenAll(inner, outer, lookup).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((VfsError.None, VfsError.None), (await inner, await outer));
        Assert.Equal(["b"], mount.Remote.Names("/e"));
        Assert.Equal(["b"], await mount.Names("/e"));
    }

    [Fact]
    public async Task A_name_that_is_being_replaced_is_never_missing()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "new");
            r.Put("/b", new string('x', 3 << 20));
        });
        var open = await mount.Open("/b");
        var rename = Hold.BeforeDone(mount.Remote, "RENAME", path => path == "/a /b");
        var renaming = mount.Rename("/a", "/b");
        await rename.Reached;
        var lookup = mount.Lookup("/b");
        rename.LetGo();
        Assert.Equal(VfsError.None, await renaming);
        Assert.False((await lookup).Node.IsNone);
        Assert.Equal(3, (await lookup).Attributes.Size);
        await mount.CloseWell(open);
    }

    [Fact]
    public async Task A_listing_too_large_to_keep_shows_what_changed_while_it_came_in()
    {
        await using var mount = new Mount(Prepare, o => o with { CachedEntries = 1 });
        var handle = await mount.OpenDirectory("/");
        var hold = Hold.BeforeAnswer(mount.Remote, "LIST");
        var read = mount.ReadDirectory(handle, room: 3);
        await hold.Reached;
        await ChangeAsync(mount, "a>c c>d");
        hold.LetGo();
        Assert.Equal(["b"], NamesOf(await read));
        await ChangeAsync(mount, "d>e");
        Assert.Equal(["e"], NamesOf(await mount.ReadDirectory(handle, 4)));
        mount.Vfs.ReleaseDirectory(handle);
    }

    private static void Prepare(MemoryRemote remote)
    {
        remote.Put("/a", "a");
        remote.Put("/b", "b");
    }

    private static string[] NamesOf(CollectingSink sink) =>
        [.. sink.Taken.Select(t => t.Name).Where(n => n is not ("." or "..")).Order(StringComparer.Ordinal)];

    /// <summary>Does <c>a&gt;b</c> (rename), <c>-a</c> (unlink), <c>+a</c> (create and write, left open) and returns the names that are then there.</summary>
    private static async Task<string[]> ChangeAsync(Mount mount, string changes)
    {
        var names = new SortedSet<string>(["a", "b"], StringComparer.Ordinal);
        foreach (var change in changes.Split(' '))
        {
            if (change[0] == '-')
            {
                Assert.Equal(VfsError.None, await mount.Vfs.UnlinkAsync(NodeId.Root, change[1..], default));
                names.Remove(change[1..]);
            }
            else if (change[0] == '+')
            {
                await mount.Write(await mount.Create("/" + change[1..]), 0, "new");
                names.Add(change[1..]);
            }
            else
            {
                Assert.Equal(VfsError.None, await mount.Vfs.RenameAsync(NodeId.Root, change[..1], NodeId.Root, change[2..], VfsRenameFlags.None, default));
                names.Remove(change[..1]);
                names.Add(change[2..]);
            }
        }

        return [.. names];
    }

    private static async Task AgreesAsync(Mount mount, string[] names)
    {
        mount.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(names, await mount.Names("/"));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(names, mount.Remote.Names("/"));
        Assert.Equal(names, await mount.Names("/"));
    }
}
