using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>A file that is open loses its name while it is closed: its hidden name on the server goes as well, whichever comes first.</summary>
public sealed class UnlinkRaceTests
{
    private static readonly string Large = new('x', 3 << 20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_closed_while_it_is_unlinked_leaves_nothing(bool isRenamed)
    {
        await using var mount = new Mount(r => r.Put("/a", Large));
        var handle = await mount.Open("/a");
        var hold = Hold.Of(mount.Remote, isRenamed, "RENAME");
        var unlink = mount.Unlink("/a");
        await hold.Reached;
        await mount.CloseWell(handle);
        hold.LetGo();
        Assert.Equal(VfsError.None, await unlink);
        await IsGoneAsync(mount, "/");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_handles_closed_around_an_unlink_leave_nothing(bool isRenamed)
    {
        await using var mount = new Mount(r => r.Put("/a", Large));
        var first = await mount.Open("/a");
        var second = await mount.Open("/a");
        var hold = Hold.Of(mount.Remote, isRenamed, "RENAME");
        var unlink = mount.Unlink("/a");
        await hold.Reached;
        await mount.CloseWell(first);
        hold.LetGo();
        Assert.Equal(VfsError.None, await unlink);
        Assert.Single(mount.Remote.Names("/"));
        Assert.Equal("xxx", await mount.Read(second, Large.Length - 3));
        await mount.CloseWell(second);
        await IsGoneAsync(mount, "/");
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_file_closed_while_it_is_replaced_leaves_nothing(bool duringAside, bool isRenamed)
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "new");
            r.Put("/b", Large);
        });
        var handle = await mount.Open("/b");
        var hold = Hold.Of(mount.Remote, isRenamed, "RENAME", path => path.EndsWith(".deleted", StringComparison.Ordinal) == duringAside);
        var rename = mount.Rename("/a", "/b");
        await hold.Reached;
        await mount.CloseWell(handle);
        hold.LetGo();
        Assert.Equal(VfsError.None, await rename);
        Assert.Equal("new", mount.Remote.Text("/b"));
        await IsGoneAsync(mount, "/", "b");
    }

    [Fact]
    public async Task A_file_closed_while_it_was_to_be_replaced_has_its_name_back_when_the_rename_fails()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "new");
            r.Put("/b", Large);
        });
        mount.Remote.Failure = (operation, path) =>
            operation == "RENAME" && path == "/a /b" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        var handle = await mount.Open("/b");
        var hold = Hold.BeforeDone(mount.Remote, "RENAME", path => path == "/a /b");
        var rename = mount.Rename("/a", "/b");
        await hold.Reached;
        await mount.CloseWell(handle);
        hold.LetGo();
        Assert.Equal(VfsError.AccessDenied, await rename);
        Assert.Equal(Large, mount.Remote.Text("/b"));
        await IsGoneAsync(mount, "/", "a", "b");
    }

    [Theory]
    [InlineData(RemoteError.Busy)]
    [InlineData(RemoteError.Offline)]
    [InlineData(RemoteError.TimedOut)]
    [InlineData(RemoteError.ServerFailure)]
    [InlineData(RemoteError.TooManyConnections)]
    public async Task A_removal_that_fails_in_passing_is_repeated(RemoteError error)
    {
        await using var mount = new Mount(r => r.Put("/a", Large));
        var handle = await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        var failures = 3;
        mount.Remote.Failure = (operation, _) => operation == "DELETE" && failures-- > 0 ? new RemoteException(error, "not now") : null;
        await mount.CloseWell(handle);
        Assert.Single(mount.Remote.Names("/"));
        while (mount.Remote.Names("/").Length > 0)
        {
            Assert.Empty(await mount.Names("/"));
            var tried = mount.Remote.Count("DELETE");
            var next = Hold.BeforeDone(mount.Remote, "DELETE");
            mount.Time.Advance(TimeSpan.FromMinutes(1));
            await next.Reached;
            next.LetGo();
            Assert.Equal(tried + 1, mount.Remote.Count("DELETE"));
            await mount.Vfs.RemovalsAsync();
        }

        await IsGoneAsync(mount, "/");
    }

    [Fact]
    public async Task A_removal_that_is_refused_for_good_shows_what_is_left()
    {
        await using var mount = new Mount(r => r.Put("/a", Large));
        var handle = await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        mount.Remote.Failure = (operation, _) => operation == "DELETE" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        await mount.CloseWell(handle);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(mount.Remote.Names("/"), await mount.Names("/"));
        Assert.Single(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task The_end_of_the_mount_waits_for_a_removal()
    {
        var mount = new Mount(r => r.Put("/a", Large));
        var handle = await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        var hold = Hold.BeforeDone(mount.Remote, "DELETE");
        var close = mount.Close(handle);
        await hold.Reached;
        var end = mount.DisposeAsync();
        hold.LetGo();
        await end;
        Assert.Equal(VfsError.None, await close);
        Assert.Empty(mount.Remote.Names("/"));
    }

    [Fact]
    public async Task The_end_of_the_mount_repeats_a_removal_that_failed()
    {
        var mount = new Mount(r => r.Put("/d/a", Large));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        mount.Remote.Failure = (operation, _) => operation == "DELETE" ? new RemoteException(RemoteError.Busy, "not now") : null;
        await mount.CloseWell(handle);
        mount.ForgetAll();
        Assert.Single(mount.Remote.Names("/d"));
        mount.Remote.Failure = null;
        await mount.DisposeAsync();
        Assert.Empty(mount.Remote.Names("/d"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_is_removed_while_a_removal_in_it_is_under_way(bool isDeleted)
    {
        await using var mount = new Mount(r => r.Put("/d/a", Large));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        var hold = Hold.Of(mount.Remote, isDeleted, "DELETE");
        var close = mount.Close(handle);
        await hold.Reached;
        var remove = mount.RemoveDirectory("/d");
        hold.LetGo();
        Assert.Equal(VfsError.None, await remove);
        Assert.Equal(VfsError.None, await close);
        await IsGoneAsync(mount, "/");
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_new_file_that_goes_while_it_is_put_in_its_place_does_not_come_back(bool isReplaced, bool isPublished)
    {
        await using var mount = new Mount(r => r.Put("/b", "other"));
        await mount.Node("/b");
        var handle = await mount.Create("/a");
        await mount.Write(handle, 0, "content");
        var hold = Hold.Of(mount.Remote, isPublished, "PUBLISH");
        var close = mount.Close(handle);
        await hold.Reached;
        var change = isReplaced ? mount.Rename("/b", "/a") : mount.Unlink("/a");
        hold.LetGo();
        Assert.Equal(VfsError.None, await change);
        Assert.Equal(VfsError.None, await close);
        if (isReplaced)
            Assert.Equal("other", mount.Remote.Text("/a"));
        await IsGoneAsync(mount, "/", isReplaced ? "a" : "b");
    }

    [Fact]
    public async Task A_directory_is_removed_whose_hidden_file_is_closed_meanwhile()
    {
        await using var mount = new Mount(r => r.Put("/d/a", Large));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        var hold = Hold.BeforeDone(mount.Remote, "DELETE");
        var remove = mount.RemoveDirectory("/d");
        await hold.Reached;
        var close = mount.Close(handle);
        hold.LetGo();
        Assert.Equal(VfsError.None, await remove);
        Assert.Equal(VfsError.None, await close);
        await IsGoneAsync(mount, "/");
    }

    [Fact]
    public async Task A_directory_whose_removal_of_a_hidden_file_waits_to_be_repeated_can_go()
    {
        await using var mount = new Mount(r => r.Put("/d/a", Large));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        mount.Remote.Failure = (operation, _) => operation == "DELETE" ? new RemoteException(RemoteError.Busy, "not now") : null;
        await mount.CloseWell(handle);
        mount.Remote.Failure = null;
        Assert.Equal(VfsError.None, await mount.RemoveDirectory("/d"));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        await mount.Vfs.RemovalsAsync();
        await IsGoneAsync(mount, "/");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_is_renamed_while_a_removal_in_it_is_under_way(bool isDeleted)
    {
        await using var mount = new Mount(r => r.Put("/d/a", Large));
        var handle = await mount.Open("/d/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/d/a"));
        var hold = Hold.Of(mount.Remote, isDeleted, "DELETE");
        var close = mount.Close(handle);
        await hold.Reached;
        var rename = mount.Rename("/d", "/e");
        hold.LetGo();
        Assert.Equal(VfsError.None, await rename);
        Assert.Equal(VfsError.None, await close);
        await IsGoneAsync(mount, "/e");
    }

    private static async Task IsGoneAsync(Mount mount, string directory, params string[] left)
    {
        Assert.Equal(left, mount.Remote.Names(directory));
        Assert.Equal(left, await mount.Names(directory));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(left, await mount.Names(directory));
        Assert.Empty(mount.StagingFiles);
        Assert.Equal(0, mount.Vfs.Statistics.OpenHandles);
        mount.ForgetAll();
        Assert.Equal(1, mount.Vfs.Statistics.Nodes);
    }
}
