using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

public sealed class AttributeTests
{
    private static int Octal(string bits) => Convert.ToInt32(bits, 8);

    [Fact]
    public async Task Owner_and_group_are_those_of_the_mount()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"), o => o with { UserId = 7, GroupId = 8 });
        var attributes = await mount.Attributes("/a");
        Assert.Equal((7u, 8u), (attributes.UserId, attributes.GroupId));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { UserId = 7, GroupId = 8 }));
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/a", new VfsAttributeChange { UserId = 0 }));
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/a", new VfsAttributeChange { GroupId = 0 }));
    }

    [Fact]
    public async Task Bits_are_those_of_the_server_or_the_usual_ones_less_the_umask()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"), o => o with { Umask = Octal("027") });
        mount.Remote.FileMode = Octal("666");
        mount.Remote.Put("/b", "x");
        Assert.Equal(Octal("640"), (await mount.Attributes("/a")).Mode);
        Assert.Equal(Octal("640"), (await mount.Attributes("/b")).Mode);
        Assert.Equal(Octal("750"), (await mount.Attributes("/")).Mode);
        await using var silent = new Mount(r =>
        {
            r.TellsModes = false;
            r.Put("/d/a", "x");
        });
        Assert.Equal(Octal("644"), (await silent.Attributes("/d/a")).Mode);
        Assert.Equal(Octal("755"), (await silent.Attributes("/d")).Mode);
    }

    [Fact]
    public async Task Chmod_is_sent_and_setting_what_is_there_is_not()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        await mount.Node("/a");
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("644") }));
        Assert.Empty(mount.Remote.Operations);
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("600") }));
        Assert.Equal(["SET /a"], mount.Remote.Operations);
        Assert.Equal(Octal("600"), mount.Remote.Mode("/a"));
        Assert.Equal(Octal("600"), (await mount.Attributes("/a")).Mode);
    }

    [Fact]
    public async Task Bits_that_the_server_keeps_but_does_not_tell_are_remembered()
    {
        await using var mount = new Mount(r =>
        {
            r.TellsModes = false;
            r.Put("/a", "x");
        });
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("755") }));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(Octal("755"), (await mount.Attributes("/a")).Mode);
    }

    [Fact]
    public async Task What_the_server_cannot_set_is_not_permitted_and_not_pretended()
    {
        await using var mount = new Mount(r =>
        {
            r.Capabilities = RemoteCapabilities.None;
            r.Put("/a", "x");
        });
        var before = await mount.Attributes("/a");
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("600") }));
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/a", new VfsAttributeChange { Modified = DateTime.UnixEpoch }));
        Assert.Equal(before, await mount.Attributes("/a"));
        var handle = await mount.Create("/b");
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/b", new VfsAttributeChange { Mode = Octal("600") }));
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/b", new VfsAttributeChange { Modified = DateTime.UnixEpoch }));

        // touch: the present is what the upload sets by itself.
        var now = mount.Time.GetUtcNow().UtcDateTime;
        Assert.Equal(VfsError.None, await mount.SetAttributes("/b", new VfsAttributeChange { Modified = now, Accessed = now }));
        await mount.CloseWell(handle);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_time_that_the_server_cannot_set_is_kept_until_the_directory_changes(bool serverSetsTimesOfFiles)
    {
        await using var mount = new Mount(r =>
        {
            if (!serverSetsTimesOfFiles)
                r.Capabilities &= ~RemoteCapabilities.SetModified;
            r.Put("/d/a", "x");
            r.Failure = (operation, _) => operation == "SET" ? new RemoteException(RemoteError.Unsupported, "no") : null;
        });
        Assert.Equal(VfsError.None, await mount.SetAttributes("/d", new VfsAttributeChange { Modified = DateTime.UnixEpoch }));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(DateTime.UnixEpoch, (await mount.Attributes("/d")).Modified);
        await mount.CloseWell(await mount.Create("/d/b"));
        Assert.NotEqual(DateTime.UnixEpoch, (await mount.Attributes("/d")).Modified);
    }

    [Fact]
    public async Task A_refused_chmod_is_not_permitted()
    {
        await using var mount = new Mount(r =>
        {
            r.Put("/a", "x");
            r.Failure = (operation, _) => operation == "SET" ? new RemoteException(RemoteError.AccessDenied, "no") : null;
        });
        Assert.Equal(VfsError.NotPermitted, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("600") }));
        Assert.Equal(Octal("644"), (await mount.Attributes("/a")).Mode);
    }

    [Fact]
    public async Task Times_are_sent_and_shown_as_the_server_keeps_them()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var time = new DateTime(2001, 2, 3, 4, 5, 6, 789, DateTimeKind.Utc);
        var whole = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Modified = time, Accessed = time }));
        Assert.Equal(whole, mount.Remote.Modified("/a").UtcDateTime);
        var attributes = await mount.Attributes("/a");
        Assert.Equal(whole, attributes.Modified);
        Assert.Equal(time, attributes.Accessed);
    }

    [Fact]
    public async Task Attributes_of_a_file_being_written_go_with_its_upload()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/a", mode: Octal("640"));
        await mount.Write(handle, 0, "content");
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        mount.Remote.ClearOperations();
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Modified = time, Accessed = time }));
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Mode = Octal("755") }));
        Assert.Empty(mount.Remote.Operations);
        Assert.Equal((time, Octal("755"), 7L), ((await mount.Attributes("/a")).Modified, (await mount.Attributes("/a")).Mode, (await mount.Attributes("/a")).Size));
        await mount.CloseWell(handle);
        Assert.Equal(3, mount.Remote.Operations.Count);
        Assert.Equal((time, Octal("755")), (mount.Remote.Modified("/a").UtcDateTime, mount.Remote.Mode("/a")));
        Assert.Equal(time, (await mount.Attributes("/a")).Modified);
    }

    [Fact]
    public async Task Attributes_set_while_the_upload_runs_are_sent_after_it()
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
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        Assert.Equal(VfsError.None, await mount.SetAttributes("/a", new VfsAttributeChange { Modified = time, Mode = Octal("600") }));
        go.SetResult();
        Assert.Equal(VfsError.None, await close);
        Assert.Equal((time, Octal("600")), (mount.Remote.Modified("/a").UtcDateTime, mount.Remote.Mode("/a")));
        Assert.Equal((time, Octal("600")), ((await mount.Attributes("/a")).Modified, (await mount.Attributes("/a")).Mode));
    }

    [Fact]
    public async Task Writing_over_a_file_keeps_its_bits()
    {
        await using var mount = new Mount(r =>
        {
            r.FileMode = Octal("755");
            r.Put("/script", "old");
            r.FileMode = Octal("644");
        });
        await mount.WriteFile("/script", "new");
        Assert.Equal(Octal("755"), mount.Remote.Mode("/script"));
        Assert.Equal(Octal("755"), (await mount.Attributes("/script")).Mode);
    }

    [Fact]
    public async Task Bits_that_the_server_gives_new_files_are_corrected_and_learned()
    {
        await using var mount = new Mount(r => r.FileMode = Octal("600"));
        await mount.WriteFile("/a", "x");
        Assert.Equal(Octal("644"), mount.Remote.Mode("/a"));
        Assert.Equal(1, mount.Remote.Count("SET"));
        await mount.WriteFile("/b", "x");
        Assert.Equal(Octal("644"), mount.Remote.Mode("/b"));
        Assert.Equal(1, mount.Remote.Count("SET"));
    }

    [Fact]
    public async Task Times_of_a_listing_by_minutes_do_not_coarsen_what_is_known()
    {
        await using var mount = new Mount(r => r.Put("/a", "x"));
        var exact = (await mount.Attributes("/a")).Modified;
        await mount.Names("/");
        Assert.Equal(exact, (await mount.Attributes("/a")).Modified);
    }

    [Fact]
    public async Task Attributes_of_an_unlinked_open_file_have_no_links()
    {
        await using var mount = new Mount(r => r.Put("/a", "hello"));
        var node = await mount.Node("/a");
        var handle = await mount.Open("/a");
        Assert.Equal(VfsError.None, await mount.Unlink("/a"));
        var reply = await mount.Vfs.GetAttributesAsync(node, handle, default);
        Assert.Equal((0u, 5L), (reply.Value.Attributes.LinkCount, reply.Value.Attributes.Size));
    }

    [Fact]
    public async Task Links_are_shown_and_made_where_the_server_has_them()
    {
        await using var mount = new Mount(r =>
        {
            r.PutLink("/l", "target/ä");
            r.Capabilities |= RemoteCapabilities.Symlinks;
        });
        var attributes = await mount.Attributes("/l");
        Assert.Equal((RemoteKind.Symlink, 9L), (attributes.Kind, attributes.Size));
        Assert.Equal("target/ä", (await mount.Vfs.ReadLinkAsync(await mount.Node("/l"), default)).Value);
        var made = await mount.Vfs.CreateSymlinkAsync(NodeId.Root, "m", "x", Mount.Caller, default);
        Assert.Equal(VfsError.None, made.Error);
        Assert.Equal("x", (await mount.Vfs.ReadLinkAsync(made.Value.Node, default)).Value);
        Assert.Equal(VfsError.AlreadyExists, (await mount.Vfs.CreateSymlinkAsync(NodeId.Root, "m", "x", Mount.Caller, default)).Error);
        Assert.Equal(VfsError.NotPermitted, (await mount.Vfs.CreateLinkAsync(made.Value.Node, NodeId.Root, "h", default)).Error);
        await using var plain = new Mount();
        Assert.Equal(VfsError.NotPermitted, (await plain.Vfs.CreateSymlinkAsync(NodeId.Root, "m", "x", Mount.Caller, default)).Error);
    }

    [Fact]
    public async Task Space_is_the_servers_or_a_large_number()
    {
        await using var mount = new Mount();
        Assert.Equal(1L << 50, (await mount.Vfs.GetSpaceAsync(NodeId.Root, default)).Value.AvailableBytes);
        mount.Remote.Space = new RemoteSpace(1000, 10);
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        var space = (await mount.Vfs.GetSpaceAsync(NodeId.Root, default)).Value;
        Assert.Equal((1000L, 10L, 255), (space.TotalBytes, space.AvailableBytes, space.MaximumNameLength));
    }

    [Fact]
    public async Task A_server_that_cannot_tell_of_its_root_has_one_all_the_same()
    {
        await using var mount = new Mount(r =>
            r.Failure = (operation, path) => operation == "STAT" && path == "/" ? new RemoteException(RemoteError.Unsupported, "no") : null);
        Assert.Equal(RemoteKind.Directory, (await mount.Vfs.GetAttributesAsync(NodeId.Root, VfsHandle.None, default)).Value.Attributes.Kind);
    }

    [Fact]
    public async Task Extended_attributes_that_nobody_keeps_are_not_there()
    {
        await using var mount = new Mount();
        Assert.Equal(VfsError.NoData, (await mount.Vfs.GetExtendedAttributeAsync(NodeId.Root, "user.x", default)).Error);
        Assert.Equal(VfsError.Unsupported, (await mount.Vfs.GetExtendedAttributeAsync(NodeId.Root, "security.capability", default)).Error);
        Assert.Equal(VfsError.NotImplemented, (await mount.Vfs.ListExtendedAttributesAsync(NodeId.Root, default)).Error);
    }
}
