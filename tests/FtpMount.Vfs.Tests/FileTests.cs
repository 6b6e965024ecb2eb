using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

public sealed class FileTests
{
    [Fact]
    public async Task A_file_of_the_server_is_read()
    {
        await using var mount = new Mount(r => r.Put("/d/a.txt", "hello"));
        Assert.Equal("hello", await mount.ReadFile("/d/a.txt"));
    }

    [Fact]
    public async Task Read_past_end_returns_zero_bytes()
    {
        await using var mount = new Mount(r => r.Put("/a", "hello"));
        var handle = await mount.Open("/a");
        Assert.Equal("", await mount.Read(handle, 5));
        Assert.Equal("", await mount.Read(handle, 1000));
        Assert.Equal("lo", await mount.Read(handle, 3));
        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task A_new_file_is_uploaded_when_it_is_closed()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/new.txt");
        await mount.Write(handle, 0, "con");
        await mount.Write(handle, 3, "tent");
        Assert.False(mount.Remote.Exists("/new.txt"));
        await mount.CloseWell(handle);
        Assert.Equal("content", mount.Remote.Text("/new.txt"));
        Assert.Equal(["new.txt"], mount.Remote.Names("/"));
        Assert.Empty(mount.Vfs.PendingUploads);
        Assert.Equal("content", await mount.ReadFile("/new.txt"));
    }

    [Fact]
    public async Task Reading_back_what_was_written_costs_nothing()
    {
        await using var mount = new Mount();
        await mount.WriteFile("/f", "content");
        mount.Remote.ClearOperations();
        Assert.Equal("content", await mount.ReadFile("/f"));
        Assert.Empty(mount.Remote.Operations);
    }

    [Fact]
    public async Task An_empty_file_is_uploaded_too()
    {
        await using var mount = new Mount();
        await mount.CloseWell(await mount.Create("/empty"));
        Assert.Equal([], mount.Remote.Bytes("/empty"));
    }

    [Fact]
    public async Task Mknod_makes_an_empty_file_on_the_server_at_once()
    {
        await using var mount = new Mount();
        var made = await mount.Vfs.CreateFileAsync(NodeId.Root, "n", Convert.ToInt32("600", 8), Mount.Caller, default);
        Assert.Equal(VfsError.None, made.Error);
        Assert.Equal([], mount.Remote.Bytes("/n"));
        Assert.Equal(Convert.ToInt32("600", 8), mount.Remote.Mode("/n"));
        Assert.Equal(VfsError.AlreadyExists, (await mount.Vfs.CreateFileAsync(NodeId.Root, "n", 0x1A4, Mount.Caller, default)).Error);
    }

    [Fact]
    public async Task A_part_is_overwritten_in_place()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var handle = await mount.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 3, "XY");
        Assert.Equal("012XY56789", await mount.Read(handle));
        await mount.CloseWell(handle);
        Assert.Equal("012XY56789", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task Truncating_at_open_forgets_the_old_content_without_reading_it()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        await mount.WriteFile("/a", "abc");
        Assert.Equal("abc", mount.Remote.Text("/a"));
        Assert.Equal(0, mount.Remote.Count("READ"));
    }

    [Fact]
    public async Task Appending_goes_to_the_end_whatever_the_offset()
    {
        await using var mount = new Mount(r => r.Put("/log", "one\n"));
        var first = await mount.Open("/log", VfsOpenFlags.Write | VfsOpenFlags.Append);
        var second = await mount.Open("/log", VfsOpenFlags.Write | VfsOpenFlags.Append);
        await mount.Write(first, 0, "two\n");
        await mount.Write(second, 0, "three\n");
        await mount.Write(first, 0, "four\n");
        await mount.CloseWell(first);
        await mount.CloseWell(second);
        Assert.Equal("one\ntwo\nthree\nfour\n", mount.Remote.Text("/log"));
    }

    [Fact]
    public async Task A_hole_reads_as_zeros()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/h");
        await mount.Write(handle, 4, "x");
        await mount.CloseWell(handle);
        Assert.Equal("\0\0\0\0x"u8.ToArray(), mount.Remote.Bytes("/h"));
    }

    [Fact]
    public async Task Truncate_by_path_is_on_the_server_when_it_returns()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Size = 4 }));
        Assert.Equal("0123", mount.Remote.Text("/a"));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Size = 6 }));
        Assert.Equal("0123\0\0", mount.Remote.Text("/a"));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Size = 0 }));
        Assert.Equal("", mount.Remote.Text("/a"));
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Truncate_by_path_after_a_close_that_is_not_yet_released_is_on_the_server_when_it_returns()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var closed = await mount.Open("/a", VfsOpenFlags.Write);
        await mount.Write(closed, 0, "abc");
        Assert.Equal(VfsError.None, await mount.Vfs.FlushAsync(closed, default));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Size = 2 }));
        Assert.Equal("ab", mount.Remote.Text("/a"));
        await mount.Vfs.ReleaseAsync(closed);
    }

    [Fact]
    public async Task Truncate_by_handle_is_uploaded_at_close()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var handle = await mount.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        var reply = await mount.Vfs.SetAttributesAsync(await mount.Node("/a"), handle, new VfsAttributeChange { Size = 2 }, Mount.Caller, default);
        Assert.Equal(2, reply.Value.Attributes.Size);
        Assert.Equal("0123456789", mount.Remote.Text("/a"));
        await mount.CloseWell(handle);
        Assert.Equal("01", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_reader_sees_at_once_what_a_writer_wrote()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var reader = await mount.Open("/a");
        Assert.Equal("0123456789", await mount.Read(reader));
        var writer = await mount.Open("/a", VfsOpenFlags.Write);
        await mount.Write(writer, 9, "abc");
        Assert.Equal("012345678abc", await mount.Read(reader));
        Assert.Equal(12, (await mount.Attributes("/a")).Size);
        await mount.CloseWell(writer);
        Assert.Equal("012345678abc", await mount.Read(reader));
        await mount.CloseWell(reader);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Creating_exclusively_over_what_is_there_fails()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var created = await mount.Vfs.CreateAsync(NodeId.Root, "a", 0x1A4, VfsOpenFlags.Write | VfsOpenFlags.Exclusive, Mount.Caller, default);
        Assert.Equal(VfsError.AlreadyExists, created.Error);
        Assert.Equal("x", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task Creating_over_what_is_there_opens_it()
    {
        await using var mount = new Mount(r => r.Put("/a", "xyz"));
        var handle = await mount.Create("/a");
        Assert.Equal("xyz", await mount.Read(handle));
        await mount.CloseWell(handle);
        handle = await mount.Create("/a", VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await mount.CloseWell(handle);
        Assert.Equal("", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_directory_is_not_opened_as_a_file()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        Assert.Equal(VfsError.IsADirectory, (await mount.Vfs.OpenAsync(await mount.Node("/d"), VfsOpenFlags.Read, Mount.Caller, default)).Error);
        Assert.Equal(
            VfsError.IsADirectory,
            (await mount.Vfs.CreateAsync(NodeId.Root, "d", 0x1A4, VfsOpenFlags.Write, Mount.Caller, default)).Error);
    }

    [Fact]
    public async Task Permissions_that_the_server_told_are_answered_at_open()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "x");
            r.Allow("/a", RemotePermissions.Read);
            r.PutDirectory("/d");
            r.Allow("/d", RemotePermissions.List | RemotePermissions.Enter);
        });
        Assert.Equal(VfsError.AccessDenied, (await mount.Vfs.OpenAsync(await mount.Node("/a"), VfsOpenFlags.Write, Mount.Caller, default)).Error);
        var directory = await mount.Node("/d");
        Assert.Equal(VfsError.AccessDenied, (await mount.Vfs.CreateAsync(directory, "x", 0x1A4, VfsOpenFlags.Write, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.AccessDenied, (await mount.Vfs.CreateDirectoryAsync(directory, "x", 0x1ED, Mount.Caller, default)).Error);
    }

    [Fact]
    public async Task Synchronous_writes_are_on_the_server_when_they_return()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/s", VfsOpenFlags.Write | VfsOpenFlags.Synchronous);
        await mount.Write(handle, 0, "abc");
        Assert.Equal("abc", mount.Remote.Text("/s"));
        await mount.Write(handle, 3, "def");
        Assert.Equal("abcdef", mount.Remote.Text("/s"));
        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task Fsync_uploads_and_a_close_after_it_costs_nothing()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/s");
        await mount.Write(handle, 0, "abc");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("abc", mount.Remote.Text("/s"));
        mount.Remote.ClearOperations();
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Operations);
    }

    [Fact]
    public async Task What_is_written_after_the_last_flush_is_uploaded_at_release()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/m");
        await mount.Write(handle, 0, "abc");
        Assert.Equal(VfsError.None, await mount.Vfs.FlushAsync(handle, default));
        await mount.Write(handle, 0, "ABC");
        await mount.Vfs.ReleaseAsync(handle);
        Assert.Equal("ABC", mount.Remote.Text("/m"));
    }

    [Fact]
    public async Task A_range_is_copied_between_files()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var source = await mount.Open("/a");
        var target = await mount.Create("/b");
        Assert.Equal(4, (await mount.Vfs.CopyRangeAsync(source, 3, target, 1, 4, default)).Value);
        Assert.Equal(2, (await mount.Vfs.CopyRangeAsync(source, 8, target, 5, 100, default)).Value);
        await mount.CloseWell(target);
        Assert.Equal("\034" + "5689", mount.Remote.Text("/b"));
        Assert.Equal(VfsError.BadHandle, (await mount.Vfs.CopyRangeAsync(target, 0, source, 0, 1, default)).Error);
    }

    [Fact]
    public async Task Holes_and_data_are_found()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var reader = await mount.Open("/a");
        Assert.Equal(3, (await mount.Vfs.SeekAsync(reader, 3, VfsSeekKind.Data, default)).Value);
        Assert.Equal(10, (await mount.Vfs.SeekAsync(reader, 3, VfsSeekKind.Hole, default)).Value);
        Assert.Equal(VfsError.NoSuchOffset, (await mount.Vfs.SeekAsync(reader, 10, VfsSeekKind.Data, default)).Error);
        var writer = await mount.Create("/b");
        await mount.Write(writer, 100, "x");
        Assert.Equal(100, (await mount.Vfs.SeekAsync(writer, 0, VfsSeekKind.Data, default)).Value);
        Assert.Equal(0, (await mount.Vfs.SeekAsync(writer, 0, VfsSeekKind.Hole, default)).Value);
    }

    [Fact]
    public async Task Fallocate_lengthens_unless_told_not_to()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        Assert.Equal(VfsError.None, await mount.Vfs.AllocateAsync(handle, 0, 100, true, default));
        Assert.Equal(0, (await mount.Attributes("/a")).Size);
        Assert.Equal(VfsError.None, await mount.Vfs.AllocateAsync(handle, 0, 100, false, default));
        Assert.Equal(100, (await mount.Attributes("/a")).Size);
        await mount.CloseWell(handle);
        Assert.Equal(100, mount.Remote.Bytes("/a").Length);
    }

    [Fact]
    public async Task Page_cache_is_kept_while_the_version_is_the_same()
    {
        await using var mount = new Mount(r => r.Put("/a", "one"));
        var node = await mount.Node("/a");
        async Task<bool> Keeps()
        {
            var opened = await mount.Vfs.OpenAsync(node, VfsOpenFlags.Read, Mount.Caller, default);
            await mount.Vfs.ReleaseAsync(opened.Value.Handle);
            return opened.Value.KeepCache;
        }

        Assert.False(await Keeps());
        Assert.True(await Keeps());
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await Keeps());
        mount.Remote.Put("/a", "two!");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(await Keeps());
        await mount.WriteFile("/a", "three");
        Assert.True(await Keeps());
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await Keeps());
    }

    [Fact]
    public async Task A_file_changed_on_the_server_is_seen_at_the_next_open_and_the_kernel_is_told()
    {
        await using var mount = new Mount(r => r.Put("/a", "one"));
        var old = await mount.Open("/a");
        Assert.Equal("one", await mount.Read(old));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        mount.Remote.Put("/a", "longer than before");
        Assert.Equal("longer than before", await mount.ReadFile("/a"));
        Assert.Contains((await mount.Node("/a"), 0L, 0L), mount.Observer.Nodes);

        // As on a local disk, and as tail -f needs it.
        Assert.Equal("longer than before", await mount.Read(old));
    }

    [Fact]
    public async Task A_file_that_vanished_on_the_server_is_gone_and_the_kernel_is_told()
    {
        await using var mount = new Mount(r => r.Put("/a", "one"));
        var node = await mount.Node("/a");
        mount.Remote.Remove("/a");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(await mount.Exists("/a"));
        Assert.Contains((NodeId.Root, node, "a"), mount.Observer.Deleted);
    }

    [Fact]
    public async Task Nothing_is_changed_on_a_read_only_mount()
    {
        await using var mount = new Mount(r => r.Put("/d/a", "x"), o => o with { ReadOnly = true });
        var directory = await mount.Node("/d");
        var node = await mount.Node("/d/a");
        Assert.Equal(VfsError.ReadOnly, (await mount.Vfs.OpenAsync(node, VfsOpenFlags.Write, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.ReadOnly, (await mount.Vfs.CreateAsync(directory, "n", 0x1A4, VfsOpenFlags.Write, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.ReadOnly, (await mount.Vfs.CreateFileAsync(directory, "n", 0x1A4, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.ReadOnly, await mount.MakeDirectory("/d/n"));
        Assert.Equal(VfsError.ReadOnly, await mount.Unlink("/d/a"));
        Assert.Equal(VfsError.ReadOnly, await mount.RemoveDirectory("/d"));
        Assert.Equal(VfsError.ReadOnly, await mount.Rename("/d/a", "/d/b"));
        Assert.Equal(VfsError.ReadOnly, await mount.SetAttributes("/d/a", new VfsAttributeChange { Mode = 0 }));
        Assert.Equal(VfsError.ReadOnly, (await mount.Vfs.CreateSymlinkAsync(directory, "n", "t", Mount.Caller, default)).Error);
        Assert.Equal("x", await mount.ReadFile("/d/a"));
    }

    [Fact]
    public async Task Names_that_cannot_be_are_refused()
    {
        await using var mount = new Mount();
        Assert.Equal(VfsError.InvalidArgument, (await mount.Vfs.CreateAsync(NodeId.Root, "a\nb", 0x1A4, VfsOpenFlags.Write, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.NameTooLong, (await mount.Vfs.CreateAsync(NodeId.Root, new string('x', 256), 0x1A4, VfsOpenFlags.Write, Mount.Caller, default)).Error);
        Assert.Equal(VfsError.NameTooLong, (await mount.Vfs.LookupAsync(NodeId.Root, new string('ä', 128), default)).Error);
        Assert.Equal(VfsError.None, (await mount.Vfs.LookupAsync(NodeId.Root, new string('x', 255), default)).Error);
        Assert.True((await mount.Vfs.LookupAsync(NodeId.Root, "a\nb", default)).Value.Node.IsNone);
    }
}
