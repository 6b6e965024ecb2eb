using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Small changes of large files, which are written over what the server has.</summary>
public sealed class PatchTests
{
    private const int Large = 4 << 20;

    private static byte[] Content(int length = Large)
    {
        var content = new byte[length];
        new Random(3).NextBytes(content);
        return content;
    }

    private static Mount NewMount(byte[] content, VfsUploadMode mode = VfsUploadMode.Auto, VfsCloseMode close = VfsCloseMode.Fast) => new(
        r =>
        {
            r.PutBytes("/d/a", content);
            r.Capabilities |= RemoteCapabilities.Patch;
        },
        o => o with { Upload = mode, Close = close, WriteBack = TimeSpan.FromHours(1) });

    [Fact]
    public async Task A_small_change_of_a_large_file_sends_that_change_only_and_fetches_nothing()
    {
        var content = Content();
        await using var mount = NewMount(content);
        var handle = await mount.Open("/d/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 12345, "changed");
        await mount.Write(handle, Large, "appended");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "changed"u8.CopyTo(content.AsSpan(12345));
        content = [.. content, .. "appended"u8];
        Assert.Equal(content, mount.Remote.Bytes("/d/a"));
        Assert.Equal(15, mount.Remote.BytesStored);
        Assert.Equal(0, mount.Remote.Count("READ"));
        Assert.Equal(2, mount.Remote.Count("PATCH"));
        Assert.Equal(["a"], mount.Remote.Names("/d"));
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Whoever_has_it_open_goes_on_reading_and_writing_it()
    {
        var content = Content();
        await using var mount = NewMount(content);
        var handle = await mount.Open("/d/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 100, "first");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("first", await mount.Read(handle, 100, 5));
        var read = new byte[1000];
        Assert.Equal(1000, (await mount.Vfs.ReadAsync(handle, 2_000_000, read, default)).Value);
        Assert.Equal(content[2_000_000..2_001_000], read);
        await mount.Write(handle, 200, "second");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "first"u8.CopyTo(content.AsSpan(100));
        "second"u8.CopyTo(content.AsSpan(200));
        Assert.Equal(content, mount.Remote.Bytes("/d/a"));
        Assert.Equal(2, mount.Remote.Count("PATCH"));
    }

    [Fact]
    public async Task A_file_that_was_shortened_is_sent_whole()
    {
        var content = Content();
        await using var mount = NewMount(content);
        var handle = await mount.Open("/d/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 100, "changed");
        Assert.Equal(VfsError.None, await mount.SetAttributes("/d/a", new VfsAttributeChange { Size = Large - 1 }));
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "changed"u8.CopyTo(content.AsSpan(100));
        Assert.Equal(content[..^1], mount.Remote.Bytes("/d/a"));
        Assert.Equal(0, mount.Remote.Count("PATCH"));
    }

    [Fact]
    public async Task Where_temporary_names_were_chosen_nothing_is_changed_in_place()
    {
        var content = Content();
        await using var mount = NewMount(content, VfsUploadMode.Temporary);
        var handle = await mount.Open("/d/a", VfsOpenFlags.Write);
        await mount.Write(handle, 100, "changed");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "changed"u8.CopyTo(content.AsSpan(100));
        Assert.Equal(content, mount.Remote.Bytes("/d/a"));
        Assert.Equal(0, mount.Remote.Count("PATCH"));
    }

    [Fact]
    public async Task A_server_that_cannot_change_a_beginning_gets_the_whole_file()
    {
        var content = Content();
        await using var mount = NewMount(content);
        mount.Remote.Failure = (operation, _) => operation == "PATCH" ? new RemoteException(RemoteError.Unsupported, "no") : null;
        var handle = await mount.Open("/d/a", VfsOpenFlags.Write);
        await mount.Write(handle, 0, "changed");
        await mount.CloseWell(handle);
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "changed"u8.CopyTo(content.AsSpan());
        Assert.Equal(content, mount.Remote.Bytes("/d/a"));
        Assert.Equal(["a"], mount.Remote.Names("/d"));
    }

    [Fact]
    public async Task A_file_that_somebody_else_changed_is_not_touched()
    {
        await using var mount = NewMount(Content());
        var handle = await mount.Open("/d/a", VfsOpenFlags.Write);
        await mount.Write(handle, 100, "changed");
        await mount.CloseWell(handle);
        mount.Time.Advance(TimeSpan.FromSeconds(10));
        mount.Remote.PutBytes("/d/a", new byte[Large]);
        Assert.Single(await mount.Vfs.DrainAsync(null, default));
        Assert.Equal(new byte[Large], mount.Remote.Bytes("/d/a"));
        Assert.Equal(0, mount.Remote.Count("PATCH"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_that_was_cut_off_is_made_again(bool isRenamed)
    {
        var content = Content();
        await using var mount = NewMount(content);
        var handle = await mount.Open("/d/a", VfsOpenFlags.Write);
        await mount.Write(handle, 100, "changed");
        await mount.Write(handle, 3_000_000, "as well");
        mount.Remote.CutStoreAt = 4;
        mount.Remote.LoseBytesOnce = 3;
        mount.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.NotEqual(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.NotEqual(content, mount.Remote.Bytes("/d/a"));
        await mount.CloseWell(handle);
        if (isRenamed)
            Assert.Equal(VfsError.None, await mount.Rename("/d/a", "/d/b"));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        "changed"u8.CopyTo(content.AsSpan(100));
        "as well"u8.CopyTo(content.AsSpan(3_000_000));
        var name = isRenamed ? "b" : "a";
        Assert.Equal([name], mount.Remote.Names("/d"));
        Assert.Equal(content, mount.Remote.Bytes("/d/" + name));
    }

    [Fact]
    public async Task A_change_in_the_middle_of_which_the_process_died_is_made_again_by_the_next_mount()
    {
        var content = Content();
        await using var running = NewMount(content, close: VfsCloseMode.Durable);
        var handle = await running.Open("/d/a", VfsOpenFlags.Write);
        await running.Write(handle, 100, "changed");
        await running.Write(handle, 3_000_000, "as well");
        await running.CloseWell(handle);
        running.Time.Advance(TimeSpan.FromSeconds(10));
        var patches = 0;
        var hold = Hold.BeforeDone(running.Remote, "PATCH", _ => ++patches == 2);
        var drain = running.Vfs.DrainAsync(null, default).AsTask();
        await hold.Reached;
        Assert.NotEqual(content, running.Remote.Bytes("/d/a"));
        "changed"u8.CopyTo(content.AsSpan(100));
        "as well"u8.CopyTo(content.AsSpan(3_000_000));
        await using (var copy = await Mount.OnCopyAsync(running, options: o => o with { Upload = VfsUploadMode.Auto }))
        {
            Assert.Empty(await copy.Vfs.DrainAsync(null, default));
            Assert.Equal(["a"], running.Remote.Names("/d"));
            Assert.Equal(content, running.Remote.Bytes("/d/a"));
            Assert.Equal(0, running.Remote.Count("READ"));
        }

        hold.LetGo();
        await drain;
    }
}
