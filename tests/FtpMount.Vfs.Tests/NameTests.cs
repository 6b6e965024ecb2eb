using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>What finding names costs, and what is known of them when.</summary>
public sealed class NameTests
{
    [Fact]
    public async Task Lookup_in_an_unlisted_directory_asks_for_one_path()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        var directory = await mount.Node("/d");
        mount.Remote.ClearOperations();
        Assert.Equal(1, (await mount.Vfs.LookupAsync(directory, "a", default)).Value.Attributes.Size);
        Assert.Equal(["STAT /d/a"], mount.Remote.Operations);
    }

    [Fact]
    public async Task The_third_miss_in_a_directory_lists_it()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 100; i++)
                r.Put($"/d/{i}", "x");
        });
        var directory = await mount.Node("/d");
        mount.Remote.ClearOperations();
        for (var i = 0; i < 100; i++)
            Assert.False((await mount.Vfs.LookupAsync(directory, $"{i}", default)).Value.Node.IsNone);
        Assert.True((await mount.Vfs.LookupAsync(directory, "none", default)).Value.Node.IsNone);
        Assert.Equal(["STAT /d/0", "STAT /d/1", "LIST /d"], mount.Remote.Operations);
    }

    [Fact]
    public async Task Misses_far_apart_in_time_do_not_list()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 10; i++)
                r.Put($"/{i}", "x");
        });
        for (var i = 0; i < 10; i++)
        {
            await mount.Node($"/{i}");
            mount.Time.Advance(mount.Options.AttributeTimeout);
        }

        Assert.Equal(10, mount.Remote.Count("STAT"));
        Assert.Equal(0, mount.Remote.Count("LIST"));
    }

    [Fact]
    public async Task A_long_listing_of_a_thousand_entries_is_one_listing()
    {
        await using var mount = new Mount(r =>
        {
            for (var i = 0; i < 1000; i++)
                r.Put($"/d/{i}", "x");
        });
        var directory = await mount.Node("/d");
        mount.Remote.ClearOperations();
        var handle = await mount.OpenDirectory("/d");
        var cookie = 0L;
        var seen = 0;
        while (true)
        {
            var sink = await mount.ReadDirectory(handle, cookie, entries: true, room: 50);
            if (sink.Taken.Count == 0)
                break;
            seen += sink.Taken.Count;
            cookie = sink.Taken[^1].Cookie;
        }

        Assert.Equal(1002, seen);
        for (var i = 0; i < 1000; i++)
        {
            var found = await mount.Vfs.LookupAsync(directory, $"{i}", default);
            Assert.Equal(1, (await mount.Vfs.GetAttributesAsync(found.Value.Node, VfsHandle.None, default)).Value.Attributes.Size);
        }

        Assert.Equal(["LIST /d"], mount.Remote.Operations);
    }

    [Fact]
    public async Task A_listing_answers_for_names_that_are_not_in_it()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"));
        await mount.Names("/d");
        mount.Remote.ClearOperations();
        Assert.False(await mount.Exists("/d/none"));
        Assert.Empty(mount.Remote.Operations);
    }

    [Fact]
    public async Task The_absence_of_a_dot_name_is_asked_for_on_a_server_that_hides_them()
    {
        await using var mount = new Mount(r =>
        {
            r.ListsDotNames = false;
            r.Put("/d/a", "x");
            r.Put("/d/.git", "x");
        });
        await mount.Names("/d");
        Assert.True(await mount.Exists("/d/.git"));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([".git", "a"], await mount.Names("/d"));
        Assert.True(await mount.Exists("/d/.git"));
        Assert.Empty(mount.Observer.Deleted);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_asked_for_once_within_the_time_out()
    {
        await using var mount = new Mount();
        mount.Remote.ClearOperations();
        var entry = await mount.Lookup("/none");
        Assert.True(entry.Node.IsNone);
        Assert.Equal(mount.Options.NegativeTimeout, entry.EntryTimeout);
        mount.Time.Advance(TimeSpan.FromSeconds(2));
        entry = await mount.Lookup("/none");
        Assert.Equal(mount.Options.NegativeTimeout - TimeSpan.FromSeconds(2), entry.EntryTimeout);
        Assert.Equal(1, mount.Remote.Count("STAT"));
        mount.Remote.Put("/none", "now it does");
        mount.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(await mount.Exists("/none"));
    }

    [Fact]
    public async Task Attributes_are_believed_for_what_is_left_of_their_time()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var entry = await mount.Lookup("/a");
        Assert.Equal(mount.Options.AttributeTimeout, entry.AttributeTimeout);
        mount.Time.Advance(TimeSpan.FromSeconds(4));
        mount.Remote.ClearOperations();
        var reply = await mount.Vfs.GetAttributesAsync(entry.Node, VfsHandle.None, default);
        Assert.Equal(mount.Options.AttributeTimeout - TimeSpan.FromSeconds(4), reply.Value.Timeout);
        Assert.Empty(mount.Remote.Operations);
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        reply = await mount.Vfs.GetAttributesAsync(entry.Node, VfsHandle.None, default);
        Assert.Equal(mount.Options.AttributeTimeout, reply.Value.Timeout);
        Assert.Equal(["STAT /a"], mount.Remote.Operations);
    }

    [Fact]
    public async Task Open_within_the_time_out_costs_nothing_and_after_it_one_question()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var node = await mount.Node("/a");
        mount.Remote.ClearOperations();
        await mount.Vfs.OpenAsync(node, VfsOpenFlags.Read, Mount.Caller, default);
        Assert.Empty(mount.Remote.Operations);
        mount.Time.Advance(mount.Options.AttributeTimeout);
        await mount.Vfs.OpenAsync(node, VfsOpenFlags.Read, Mount.Caller, default);
        Assert.Equal(["STAT /a"], mount.Remote.Operations);
    }

    [Fact]
    public async Task With_time_outs_of_zero_everything_is_asked_for_each_time()
    {
        await using var mount = new Mount(
            r => r.Put("/a", "x"),
            o => o with { AttributeTimeout = TimeSpan.Zero, DirectoryTimeout = TimeSpan.Zero, NegativeTimeout = TimeSpan.Zero });
        for (var i = 1; i <= 5; i++)
        {
            Assert.True(await mount.Exists("/a"));
            Assert.False(await mount.Exists("/none"));
            Assert.Equal(i * 2, mount.Remote.Count("STAT"));
        }

        await mount.WriteFile("/b", "new");
        Assert.Equal("new", await mount.ReadFile("/b"));
        Assert.Equal(VfsError.None, await mount.Rename("/b", "/c"));
        Assert.Equal(VfsError.None, await mount.Unlink("/c"));
        Assert.Equal(["a"], await mount.Names("/"));
    }

    [Fact]
    public async Task Lookups_of_one_name_at_one_time_are_one_question()
    {
        var answer = new TaskCompletionSource();
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "x");
            r.Delay = (operation, _) => operation == "STAT" ? answer.Task : null;
        });
        var lookups = Enumerable.Range(0, 20).Select(_ => mount.Vfs.LookupAsync(NodeId.Root, "a", default).AsTask()).ToArray();
        answer.SetResult();
        var nodes = (await Task.WhenAll(lookups)).Select(l => l.Value.Node).Distinct().ToArray();
        Assert.Single(nodes);
        Assert.Equal(1, mount.Remote.Count("STAT"));
        mount.Vfs.Forget(nodes[0], 20);
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
    }

    [Fact]
    public async Task A_caller_that_leaves_is_interrupted_and_the_others_are_answered()
    {
        var answer = new TaskCompletionSource();
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "x");
            r.Delay = (operation, _) => operation == "STAT" ? answer.Task : null;
        });
        using var leave = new CancellationTokenSource();
        var leaver = mount.Vfs.LookupAsync(NodeId.Root, "a", leave.Token).AsTask();
        var stayer = mount.Vfs.LookupAsync(NodeId.Root, "a", default).AsTask();
        await leave.CancelAsync();
        Assert.Equal(VfsError.Interrupted, (await leaver).Error);
        answer.SetResult();
        Assert.False((await stayer).Value.Node.IsNone);
    }

    [Fact]
    public async Task Forgotten_nodes_are_evicted_with_the_directories_that_only_they_kept()
    {
        await using var mount = new Mount(r => r.Put("/d/e/a", "x"));
        var d = await mount.Vfs.LookupAsync(NodeId.Root, "d", default);
        var e = await mount.Vfs.LookupAsync(d.Value.Node, "e", default);
        var a = await mount.Vfs.LookupAsync(e.Value.Node, "a", default);
        Assert.Equal(4, mount.Vfs.Statistics.Nodes);
        mount.Vfs.Forget(d.Value.Node, 1);
        mount.Vfs.Forget(e.Value.Node, 1);
        Assert.Equal(4, mount.Vfs.Statistics.Nodes);
        mount.Vfs.Forget(a.Value.Node, 1);
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
    }

    [Fact]
    public async Task An_inode_number_survives_eviction_and_rename()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var entry = await mount.Lookup("/a");
        mount.Vfs.Forget(entry.Node, 1);
        var again = await mount.Lookup("/a");
        Assert.NotEqual(entry.Node, again.Node);
        Assert.Equal(entry.Attributes.Inode, again.Attributes.Inode);
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/b"));
        Assert.Equal(entry.Attributes.Inode, (await mount.Attributes("/b")).Inode);
        await mount.WriteFile("/a", "another");
        Assert.NotEqual(entry.Attributes.Inode, (await mount.Attributes("/a")).Inode);
    }

    [Fact]
    public async Task Two_names_of_one_file_have_one_inode_number()
    {
        await using var mount = new Mount(r =>
        {
            r.TellsUnique = true;
            r.Capabilities |= RemoteCapabilities.HardLinks;
            r.Put("/a", "x");
        });
        var linked = await mount.Vfs.CreateLinkAsync(await mount.Node("/a"), NodeId.Root, "b", default);
        Assert.Equal(VfsError.None, linked.Error);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var handle = await mount.OpenDirectory("/");
        var sink = await mount.ReadDirectory(handle);
        var numbers = sink.Taken.Where(t => t.Name is "a" or "b").Select(t => t.Entry.Attributes.Inode).ToArray();
        Assert.Equal(2, numbers.Length);
    }

    [Fact]
    public async Task A_written_file_keeps_its_inode_number_when_the_server_gives_it_another_identity()
    {
        await using var mount = new Mount(r => r.TellsUnique = true);
        var handle = await mount.Create("/a");
        var number = (await mount.Attributes("/a")).Inode;
        await mount.CloseWell(handle);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var entry = await mount.Lookup("/a");
        Assert.Equal(number, entry.Attributes.Inode);
        mount.Vfs.Forget(entry.Node, 100);
        Assert.Equal(number, (await mount.Attributes("/a")).Inode);
        Assert.Contains((await mount.ReadDirectory(await mount.OpenDirectory("/"))).Taken, t => t.Entry.Attributes.Inode == number);
    }

    [Fact]
    public async Task A_listing_on_its_way_does_not_undo_what_is_changed_here_meanwhile()
    {
        var answer = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        await using var mount = new Mount(
            r =>
            {
                r.Put("/gone", "x");
                r.Put("/old", "x");
                r.Put("/stays", "x");
            },
            o => o with { AttributeTimeout = TimeSpan.FromHours(1), DirectoryTimeout = TimeSpan.FromSeconds(1) });
        await mount.Names("/");
        await mount.Node("/gone");
        await mount.Node("/old");
        mount.Time.Advance(TimeSpan.FromSeconds(2));
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation != "LIST")
                return null;
            asked.SetResult();
            return answer.Task;
        };
        var names = mount.Names("/");
        await asked.Task;
        Assert.Equal(VfsError.None, await mount.Unlink("/gone"));
        Assert.Equal(VfsError.None, await mount.Rename("/old", "/new"));
        await mount.WriteFile("/made", "x");
        answer.SetResult();
        Assert.Equal(["made", "new", "stays"], await names);
        Assert.Empty(mount.Observer.Deleted);
        Assert.Equal(["made", "new", "stays"], await mount.Names("/"));
    }

    [Fact]
    public async Task A_name_that_became_something_else_gets_a_new_node()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var old = await mount.Node("/a");
        mount.Remote.Remove("/a");
        mount.Remote.PutDirectory("/a");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var now = await mount.Lookup("/a");
        Assert.NotEqual(old, now.Node);
        Assert.Equal(RemoteKind.Directory, now.Attributes.Kind);
    }

    [Fact]
    public async Task Listings_are_dropped_when_there_are_too_many_entries()
    {
        await using var mount = new Mount(
            r =>
            {
                for (var i = 0; i < 30; i++)
                {
                    r.Put($"/a/{i}", "x");
                    r.Put($"/b/{i}", "x");
                    for (var j = 0; j < 10; j++)
                        r.Put($"/large/{i}-{j}", "x");
                }
            },
            o => o with { CachedEntries = 50 });
        Assert.Equal(30, (await mount.Names("/a")).Length);
        Assert.Equal(30, (await mount.Names("/b")).Length);
        Assert.InRange(mount.Vfs.Statistics.CachedEntries, 30, 50);
        Assert.Equal(300, (await mount.Names("/large")).Length);
        Assert.InRange(mount.Vfs.Statistics.CachedEntries, 0, 50);
        mount.Remote.ClearOperations();
        for (var i = 0; i < 10; i++)
            await mount.Node($"/large/0-{i}");
        Assert.Equal(0, mount.Remote.Count("LIST"));
    }

    [Fact]
    public async Task Answers_at_hand_do_not_allocate()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var node = await mount.Node("/a");
        Assert.False(await mount.Exists("/none"));
        await mount.Names("/");
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        var handle = await mount.Open("/a");
        var buffer = new byte[10];
        await mount.Vfs.ReadAsync(handle, 0, buffer, default);
        await mount.Vfs.ReadAsync(handle, 0, buffer, default);
        Work();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Work();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Work()
        {
            for (var i = 0; i < 1000; i++)
            {
                Done(mount.Vfs.LookupAsync(NodeId.Root, "a", default));
                Done(mount.Vfs.LookupAsync(NodeId.Root, "none", default));
                Done(mount.Vfs.GetAttributesAsync(node, VfsHandle.None, default));
                Done(mount.Vfs.ReadAsync(handle, 0, buffer, default));
            }
        }

        static void Done<T>(ValueTask<VfsResult<T>> task)
        {
            if (!task.IsCompletedSuccessfully)
                throw new InvalidOperationException("It waited.");
            _ = task.Result;
        }
    }
}
