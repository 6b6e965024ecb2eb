namespace FtpMount.Vfs.Tests;

/// <summary>A file that was changed here and, since the edit began, by somebody else on the server.</summary>
public sealed class ConflictTests
{
    private const string Second = "text (conflict 2026-03-04 here).txt";

    private static async Task<VfsHandle> Edit(Mount mount, string text)
    {
        var handle = await mount.Open("/text.txt", VfsOpenFlags.Read | VfsOpenFlags.Write | VfsOpenFlags.Truncate);
        await mount.Write(handle, 0, text);
        return handle;
    }

    [Fact]
    public async Task Both_versions_are_kept()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"));
        var handle = await Edit(mount, "mine");
        mount.Remote.Put("/text.txt", "theirs");
        await mount.CloseWell(handle);
        Assert.Equal([Second, "text.txt"], mount.Remote.Names("/"));
        Assert.Equal(("theirs", "mine"), (mount.Remote.Text("/text.txt"), mount.Remote.Text("/" + Second)));
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([Second, "text.txt"], await mount.Names("/"));
        Assert.Equal(("theirs", "mine"), (await mount.ReadFile("/text.txt"), await mount.ReadFile("/" + Second)));
        Assert.Equal(1, mount.Vfs.Statistics.Conflicts);
    }

    [Fact]
    public async Task A_new_file_does_not_replace_one_that_appeared()
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/text.txt");
        await mount.Write(handle, 0, "mine");
        mount.Remote.Put("/text.txt", "theirs");
        await mount.CloseWell(handle);
        Assert.Equal(("theirs", "mine"), (mount.Remote.Text("/text.txt"), mount.Remote.Text("/" + Second)));
    }

    [Fact]
    public async Task Whoever_has_the_file_open_goes_on_with_its_own_version()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"));
        var handle = await Edit(mount, "mine");
        mount.Remote.Put("/text.txt", "theirs");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("mine", await mount.Read(handle));
        await mount.Write(handle, 4, " and more");
        await mount.CloseWell(handle);
        Assert.Equal(("theirs", "mine and more"), (mount.Remote.Text("/text.txt"), mount.Remote.Text("/" + Second)));
    }

    [Fact]
    public async Task A_second_conflict_of_a_day_has_a_name_of_its_own()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"));
        for (var i = 1; i <= 2; i++)
        {
            var handle = await Edit(mount, $"mine {i}");
            mount.Remote.Put("/text.txt", $"theirs {new string('x', i)}");
            await mount.CloseWell(handle);
            mount.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(("mine 1", "mine 2"), (mount.Remote.Text("/" + Second), mount.Remote.Text("/text (conflict 2026-03-04 here 2).txt")));
    }

    [Fact]
    public async Task The_same_change_on_both_sides_is_no_conflict()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"));
        var handle = await Edit(mount, "same");
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        mount.Remote.Put("/text.txt", "same");
        await mount.CloseWell(handle);
        Assert.Equal(["text.txt"], mount.Remote.Names("/"));
        Assert.Equal(0, mount.Vfs.Statistics.Conflicts);
    }

    [Fact]
    public async Task Mine_replaces_theirs_where_that_was_chosen()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"), o => o with { Conflict = VfsConflictMode.Mine });
        var handle = await Edit(mount, "mine");
        mount.Remote.Put("/text.txt", "theirs");
        await mount.CloseWell(handle);
        Assert.Equal(["text.txt"], mount.Remote.Names("/"));
        Assert.Equal("mine", mount.Remote.Text("/text.txt"));
    }

    [Fact]
    public async Task Theirs_stays_where_that_was_chosen_and_is_read_from_then_on()
    {
        await using var mount = new Mount(r => r.Put("/text.txt", "old"), o => o with { Conflict = VfsConflictMode.Theirs });
        var handle = await Edit(mount, "mine");
        mount.Remote.Put("/text.txt", "theirs");
        Assert.Equal(VfsError.None, await mount.Vfs.FsyncAsync(handle, false, default));
        Assert.Equal("theirs", await mount.Read(handle));
        await mount.CloseWell(handle);
        Assert.Equal(["text.txt"], mount.Remote.Names("/"));
        Assert.Equal(("theirs", "theirs"), (mount.Remote.Text("/text.txt"), await mount.ReadFile("/text.txt")));
        Assert.Empty(mount.Vfs.PendingUploads);
        Assert.Empty(mount.StagingFiles);
    }

    [Fact]
    public async Task A_directory_that_was_removed_meanwhile_comes_back_for_what_was_written_in_it()
    {
        await using var mount = new Mount(r => r.PutDirectory("/d/e"));
        var handle = await mount.Create("/d/e/a");
        await mount.Write(handle, 0, "content");
        mount.Remote.Remove("/d");
        await mount.CloseWell(handle);
        Assert.Equal("content", mount.Remote.Text("/d/e/a"));
    }

    [Theory]
    [InlineData("name", "name (conflict 2026-03-04 here)")]
    [InlineData(".hidden", ".hidden (conflict 2026-03-04 here)")]
    [InlineData("archive.tar.gz", "archive.tar (conflict 2026-03-04 here).gz")]
    public async Task The_second_name_keeps_the_extension(string name, string second)
    {
        await using var mount = new Mount();
        var handle = await mount.Create("/" + name);
        await mount.Write(handle, 0, "mine");
        mount.Remote.Put("/" + name, "theirs");
        await mount.CloseWell(handle);
        Assert.Equal("mine", mount.Remote.Text("/" + second));
    }

    [Fact]
    public async Task Two_mounts_that_edit_one_file_leave_both_versions()
    {
        var remote = new MemoryRemote(TimeProvider.System);
        remote.Put("/text.txt", "old");
        await using var one = new Mount(remote, o => o with { HostName = "one" });
        await using var two = new Mount(remote, o => o with { HostName = "two" });
        var first = await Edit(one, "from the first");
        var second = await Edit(two, "from the second mount");
        await one.CloseWell(first);
        await two.CloseWell(second);
        var texts = remote.Names("/").Select(n => remote.Text("/" + n)).Order(StringComparer.Ordinal);
        Assert.Equal(["from the first", "from the second mount"], texts);
    }
}
