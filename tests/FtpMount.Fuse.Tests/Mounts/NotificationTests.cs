using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>What the kernel caches is given up when it is told to.</summary>
public sealed class NotificationTests
{
    [Fact]
    public async Task Content_and_attributes_are_read_again()
    {
        await using var mount = await TestMount.CreateAsync();
        var node = mount.Files.Add("a", "before"u8.ToArray());
        Assert.Equal("before", await CatAsync(mount, "a"));

        mount.Files.Change(node, "afterwards"u8.ToArray());
        Assert.Equal("6", (await mount.RunAsync("""stat -c %s "$1/a" """)).Expect().Trim());
        mount.Files.Observer!.InvalidateNode(node, 0, 0);
        await NotifiedAsync(mount, 1);

        Assert.Equal("10", (await mount.RunAsync("""stat -c %s "$1/a" """)).Expect().Trim());
        Assert.Equal("afterwards", await CatAsync(mount, "a"));
    }

    [Fact]
    public async Task A_name_is_looked_up_again()
    {
        await using var mount = await TestMount.CreateAsync();
        Assert.NotEqual(0, (await mount.RunAsync("""stat "$1/a" """)).ExitCode);

        mount.Files.Add("a", "new"u8.ToArray());
        Assert.NotEqual(0, (await mount.RunAsync("""stat "$1/a" """)).ExitCode);
        mount.Files.Observer!.InvalidateEntry(NodeId.Root, "a");
        await NotifiedAsync(mount, 1);

        Assert.Equal("new", await CatAsync(mount, "a"));
    }

    [Fact]
    public async Task A_deleted_name_is_gone()
    {
        await using var mount = await TestMount.CreateAsync();
        var node = mount.Files.Add("a", "old"u8.ToArray());
        Assert.Equal("old", await CatAsync(mount, "a"));

        mount.Files.Remove("a");
        mount.Files.Observer!.EntryDeleted(NodeId.Root, node, "a");
        await NotifiedAsync(mount, 1);

        Assert.NotEqual(0, (await mount.RunAsync("""stat "$1/a" """)).ExitCode);
    }

    [Fact]
    public async Task After_too_many_changes_every_name_is_looked_up_again()
    {
        const int Names = 70_000;
        await using var mount = await TestMount.CreateAsync();
        Assert.NotEqual(0, (await mount.RunAsync("""stat "$1/a" """)).ExitCode);
        mount.Files.Add("a", "new"u8.ToArray());

        // More names than the notifier holds, while it is busy with the first of them; "a" is not among them.
        for (var i = 0; i < Names; i++)
            mount.Files.Observer!.InvalidateEntry(NodeId.Root, $"other-{i}");
        mount.Files.Observer!.InvalidateEntry(NodeId.Root, "a");

        Assert.True(SpinWait.SpinUntil(() => mount.Mount.Statistics.Notifications > Names / 2, TimeSpan.FromSeconds(60)));
        Assert.True(await UntilAsync(async () => (await mount.RunAsync("""cat "$1/a" """)).Output == "new"));
    }

    private static async Task<string> CatAsync(TestMount mount, string name) => (await Shell.RunAsync("""cat "$1/$2" """, mount.Path, name)).Expect();

    private static Task NotifiedAsync(TestMount mount, int count)
    {
        Assert.True(SpinWait.SpinUntil(() => mount.Mount.Statistics.Notifications >= count, TimeSpan.FromSeconds(30)));
        return Task.CompletedTask;
    }

    private static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        const int Attempts = 100;
        for (var i = 0; i < Attempts; i++)
        {
            if (await condition())
                return true;
        }

        return false;
    }
}
