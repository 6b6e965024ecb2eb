using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>When a close, an fsync and an upload happen by the mount's choice of modes.</summary>
public sealed class WriteBackModeTests
{
    private static RemoteException Fail(RemoteError error) => new(error, $"{error} on purpose");

    private static VfsOptions Fast(VfsOptions options) => options with { Close = VfsCloseMode.Fast, WriteBack = TimeSpan.FromSeconds(1) };

    private static Task PublishedAsync(MemoryRemote remote, int count = 1)
    {
        var published = new TaskCompletionSource();
        remote.DelayAnswer = (operation, _) =>
        {
            if (operation == "PUBLISH" && --count == 0)
                published.SetResult();
            return null;
        };
        return published.Task;
    }

    [Fact]
    public async Task A_close_returns_at_once_and_the_upload_starts_after_the_quiet_time()
    {
        await using var mount = new Mount(options: Fast);
        await mount.WriteFile("/a", "content");
        Assert.Equal(0, mount.Remote.Count("STORE"));
        Assert.Equal("content", await mount.ReadFile("/a"));
        var published = PublishedAsync(mount.Remote);
        mount.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, mount.Remote.Count("STORE"));
        mount.Time.Advance(TimeSpan.FromMilliseconds(1));
        await published;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Equal(1, mount.Remote.Count("STORE"));
    }

    [Fact]
    public async Task A_file_that_is_written_again_in_the_quiet_time_is_sent_once()
    {
        await using var mount = new Mount(options: Fast);
        await mount.WriteFile("/a", "one");
        mount.Time.Advance(TimeSpan.FromMilliseconds(600));
        await mount.WriteFile("/a", "two");
        mount.Time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Equal(0, mount.Remote.Count("STORE"));
        var published = PublishedAsync(mount.Remote);
        mount.Time.Advance(TimeSpan.FromMilliseconds(400));
        await published;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("two", mount.Remote.Text("/a"));
        Assert.Equal(1, mount.Remote.Count("STORE"));
    }

    [Fact]
    public async Task A_file_made_and_removed_in_the_quiet_time_never_reaches_the_server()
    {
        await using var mount = new Mount(options: Fast);
        await mount.Names("/");
        mount.Remote.ClearOperations();
        await mount.WriteFile("/a", "content");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        mount.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Empty(mount.Remote.Operations);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_file_renamed_in_the_quiet_time_is_sent_under_its_new_name_only()
    {
        await using var mount = new Mount(options: Fast);
        await mount.Names("/");
        mount.Remote.ClearOperations();
        await mount.WriteFile("/a.part", "content");
        Assert.Equal(VfsError.None, await mount.Rename("/a.part", "/a"));
        Assert.Empty(mount.Remote.Operations);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(1, mount.Remote.Count("STORE"));
        Assert.Equal(0, mount.Remote.Count("RENAME"));
    }

    [Fact]
    public async Task A_rename_does_not_wait_for_the_upload_of_a_new_file()
    {
        await using var mount = new Mount(options: Fast);
        await mount.WriteFile("/a", "content");
        var stored = Hold.BeforeDone(mount.Remote, "STORE");
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        await stored.Reached;
        var rename = mount.Rename("/a", "/b");
        stored.LetGo();
        Assert.Equal(VfsError.None, await rename);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal("content", mount.Remote.Text("/b"));
    }

    [Fact]
    public async Task Fsync_waits_for_the_server_whatever_a_close_does()
    {
        await using var mount = new Mount(options: Fast);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("content", mount.Remote.Text("/a"));
        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task Fsync_to_this_machine_asks_nothing_of_the_server()
    {
        await using var mount = new Mount(options: o => Fast(o) with { Sync = VfsSyncMode.Local });
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Empty(mount.Remote.Operations);
        await using (var copy = await Mount.OnCopyAsync(mount))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal("content", mount.Remote.Text("/a"));
        }

        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task A_refusal_after_the_close_is_told_once_by_the_next_close_and_by_the_list()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.NoSpace) : null, Fast);
        await mount.WriteFile("/a", "content");
        Assert.Equal("NoSpace on purpose", Assert.Single(await mount.Vfs.DrainAsync(null, default)).LastError);
        Assert.Equal(VfsError.NoSpace, await mount.Close(await mount.Open("/a", VfsOpenFlags.Write)));
        Assert.Equal(VfsError.None, await mount.Close(await mount.Open("/a", VfsOpenFlags.Write)));
        Assert.Equal("content", await mount.ReadFile("/a"));
    }

    [Fact]
    public async Task Of_files_that_wait_for_room_the_smallest_goes_first()
    {
        await using var mount = new Mount(options: Fast);
        for (var i = 0; i < 8; i++)
            await mount.WriteFile($"/first{i}", "x");
        var holds = new TaskCompletionSource[8];
        var held = 0;
        using var full = new CountdownEvent(8);
        mount.Remote.Delay = (operation, _) =>
        {
            if (operation != "STORE")
                return null;
            var hold = holds[held++] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            full.Signal();
            return hold.Task;
        };
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(full.Wait(TimeSpan.FromMinutes(1)));

        // The larger one was ready first; one place becomes free.
        await mount.WriteFile("/large", new string('x', 100_000));
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        await mount.WriteFile("/small", "x");
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        mount.Remote.Delay = null;
        var next = new TaskCompletionSource<string>();
        mount.Remote.DelayAnswer = (operation, path) =>
        {
            if (operation == "PUBLISH" && !path.Contains("first", StringComparison.Ordinal))
                next.TrySetResult(path);
            return null;
        };
        holds[0].SetResult();
        Assert.Equal("/small", await next.Task);
        foreach (var hold in holds)
            hold.TrySetResult();
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(10, mount.Remote.Names("/").Length);
    }

    [Fact]
    public async Task A_thousand_pending_files_hold_no_descriptors()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Descriptors are counted in /proc.");
        await using var mount = new Mount(options: o => Fast(o) with { WriteBack = TimeSpan.FromHours(1) });
        for (var i = 0; i < 1000; i++)
            await mount.WriteFile($"/{i}", "content");
        var staging = Directory.GetFiles("/proc/self/fd").Count(fd => (new FileInfo(fd).LinkTarget ?? "").StartsWith(mount.StagingDirectory, StringComparison.Ordinal));
        Assert.Equal(0, staging);
        Assert.Equal(1000, mount.Vfs.Statistics.FilesPending);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(1000, mount.Remote.Names("/").Length);
    }
}
