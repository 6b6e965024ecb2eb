using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

public sealed class UnlinkTests
{
    [Fact]
    public async Task An_unlinked_file_is_gone_here_and_there()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        Assert.False(mount.Remote.Exists("/a"));
        Assert.False(await mount.Exists("/a"));
        Assert.Equal(VfsError.NotFound, await mount.Unlink("/a"));
    }

    [Fact]
    public async Task A_directory_is_not_unlinked()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        Assert.Equal(VfsError.IsADirectory, await mount.Unlink("/d"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unlinked_open_file_is_still_read(bool renames)
    {
        var content = new string('x', 3 << 20);
        await using var mount = new Mount(r =>
        {
            r.Put("/d/a", content);
            if (!renames)
                r.Failure = (operation, _) => operation == "RENAME" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        });
        var handle = await mount.Open("/d/a");
        Assert.Equal("xx", await mount.Read(handle, 0, 2));
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        Assert.False(await mount.Exists("/d/a"));
        Assert.Empty(await mount.Names("/d"));
        Assert.False(mount.Remote.Exists("/d/a"));
        Assert.Equal(renames ? 1 : 0, mount.Remote.Names("/d").Length);
        Assert.Equal("xxx", await mount.Read(handle, (3 << 20) - 3));
        Assert.Equal("xxx", await mount.Read(handle, 2 << 20, 3));
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Names("/d"));
        Assert.Empty(mount.StagingFiles);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(await mount.Names("/d"));
    }

    [Fact]
    public async Task An_unlinked_open_file_is_still_written_and_never_uploaded()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var handle = await mount.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 2, "X");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        await mount.Write(handle, 4, "Y");
        Assert.Equal("01X3Y56789", await mount.Read(handle));
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Names("/"));
        Assert.Equal(0, mount.Remote.Count("STORE"));
        Assert.Empty(mount.Vfs.PendingUploads);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_name_can_be_used_again_while_the_unlinked_file_is_open()
    {
        await using var mount = new Mount(r => r.Put("/a", "old"));
        var old = await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        await mount.WriteFile("/a", "new");
        Assert.Equal("old", await mount.Read(old));
        Assert.Equal("new", await mount.ReadFile("/a"));
        await mount.CloseWell(old);
        Assert.Equal("new", mount.Remote.Text("/a"));
    }

    [Fact]
    public async Task A_file_that_was_never_uploaded_costs_nothing_to_unlink()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        Assert.Equal("content", await mount.Read(handle));
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Operations);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task Unlinking_a_file_that_uploads_ends_the_upload()
    {
        await using var mount = new Mount();
        var storing = new TaskCompletionSource();
        mount.Remote.Delay = (operation, _) =>
        {
            if (operation != "STORE")
                return null;
            storing.SetResult();
            return new TaskCompletionSource().Task;
        };
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        var close = mount.Close(handle);
        await storing.Task;
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        Assert.Equal(VfsError.None, await close);
        Assert.Empty(mount.Remote.Names("/"));
        Assert.Empty(mount.Vfs.PendingUploads);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_tree_with_an_open_file_can_be_removed()
    {
        await using var mount = new Mount(r => r.Put("/d/a", new string('x', 2 << 20)));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        Assert.Equal(VfsError.None, await mount.RemoveDirectory("/d"));
        Assert.False(mount.Remote.Exists("/d"));
        Assert.Equal("xxx", await mount.Read(handle, (2 << 20) - 3));
        await mount.CloseWell(handle);
    }

    [Fact]
    public async Task The_hidden_file_follows_its_directory()
    {
        await using var mount = new Mount(r => r.Put("/d/a", new string('x', 2 << 20)));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        Assert.Equal(VfsError.None, await mount.Rename("/d", "/e"));
        Assert.Equal("xxx", await mount.Read(handle, (2 << 20) - 3));
        await mount.CloseWell(handle);
        Assert.Empty(mount.Remote.Names("/e"));
    }

    [Fact]
    public async Task At_the_end_of_the_mount_unlinked_files_are_removed()
    {
        var mount = new Mount(r => r.Put("/a", new string('x', 2 << 20)));
        await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        Assert.Single(mount.Remote.Names("/"));
        await mount.DisposeAsync();
        Assert.Empty(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task A_refused_unlink_changes_nothing()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "x");
            r.Failure = (operation, _) => operation == "DELETE" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        });
        Assert.Equal(VfsError.AccessDenied, await mount.Unlink("/a"));
        Assert.Equal("x", await mount.ReadFile("/a"));
    }
}
