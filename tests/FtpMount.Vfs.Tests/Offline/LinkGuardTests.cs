using FtpMount.Remote;
using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Offline;

namespace FtpMount.Vfs.Tests.Offline;

/// <summary>What a mount does while its server cannot be reached.</summary>
public sealed class LinkGuardTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private static Mount Make(VfsOfflineMode mode = VfsOfflineMode.ReadWrite) => new(
        r =>
        {
            r.Put("/dir/known", "content");
            r.Put("/dir/unread", "content");
            r.Put("/unseen/file", "content");
        },
        o => o with { Offline = mode, Close = VfsCloseMode.Fast, Prefetch = false });

    /// <summary>A folder and a file of it are known, then the link is lost and that is noticed.</summary>
    private static async Task<Mount> DownAsync(VfsOfflineMode mode = VfsOfflineMode.ReadWrite)
    {
        var mount = Make(mode);
        await mount.Names("/");
        await mount.Names("/dir");
        Assert.Equal("content", await mount.ReadFile("/dir/known"));
        Lose(mount);
        mount.Pass(Long);
        Assert.Equal(VfsError.Offline, await AskAsync(mount));
        Assert.True(mount.Vfs.IsOffline);
        return mount;
    }

    /// <summary>Something that only the server knows.</summary>
    private static async Task<VfsError> AskAsync(Mount mount) => (await mount.Vfs.CreateDirectoryAsync(NodeId.Root, "made", 0x1ed, Mount.Caller, Mount.None)).Error;

    private static void Lose(Mount mount)
    {
        mount.Remote.IsOffline = true;
        mount.Remote.Failure = (_, _) => new RemoteException(RemoteError.Offline, "No link.");
    }

    private static void Restore(Mount mount)
    {
        mount.Remote.IsOffline = false;
        mount.Remote.Failure = null;
    }

    /// <summary>Lets the background ask once more, and waits until it has.</summary>
    private static async Task UntilAsync(Mount mount, Func<bool> condition)
    {
        for (var i = 0; !condition(); i++)
        {
            Assert.True(i < 10_000);
            mount.Pass(TimeSpan.FromSeconds(1));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Every_member_of_the_contract_is_passed_on_by_the_guard_itself()
    {
        var map = typeof(LinkGuard).GetInterfaceMap(typeof(IRemoteFileSystem));
        Assert.All(map.TargetMethods, method => Assert.Equal(typeof(LinkGuard), method.DeclaringType));
    }

    [Fact]
    public async Task While_the_link_is_down_nothing_but_the_background_asks_the_server()
    {
        await using var mount = await DownAsync();
        await UntilAsync(mount, () => mount.Remote.Count("STAT") > 0);
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.Offline, await AskAsync(mount));
        Assert.Equal(VfsError.Offline, (await mount.Vfs.LookupAsync(await mount.Node("/unseen"), "file", Mount.None)).Error);
        Assert.All(mount.Remote.Operations, operation => Assert.Equal("STAT /", operation));
        Restore(mount);
        await UntilAsync(mount, () => !mount.Vfs.IsOffline);
        Assert.True(await mount.Exists("/unseen/file"));
    }

    [Fact]
    public async Task What_is_known_is_shown_however_old_it_is_and_believed_no_longer_when_the_server_is_back()
    {
        await using var mount = await DownAsync();
        mount.Pass(Long);
        Assert.Equal(["known", "unread"], await mount.Names("/dir"));
        Assert.Equal("content", await mount.ReadFile("/dir/known"));
        Assert.False(await mount.Exists("/dir/nothing"));
        var entry = await mount.Lookup("/dir/known");
        Assert.InRange(entry.EntryTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
        Restore(mount);
        mount.Remote.Put("/dir/known", "changed meanwhile");
        mount.Remote.Put("/dir/nothing", "now");
        await UntilAsync(mount, () => !mount.Vfs.IsOffline);
        Assert.Equal("changed meanwhile", await mount.ReadFile("/dir/known"));
        Assert.True(await mount.Exists("/dir/nothing"));
    }

    [Fact]
    public async Task What_is_written_waits_without_attempts_and_is_sent_at_once_when_the_server_is_back()
    {
        await using var mount = await DownAsync();
        var handle = await mount.Create("/dir/new");
        await mount.Write(handle, 0, "written");
        await mount.CloseWell(handle);
        mount.Pass(Long);
        Assert.Equal(0, mount.Remote.Count("STORE"));
        Assert.Equal((1, 0), (mount.Vfs.PendingUploads.Count, mount.Vfs.PendingUploads[0].Attempts));
        Restore(mount);
        await UntilAsync(mount, () => mount.Vfs.PendingUploads.Count == 0);
        Assert.Equal("written", mount.Remote.Text("/dir/new"));
    }

    [Fact]
    public async Task Changes_are_refused_while_the_link_is_down_where_that_was_chosen()
    {
        await using var mount = await DownAsync(VfsOfflineMode.ReadOnly);
        Assert.Equal(VfsError.ReadOnly, await AskAsync(mount));
        Assert.Equal(VfsError.ReadOnly, (await mount.Vfs.OpenAsync(await mount.Node("/dir/known"), VfsOpenFlags.Write, Mount.Caller, Mount.None)).Error);
        Assert.Equal("content", await mount.ReadFile("/dir/known"));
        Restore(mount);
        await UntilAsync(mount, () => !mount.Vfs.IsOffline);
        Assert.Equal(VfsError.None, await AskAsync(mount));
    }

    [Fact]
    public async Task What_is_known_is_not_shown_where_that_was_chosen()
    {
        await using var mount = await DownAsync(VfsOfflineMode.Fail);
        Assert.Equal(VfsError.Offline, (await mount.Vfs.LookupAsync(NodeId.Root, "dir", Mount.None)).Error);
    }

    [Fact]
    public async Task The_loss_and_the_return_are_told_once_each()
    {
        await using var mount = Make();
        var told = new System.Collections.Concurrent.ConcurrentQueue<VfsIncidentKind>();
        mount.Vfs.IncidentOccurred += incident => told.Enqueue(incident.Kind);
        Lose(mount);
        await AskAsync(mount);
        await AskAsync(mount);
        Restore(mount);
        await UntilAsync(mount, () => !mount.Vfs.IsOffline);
        await UntilAsync(mount, () => told.Count == 2);
        Assert.Equal([VfsIncidentKind.Offline, VfsIncidentKind.Online], told);
    }

    [Fact]
    public async Task A_drain_asks_the_server_once_more_before_it_gives_up()
    {
        await using var mount = await DownAsync();
        var handle = await mount.Create("/dir/new");
        await mount.CloseWell(handle);
        Restore(mount);
        Assert.Empty(await mount.Vfs.DrainAsync(null, Mount.None));
        Assert.Equal("", mount.Remote.Text("/dir/new"));
    }

    [Fact]
    public async Task A_lost_connection_does_not_take_the_link_down_as_long_as_the_server_can_be_reached()
    {
        await using var mount = Make();
        mount.Remote.Failure = (_, _) => new RemoteException(RemoteError.Offline, "The connection was lost.");
        Assert.Equal(VfsError.Offline, await AskAsync(mount));
        Assert.False(mount.Vfs.IsOffline);
    }
}
