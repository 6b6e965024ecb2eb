using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Small new files that are stored under their own name, and what becomes of a part of one.</summary>
public sealed class DirectUploadTests
{
    private static VfsOptions Direct(VfsOptions options) => options with { Upload = VfsUploadMode.Auto };

    private static VfsOptions Later(VfsOptions options) => Direct(options) with { Close = VfsCloseMode.Fast, WriteBack = TimeSpan.FromHours(1) };

    [Fact]
    public async Task A_small_new_file_is_stored_under_its_own_name()
    {
        await using var mount = new Mount(options: Direct);
        await mount.WriteFile("/a", "content");
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Contains("STORE /a", mount.Remote.Operations);
        Assert.Equal(0, mount.Remote.Count("PUBLISH"));
        Assert.Equal("content", await mount.ReadFile("/a"));
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Its_mode_and_time_are_kept()
    {
        await using var mount = new Mount(options: Later);
        var handle = await mount.Create("/a", mode: Convert.ToInt32("640", 8));
        await mount.Write(handle, 0, "content");
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Modified = time }));
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(Convert.ToInt32("640", 8), mount.Remote.Mode("/a"));
        Assert.Equal(time, mount.Remote.Modified("/a").UtcDateTime);
    }

    [Fact]
    public async Task What_replaces_a_file_takes_a_temporary_name_still()
    {
        await using var mount = new Mount(r => r.Put("/a", "old"), Direct);
        await mount.WriteFile("/a", "new");
        Assert.Equal("new", mount.Remote.Text("/a"));
        Assert.Equal(1, mount.Remote.Count("PUBLISH"));
    }

    [Fact]
    public async Task All_take_a_temporary_name_where_that_was_chosen()
    {
        await using var mount = new Mount(options: o => o with { Upload = VfsUploadMode.Temporary });
        await mount.WriteFile("/a", "new");
        Assert.Equal(1, mount.Remote.Count("PUBLISH"));
    }

    [Fact]
    public async Task None_takes_a_temporary_name_where_that_was_chosen()
    {
        await using var mount = new Mount(r => r.Put("/a", "old"), o => o with { Upload = VfsUploadMode.Direct });
        await mount.WriteFile("/a", "new");
        Assert.Equal("new", mount.Remote.Text("/a"));
        Assert.Equal(0, mount.Remote.Count("PUBLISH"));
        Assert.Equal(["STORE /a"], mount.Remote.Operations.Where(o => o.StartsWith("STORE ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_new_file_does_not_replace_one_that_appeared()
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a.txt", "mine");
        mount.Remote.Put("/a.txt", "theirs");
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("theirs", mount.Remote.Text("/a.txt"));
        Assert.Equal("mine", mount.Remote.Text("/a (conflict 2026-03-04 here).txt"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(7)]
    public async Task A_part_of_it_is_replaced_and_is_nobody_elses_version(int lost)
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a", "content");
        mount.Remote.CutStoreAt = 0;
        mount.Remote.LoseBytesOnce = lost;
        Assert.Single(await DrainOnceAsync(mount));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal("content", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_part_of_it_is_replaced_by_the_next_mount()
    {
        await using var running = new Mount(options: o => Later(o) with { Close = VfsCloseMode.Durable });
        await running.WriteFile("/a", "content");
        var hold = Hold.BeforeAnswer(running.Remote, "STORE");
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        running.Remote.PutBytes("/a", "cont"u8.ToArray());
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal(["a"], running.Remote.Names("/"));
            Assert.Equal("content", running.Remote.Text("/a"));
        }

        hold.LetGo();
        await drain;
    }

    [Fact]
    public async Task A_version_of_it_that_was_overtaken_is_nobody_elses_after_a_crash()
    {
        await using var running = new Mount(options: o => Later(o) with { Close = VfsCloseMode.Durable });
        await running.WriteFile("/a", "first content");
        var store = Hold.BeforeAnswer(running.Remote, "STORE");
        var publish = Hold.BeforeDone(running.Remote, "PUBLISH");
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await store.Reached;
        var handle = await running.Open("/a", VfsOpenFlags.Write);
        await running.Write(handle, 0, "SECOND content");
        await running.CloseWell(handle);
        store.LetGo();
        await publish.Reached;
        await using (var copy = await Mount.OnCopyAsync(running))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal(["a"], running.Remote.Names("/"));
            Assert.Equal("SECOND content", running.Remote.Text("/a"));
        }

        publish.LetGo();
        await drain;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(2000)]
    public async Task A_part_of_it_is_nobody_elses_version_though_the_file_was_changed_since(int lost)
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a", new string('1', 2000));
        mount.Remote.CutStoreAt = 0;
        mount.Remote.LoseBytesOnce = lost;
        Assert.Single(await DrainOnceAsync(mount));
        mount.Pass(TimeSpan.FromSeconds(2)); // it has another time on the server than it was to get
        var handle = await mount.Open("/a", VfsOpenFlags.Write);
        await mount.Write(handle, 100, "changed");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(new string('1', 100) + "changed" + new string('1', 1893), mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task What_somebody_put_in_the_place_of_a_part_is_kept()
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a.txt", "content");
        mount.Remote.CutStoreAt = 0;
        Assert.Single(await DrainOnceAsync(mount));
        mount.Remote.Put("/a.txt", "theirs");
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("theirs", mount.Remote.Text("/a.txt"));
        Assert.Equal("content", mount.Remote.Text("/a (conflict 2026-03-04 here).txt"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_part_of_it_goes_with_its_name(bool isRenamed)
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a", "content");
        mount.Remote.CutStoreAt = 0;
        Assert.Single(await DrainOnceAsync(mount));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(VfsError.None, isRenamed ? await mount.Rename("/a", "/b") : await mount.Unlink("/a"));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(isRenamed ? ["b"] : [], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task A_file_that_is_removed_while_it_is_stored_does_not_come_back()
    {
        await using var mount = new Mount(options: Later);
        await mount.WriteFile("/a", "content");
        var hold = Hold.BeforeDone(mount.Remote, "STORE");
        var drain = mount.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        var unlink = mount.Unlink("/a");
        hold.LetGo();
        Assert.Equal(VfsError.None, await unlink);
        await drain;
        Assert.Empty(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task What_is_written_while_it_is_stored_replaces_it()
    {
        await using var mount = new Mount(options: Later);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "one");
        await mount.CloseWell(handle);
        handle = await mount.Open("/a", VfsOpenFlags.Write);
        var hold = Hold.BeforeAnswer(mount.Remote, "STORE");
        var drain = mount.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        await mount.Write(handle, 0, "two");
        hold.LetGo();
        await drain;
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal("two", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task What_the_server_has_no_room_for_is_not_left_there_in_part()
    {
        await using var mount = new Mount(options: Direct);
        mount.Remote.PutBytes("/full", []);
        mount.Remote.DelayAnswer = (operation, path) =>
            operation == "STORE" ? Task.FromException(new RemoteException(RemoteError.NoSpace, "full")) : null;
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.NoSpace, await mount.Close(handle));
        Assert.Equal(["full"], mount.Remote.Names("/"));
        mount.Remote.DelayAnswer = null;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("content", mount.Remote.Text("/a"));
    }

    /// <summary>One attempt, in which the link is lost for good while the file is stored under its own name: a drain makes two.</summary>
    private static async Task<IReadOnlyList<PendingUpload>> DrainOnceAsync(Mount mount)
    {
        mount.Remote.Failure = (operation, path) =>
            operation == "STORE" && path.EndsWith(".part", StringComparison.Ordinal) ? new RemoteException(RemoteError.Offline, "The link is down.") : null;
        var handle = await mount.Open("/" + Path.GetFileName(mount.Vfs.PendingUploads[0].Path.Value), VfsOpenFlags.Write);
        Assert.NotEqual(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        mount.Remote.Failure = null;
        await mount.CloseWell(handle);
        return mount.Vfs.PendingUploads;
    }
}
