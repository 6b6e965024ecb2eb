using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>What becomes of written content when uploads fail, are overtaken or are interrupted.</summary>
public sealed class WriteBackTests
{
    private static RemoteException Fail(RemoteError error) => new(error, $"{error} on purpose");

    [Fact]
    public async Task Content_that_could_not_be_uploaded_is_kept_told_and_readable()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.Offline, await mount.Close(handle));
        var pending = Assert.Single(mount.Vfs.PendingUploads);
        Assert.Equal(("/a", 7L, "Offline on purpose"), (pending.Path.Value, pending.Bytes, pending.LastError));
        mount.ForgetAll();
        mount.Time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal("content", await mount.ReadFile("/a"));
        Assert.Equal(["a"], await mount.Names("/"));
        mount.Remote.Failure = null;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_failed_upload_is_tried_again_by_itself_when_the_server_is_back()
    {
        var published = new TaskCompletionSource();
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.Offline, await mount.Close(handle));
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation == "PUBLISH")
                published.SetResult();
            return null;
        };
        mount.Remote.Failure = null;
        Assert.False(mount.Remote.Exists("/a"));
        mount.Time.Advance(TimeSpan.FromSeconds(1));
        await published.Task;
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(["a"], mount.Remote.Names("/"));
        Assert.Equal(1, mount.Remote.Count("PUBLISH"));
    }

    [Fact]
    public async Task A_second_flush_tries_again()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.TimedOut) : null);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(VfsError.TimedOut, await mount.Vfs.FlushAsync(handle, default));
        mount.Remote.Failure = null;
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("content", mount.Remote.Text("/a"));
        await mount.CloseWell(handle);
    }

    [Theory]
    [InlineData(RemoteError.NoSpace, VfsError.NoSpace)]
    [InlineData(RemoteError.QuotaExceeded, VfsError.QuotaExceeded)]
    public async Task A_refusal_is_told_and_the_content_kept(RemoteError refusal, VfsError error)
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(refusal) : null);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        Assert.Equal(error, await mount.Close(handle));
        var left = Assert.Single(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal("/a", left.Path.Value);
        Assert.NotEmpty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_refused_new_empty_file_leaves_nothing_behind()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.AccessDenied) : null);
        Assert.Equal(VfsError.AccessDenied, await mount.Close(await mount.Create("/a")));
        Assert.False(await mount.Exists("/a"));
        Assert.Empty(mount.Vfs.PendingUploads);
        Assert.Empty(mount.StagingFiles);
        var made = await mount.Vfs.CreateFileAsync(NodeId.Root, "b", 0x1A4, Mount.Caller, default);
        Assert.Equal(VfsError.AccessDenied, made.Error);
        Assert.False(await mount.Exists("/b"));
    }

    [Fact]
    public async Task Staging_files_of_what_is_pending_outlive_the_mount()
    {
        var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null);
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        await mount.Close(handle);
        await mount.Vfs.DisposeAsync();
        Assert.Equal("content", await File.ReadAllTextAsync(Assert.Single(mount.StagingFiles)));
        await mount.DisposeAsync();
    }

    [Fact]
    public async Task What_arrived_short_is_sent_again()
    {
        await using var mount = new Mount(r => r.LoseBytesOnce = 3);
        await mount.WriteFile("/a", "content");
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Equal(2, mount.Remote.Count("STORE"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task Where_temporary_files_are_refused_content_is_stored_in_place()
    {
        await using var mount = new Mount(r =>
        {
            r.PutDirectory("/d");
            r.Failure = (operation, path) => operation == "STORE" && path.Contains(".ftpmount-", StringComparison.Ordinal) ? Fail(RemoteError.AccessDenied) : null;
        });
        await mount.WriteFile("/d/a", "content");
        Assert.Equal("content", mount.Remote.Text("/d/a"));
        await mount.Names("/d");
        mount.Remote.ClearOperations();
        await mount.WriteFile("/d/b", "more");
        Assert.Equal(["STAT /d/b", "STORE /d/b", "SET /d/b", "STAT /d/b"], mount.Remote.Operations);
        Assert.Equal("more", mount.Remote.Text("/d/b"));
        Assert.Equal("more", await mount.ReadFile("/d/b"));
    }

    [Fact]
    public async Task Where_renames_are_refused_content_is_stored_in_place_and_no_temporary_file_is_left()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "PUBLISH" ? Fail(RemoteError.Unsupported) : null);
        await mount.WriteFile("/a", "content");
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Equal(["a"], mount.Remote.Names("/"));
    }

    [Fact]
    public async Task What_is_written_while_it_uploads_is_uploaded_too()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        var rounds = 0;
        mount.Remote.DelayAnswer = async (operation, _) =>
        {
            if (operation == "STORE" && rounds++ < 3)
                await mount.Write(handle, 0, $"round {rounds}");
        };
        await mount.Write(handle, 0, "round 0");
        await mount.CloseWell(handle);
        Assert.Equal("round 3", mount.Remote.Text("/a"));
        Assert.Equal(1, mount.Remote.Count("PUBLISH"));
    }

    [Fact]
    public async Task A_file_that_is_written_without_pause_gets_uploaded_nevertheless()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        var writes = new List<Task>();
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation == "STORE")
                writes.Add(mount.Write(handle, 0, $"{writes.Count + 1}"));
            return null;
        };
        await mount.Write(handle, 0, "0");
        Assert.Equal(VfsError.None, await mount.Vfs.FlushAsync(handle, default));
        Assert.InRange(mount.Remote.Count("STORE"), 2, 5);
        await Task.WhenAll(writes);
        mount.Remote.DelayAnswer = null;
        await mount.CloseWell(handle);
        Assert.Equal($"{writes.Count}", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task An_interrupted_close_does_not_stop_the_upload()
    {
        await using var mount = new Mount();
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
        await mount.Write(handle, 0, "content");
        using var interrupt = new CancellationTokenSource();
        var flush = mount.Vfs.FlushAsync(handle, interrupt.Token).AsTask();
        await stored.Task;
        await interrupt.CancelAsync();
        Assert.Equal(VfsError.Interrupted, await flush);
        go.SetResult();
        await mount.CloseWell(handle);
        Assert.Equal("content", mount.Remote.Text("/a"));
        Assert.Equal(1, mount.Remote.Count("STORE"));
    }

    [Fact]
    public async Task Flushes_at_one_time_share_one_upload()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        var errors = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => mount.Vfs.FlushAsync(handle, default).AsTask()));
        Assert.All(errors, e => Assert.Equal(VfsError.None, e));
        Assert.Equal(1, mount.Remote.Count("STORE"));
        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task Sync_and_directory_fsync_upload_what_is_open()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        var outside = await mount.Create("/a");
        var inside = await mount.Create("/d/b");
        await mount.Write(outside, 0, "A");
        await mount.Write(inside, 0, "B");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncDirectoryAsync(await mount.OpenDirectory("/d"), default));
        Assert.Equal("B", mount.Remote.Text("/d/b"));
        Assert.False(mount.Remote.Exists("/a"));
        Assert.Equal(VfsError.None, await mount.Vfs.SyncAsync(default));
        Assert.Equal("A", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_drain_tells_how_far_it_is()
    {
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null);
        for (var i = 0; i < 10; i++)
        {
            var handle = await mount.Create($"/{i}");
            await mount.Write(handle, 0, "content");
            Assert.Equal(VfsError.Offline, await mount.Close(handle));
        }

        mount.Remote.Failure = (operation, path) => operation == "PUBLISH" && path == "/7" ? Fail(RemoteError.NoSpace) : null;
        var reports = new System.Collections.Concurrent.ConcurrentQueue<DrainProgress>();
        var left = await mount.Vfs.DrainAsync(new Immediate(reports.Enqueue), default);
        Assert.Equal("/7", Assert.Single(left).Path.Value);
        Assert.Equal(new DrainProgress(10, 0, 70, 0), reports.First());
        Assert.Contains(reports, r => r is { FilesDone: 10, BytesSent: 70 });
        Assert.Equal(9, mount.Vfs.Statistics.UploadsDone);
        Assert.Equal(1, mount.Vfs.Statistics.FilesPending);
    }

    [Fact]
    public async Task A_drain_tells_its_progress_by_the_clock_and_not_for_every_file()
    {
        const int Files = 200;
        await using var mount = new Mount(r => r.Failure = (operation, _) => operation == "STORE" ? Fail(RemoteError.Offline) : null);
        for (var i = 0; i < Files; i++)
        {
            var handle = await mount.Create($"/{i}");
            await mount.Write(handle, 0, "content");
            Assert.Equal(VfsError.Offline, await mount.Close(handle));
        }

        // The clock stands still but for one moment in the middle.
        var stores = 0;
        mount.Remote.Failure = (operation, _) =>
        {
            if (operation == "STORE" && Interlocked.Increment(ref stores) == Files / 2)
                mount.Pass(TimeSpan.FromMilliseconds(250));
            return null;
        };
        var reports = new System.Collections.Concurrent.ConcurrentQueue<DrainProgress>();
        Assert.Empty(await mount.Vfs.DrainAsync(new Immediate(reports.Enqueue), default));
        var told = reports.ToArray();
        Assert.Equal(3, told.Length);
        Assert.Equal(new DrainProgress(Files, 0, 7 * Files, 0), told[0]);
        Assert.InRange(told[1].FilesDone, 1, Files - 1);
        Assert.Equal(new DrainProgress(Files, Files, 7 * Files, 7 * Files), told[2]);
    }

    [Fact]
    public async Task A_file_changed_and_vanished_on_the_server_is_uploaded_again()
    {
        await using var mount = new Mount(r => r.Put("/a", "old"));
        var handle = await mount.Open("/a", VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await mount.Write(handle, 0, "new");
        mount.Remote.Remove("/a");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["a"], await mount.Names("/"));
        await mount.CloseWell(handle);
        Assert.Equal("new", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task The_time_of_an_upload_is_that_of_the_last_write()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        var written = mount.Time.GetUtcNow();
        mount.Time.Advance(TimeSpan.FromSeconds(90));
        await mount.CloseWell(handle);
        Assert.Equal(written, mount.Remote.Modified("/a"));
        Assert.Equal(written.UtcDateTime, (await mount.Attributes("/a")).Modified);
    }

    private sealed class Immediate(Action<DrainProgress> report) : IProgress<DrainProgress>
    {
        public void Report(DrainProgress value) => report(value);
    }
}
