using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

public sealed class DirectoryTests
{
    [Fact]
    public async Task A_directory_shows_dot_and_dot_dot_first()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        var handle = await mount.OpenDirectory("/d");
        var sink = await mount.ReadDirectory(handle);
        Assert.Equal([".", "..", "a"], sink.Taken.Select(t => t.Name));
        Assert.Equal((await mount.Attributes("/d")).Inode, sink.Taken[0].Entry.Attributes.Inode);
        Assert.Equal((await mount.Attributes("/")).Inode, sink.Taken[1].Entry.Attributes.Inode);
        Assert.Equal((await mount.Attributes("/d/a")).Inode, sink.Taken[2].Entry.Attributes.Inode);
    }

    [Fact]
    public async Task A_platform_may_keep_the_names_that_it_was_given_to_the_end_as_long_as_they_are_believed()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        var directory = await mount.Node("/d");
        async Task<bool> IsKept(bool thenReads)
        {
            var reply = await mount.Vfs.OpenDirectoryAsync(directory, Mount.None);
            if (thenReads)
                await mount.ReadDirectory(reply.Value.Handle);
            mount.Vfs.ReleaseDirectory(reply.Value.Handle);
            return reply.Value.KeepCache;
        }

        Assert.False(await IsKept(thenReads: false));
        Assert.False(await IsKept(thenReads: true));
        Assert.True(await IsKept(thenReads: false));
        await mount.WriteFile("/d/b", "new");
        Assert.False(await IsKept(thenReads: true));
        Assert.True(await IsKept(thenReads: true));
        mount.Time.Advance(mount.Options.DirectoryTimeout);
        Assert.False(await IsKept(thenReads: true));
        Assert.Equal(2, mount.Remote.Count("LIST"));
    }

    [Fact]
    public async Task A_new_file_is_listed_before_it_is_uploaded()
    {
        await using var mount = new Mount();
        Assert.Empty(await mount.Names("/"));
        var handle = await mount.Create("/new");
        Assert.Equal(["new"], await mount.Names("/"));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["new"], await mount.Names("/"));
        Assert.Empty(mount.Remote.Names("/"));
        await mount.CloseWell(handle);
        Assert.Equal(["new"], await mount.Names("/"));
    }

    [Fact]
    public async Task Entries_there_throughout_are_seen_exactly_once_whatever_changes_meanwhile()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 20; i++)
                r.Put($"/{i:00}", "x");
        });
        var handle = await mount.OpenDirectory("/");
        var first = await mount.ReadDirectory(handle, room: 12);
        Assert.Equal(VfsError.None, await mount.Unlink("/03"));
        Assert.Equal(VfsError.None, await mount.Unlink("/15"));
        Assert.Equal(VfsError.None, await mount.Rename("/16", "/00b"));
        await mount.WriteFile("/new", "x");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(19, (await mount.Names("/")).Length);
        var rest = await mount.ReadDirectory(handle, first.Taken[^1].Cookie);
        var seen = first.Taken.Concat(rest.Taken).Select(t => t.Name).ToArray();
        Assert.Equal(seen.Length, seen.Distinct().Count());
        for (var i = 0; i < 20; i++)
        {
            if (i is not (3 or 15 or 16))
                Assert.Contains($"{i:00}", seen);
        }

        Assert.DoesNotContain("15", seen);
        Assert.DoesNotContain("16", seen);
    }

    [Fact]
    public async Task Rewinding_shows_the_directory_anew()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var handle = await mount.OpenDirectory("/");
        Assert.Equal(3, (await mount.ReadDirectory(handle)).Taken.Count);
        mount.Remote.Put("/b", "x");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([".", "..", "a", "b"], (await mount.ReadDirectory(handle)).Taken.Select(t => t.Name));
        mount.Vfs.ReleaseDirectory(handle);
        Assert.Equal(0, mount.Vfs.Statistics.OpenHandles);
    }

    [Fact]
    public async Task Entries_that_did_not_fit_are_not_counted_as_looked_up()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 10; i++)
                r.Put($"/{i}", "x");
        });
        var handle = await mount.OpenDirectory("/");
        var sink = await mount.ReadDirectory(handle, entries: true, room: 5);
        Assert.Equal(4, mount.Vfs.Statistics.Nodes);
        foreach (var (_, entry, _) in sink.Taken.Skip(2))
            mount.Vfs.Forget(entry.Node, 1);
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
        await mount.ReadDirectory(handle, sink.Taken[^1].Cookie, entries: false);
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
    }

    [Fact]
    public async Task A_new_directory_needs_no_listing()
    {
        await using var mount = new Mount();
        await mount.Names("/");
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.MakeDirectory("/d"));
        Assert.False(await mount.Exists("/d/.hidden"));
        Assert.False(await mount.Exists("/d/x"));
        Assert.Empty(await mount.Names("/d"));
        await mount.WriteFile("/d/x", "x");
        Assert.Equal(["x"], await mount.Names("/d"));
        Assert.Equal(["MKDIR /d", "STORE", "STAT /d/x", "PUBLISH /d/x"], mount.Remote.Operations.Select(o => o.StartsWith("STORE", StringComparison.Ordinal) ? "STORE" : o));
    }

    [Fact]
    public async Task Making_what_is_there_fails()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        Assert.Equal(VfsError.AlreadyExists, (await mount.Vfs.CreateDirectoryAsync(NodeId.Root, "d", 0x1ED, Mount.Caller, default)).Error);
        await mount.Names("/");
        Assert.Equal(VfsError.AlreadyExists, await mount.MakeDirectory("/d"));
    }

    [Fact]
    public async Task Making_what_is_listed_leaves_no_node_behind()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        await mount.Names("/");
        Assert.Equal(VfsError.AlreadyExists, await mount.MakeDirectory("/d"));
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
    }

    [Fact]
    public async Task Only_an_empty_directory_is_removed()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        Assert.Equal(VfsError.NotEmpty, await mount.RemoveDirectory("/d"));
        Assert.Equal(VfsError.NotADirectory, await mount.RemoveDirectory("/d/a"));
        Assert.Equal(VfsError.NotFound, await mount.RemoveDirectory("/none"));
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        Assert.Equal(VfsError.None, await mount.RemoveDirectory("/d"));
        Assert.False(mount.Remote.Exists("/d"));
        Assert.False(await mount.Exists("/d"));
    }

    [Fact]
    public async Task A_directory_with_a_file_that_is_not_uploaded_yet_is_not_empty()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        var handle = await mount.Create("/d/a");
        Assert.Equal(VfsError.NotEmpty, await mount.RemoveDirectory("/d"));
        await mount.CloseWell(handle);
        Assert.Equal("", mount.Remote.Text("/d/a"));
    }

    [Fact]
    public async Task A_temporary_name_is_hidden_while_it_is_in_use_and_a_leftover_is_shown()
    {
        await using var mount = new Mount(r => r.Put("/.ftpmount-0123456789abcdef.part", "left over"));
        var stored = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation != "STORE")
                return null;
            stored.SetResult();
            return go.Task;
        };
        var handle = await mount.Create("/a");
        var close = mount.Close(handle);
        await stored.Task;
        Assert.Equal(2, mount.Remote.Names("/").Length);
        Assert.Equal([".ftpmount-0123456789abcdef.part", "a"], await mount.Names("/"));
        var temporary = mount.Remote.Names("/").Single(n => n != ".ftpmount-0123456789abcdef.part");
        Assert.False(await mount.Exists("/" + temporary));
        go.SetResult();
        Assert.Equal(VfsError.None, await close);
        Assert.Equal([".ftpmount-0123456789abcdef.part", "a"], await mount.Names("/"));
    }

    [Fact]
    public async Task A_change_in_a_directory_shows_in_its_time()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        var before = (await mount.Attributes("/d")).Modified;
        mount.Time.Advance(TimeSpan.FromSeconds(3));
        await mount.WriteFile("/d/a", "x");
        Assert.True((await mount.Attributes("/d")).Modified > before);
    }

    [Fact]
    public async Task A_directory_that_may_not_be_listed_is_still_walked_through()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 10; i++)
                r.Put($"/d/{i}", "x");
            r.Failure = (operation, path) => operation == "LIST" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        });
        for (var i = 0; i < 10; i++)
            Assert.True(await mount.Exists($"/d/{i}"));
        Assert.Equal(1, mount.Remote.Count("LIST"));
        var handle = await mount.OpenDirectory("/d");
        Assert.Equal(VfsError.AccessDenied, await mount.Vfs.ReadDirectoryAsync(handle, 0, new CollectingSink(false), default));
    }

    [Fact]
    public async Task Bits_other_than_the_usual_are_set_on_a_new_directory()
    {
        await using var mount = new Mount();
        Assert.Equal(VfsError.None, await mount.MakeDirectory("/d", Convert.ToInt32("700", 8)));
        Assert.Equal(Convert.ToInt32("700", 8), mount.Remote.Mode("/d"));
        Assert.Equal(Convert.ToInt32("700", 8), (await mount.Attributes("/d")).Mode);
    }
}
