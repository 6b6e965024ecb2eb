using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

public sealed class RenameTests
{
    [Fact]
    public async Task A_renamed_file_has_its_new_name_here_and_there()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var node = await mount.Node("/a");
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/b"));
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal(node, await mount.Node("/b"));
        Assert.False(await mount.Exists("/a"));
        Assert.Equal("x", await mount.ReadFile("/b"));
    }

    [Fact]
    public async Task Saving_by_writing_beside_and_renaming_over_costs_a_store_a_look_a_publish_and_a_rename()
    {
        await using var mount = new Mount(r => r.Put("/text", "old"));
        await mount.Names("/");
        mount.Remote.ClearOperations();
        await mount.WriteFile("/text~", "new");
        Assert.Equal(VfsError.None, await mount.Rename("/text~", "/text"));
        Assert.Equal("new", mount.Remote.Text("/text"));
        Assert.Equal(["text"], mount.Remote.Names("/"));
        Assert.Equal("new", await mount.ReadFile("/text"));
        Assert.Equal(4, mount.Remote.Operations.Count);
    }

    [Fact]
    public async Task Renaming_over_an_open_file_leaves_its_readers_the_old_content()
    {
        var old = new string('o', 2 << 20);
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "new");
            r.Put("/b", old);
        });
        var handle = await mount.Open("/b");
        Assert.Equal("oo", await mount.Read(handle, 0, 2));
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/b"));
        Assert.Equal("oo", await mount.Read(handle, (2 << 20) - 2));
        Assert.Equal("new", await mount.ReadFile("/b"));
        await mount.CloseWell(handle);
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal("new", mount.Remote.Text("/b"));
    }

    [Fact]
    public async Task A_file_that_is_not_uploaded_yet_is_renamed_here_alone()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d"));
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        await mount.Lookup("/d/b");
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/d/b"));
        Assert.Empty(mount.Remote.Operations);
        Assert.Equal(["b"], await mount.Names("/d"));
        await mount.Write(handle, 7, "!");
        await mount.CloseWell(handle);
        Assert.Equal("content!", mount.Remote.Text("/d/b"));
        Assert.False(mount.Remote.Exists("/a"));
    }

    [Fact]
    public async Task A_changed_file_is_renamed_with_its_changes()
    {
        await using var mount = new Mount(r => r.Put("/a", "0123456789"));
        var handle = await mount.Open("/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        await mount.Write(handle, 0, "X");
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/b"));
        Assert.Equal("X123456789", await mount.Read(handle));
        await mount.Write(handle, 9, "Y");
        await mount.CloseWell(handle);
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal("X12345678Y", mount.Remote.Text("/b"));
    }

    [Fact]
    public async Task A_rename_waits_for_the_upload_of_the_file()
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
        var close = mount.Close(handle);
        await stored.Task;
        var rename = mount.Rename("/a", "/b");
        Assert.Equal(0, mount.Remote.Count("RENAME"));
        go.SetResult();
        Assert.Equal(VfsError.None, await rename);
        Assert.Equal(VfsError.None, await close);
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal("content", mount.Remote.Text("/b"));
    }

    [Fact]
    public async Task A_rename_of_a_directory_waits_for_uploads_below_it()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d/e"));
        var stored = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        mount.Remote.DelayAnswer = (operation, _) =>
        {
            if (operation != "STORE" || stored.Task.IsCompleted)
                return null;
            stored.SetResult();
            return go.Task;
        };
        var handle = await mount.Create("/d/e/a");
        await mount.Write(handle, 0, "content");
        var close = mount.Close(handle);
        await stored.Task;
        var rename = mount.Rename("/d", "/x");
        go.SetResult();
        Assert.Equal(VfsError.None, await rename);
        Assert.Equal(VfsError.None, await close);
        Assert.Equal("content", mount.Remote.Text("/x/e/a"));
        Assert.False(mount.Remote.Exists("/d"));
        await mount.WriteFile("/x/e/a", "changed");
        Assert.Equal("changed", mount.Remote.Text("/x/e/a"));
    }

    [Fact]
    public async Task Files_open_below_a_renamed_directory_go_on()
    {
        await using var mount = new Mount(r => r.Put("/d/e/a", new string('x', 2 << 20)));
        var handle = await mount.Open("/d/e/a", VfsOpenFlags.Read | VfsOpenFlags.Write);
        Assert.Equal("x", await mount.Read(handle, 0, 1));
        Assert.Equal(VfsError.None, await mount.Rename("/d", "/f"));
        Assert.Equal("xx", await mount.Read(handle, (2 << 20) - 2));
        await mount.Write(handle, 0, "Y");
        await mount.CloseWell(handle);
        Assert.Equal('Y', mount.Remote.Text("/f/e/a")[0]);
    }

    [Fact]
    public async Task The_rules_of_POSIX_hold()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/file", "x");
            r.Put("/full/x", "x");
            r.PutDirectory("/empty");
            r.PutDirectory("/dir/sub");
        });
        Assert.Equal(VfsError.NotFound, await mount.Rename("/none", "/x"));
        Assert.Equal(VfsError.IsADirectory, await mount.Rename("/file", "/empty"));
        Assert.Equal(VfsError.NotADirectory, await mount.Rename("/dir", "/file"));
        Assert.Equal(VfsError.NotEmpty, await mount.Rename("/dir", "/full"));
        Assert.Equal(VfsError.InvalidArgument, await mount.Rename("/dir", "/dir/sub/x"));
        Assert.Equal(VfsError.InvalidArgument, await mount.Rename("/dir", "/dir/x"));
        Assert.Equal(VfsError.NotEmpty, await mount.Rename("/dir/sub", "/dir"));
        Assert.Equal(VfsError.None, await mount.Rename("/file", "/file"));
        Assert.Equal(VfsError.AlreadyExists, await mount.Rename("/file", "/full", VfsRenameFlags.NoReplace));
        Assert.Equal(VfsError.AlreadyExists, await mount.Rename("/file", "/full/x", VfsRenameFlags.NoReplace));
        Assert.Equal(VfsError.None, await mount.Rename("/file", "/file2", VfsRenameFlags.NoReplace));
        Assert.Equal(VfsError.InvalidArgument, await mount.Rename("/file2", "/full/x", VfsRenameFlags.Exchange));
        Assert.Equal(VfsError.None, await mount.Rename("/dir", "/empty"));
        Assert.Equal(["empty", "file2", "full"], mount.Remote.Names("/"));
        Assert.Equal(["sub"], mount.Remote.Names("/empty"));
        Assert.Equal(["sub"], await mount.Names("/empty"));
    }

    [Fact]
    public async Task A_new_file_over_one_on_the_server_replaces_it_at_its_upload()
    {
        await using var mount = new Mount(r => r.Put("/b", "old"));
        var old = await mount.Open("/b");
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "new");
        Assert.Equal(VfsError.None, await mount.Rename("/a", "/b"));
        Assert.Equal("old", await mount.Read(old));
        Assert.Equal(3, (await mount.Attributes("/b")).Size);
        await mount.CloseWell(handle);
        await mount.CloseWell(old);
        Assert.Equal(["b"], mount.Remote.Names("/"));
        Assert.Equal("new", mount.Remote.Text("/b"));
    }

    [Fact]
    public async Task Directories_renamed_into_each_other_at_one_time_do_not_wait_for_ever()
    {
        await using var mount = new Mount(r =>
        {
            r.PutDirectory("/a/x");
            r.PutDirectory("/b/y");
        });
        await Task.WhenAll(mount.Rename("/a", "/b/y/a"), mount.Rename("/b", "/a/x/b"));
        Assert.Single(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task An_open_file_that_was_to_be_replaced_has_its_name_back_when_the_rename_fails()
    {
        var old = new string('o', 2 << 20);
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "new");
            r.Put("/b", old);
            r.Failure = (operation, path) => operation == "RENAME" && path == "/a /b" ? new RemoteException(RemoteError.ServerFailure, "no") : null;
        });
        var handle = await mount.Open("/b");
        Assert.Equal(VfsError.InputOutput, await mount.Rename("/a", "/b"));
        Assert.Equal("oo", await mount.Read(handle, (2 << 20) - 2));
        await mount.CloseWell(handle);
        Assert.Equal(["a", "b"], mount.Remote.Names("/"));
        Assert.Equal(["a", "b"], await mount.Names("/"));
        Assert.Equal(2 << 20, (await mount.Attributes("/b")).Size);
        Assert.Equal("new", await mount.ReadFile("/a"));
    }

    [Fact]
    public async Task A_rename_whose_answer_was_lost_is_looked_at_again()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        mount.Remote.DelayAnswer = (operation, _) =>
            operation == "RENAME" ? Task.FromException(new RemoteException(RemoteError.Offline, "gone")) : null;
        Assert.Equal(VfsError.Offline, await mount.Rename("/a", "/b"));
        Assert.False(await mount.Exists("/a"));
        Assert.True(await mount.Exists("/b"));
    }

    [Fact]
    public async Task A_refused_rename_changes_nothing()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "A");
            r.Put("/b", "B");
            r.Failure = (operation, _) => operation == "RENAME" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        });
        Assert.Equal(VfsError.AccessDenied, await mount.Rename("/a", "/b"));
        Assert.Equal("A", await mount.ReadFile("/a"));
        Assert.Equal("B", await mount.ReadFile("/b"));
    }
}
