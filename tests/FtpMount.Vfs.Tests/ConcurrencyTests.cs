namespace FtpMount.Vfs.Tests;

/// <summary>Many programs at once in the same few names: nothing waits for ever, and in the end mount and server agree.</summary>
public sealed class ConcurrencyTests
{
    private static readonly string[] Paths = ["/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/a", "/f", "/f/a"];

    /// <summary>More of them with <c>FTPMOUNT_CONCURRENCY_SEEDS</c>.</summary>
    public static TheoryData<int> Seeds =>
        [.. Enumerable.Range(1, int.TryParse(Environment.GetEnvironmentVariable("FTPMOUNT_CONCURRENCY_SEEDS"), out var count) ? count : 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Programs_in_each_others_way_never_wait_for_ever(int seed)
    {
        await using var mount = new Mount();
        mount.Remote.Delay = (_, _) => YieldAsync();
        mount.Remote.DelayAnswer = (_, _) => YieldAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => ProgramAsync(mount, new Random((seed * 100) + i)))))
            .WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(await mount.Vfs.DrainAsync(null, default));
        mount.Remote.Delay = null;
        mount.Remote.DelayAnswer = null;
        mount.Time.Advance(TimeSpan.FromMinutes(1));
        foreach (var (path, content) in mount.Remote.Tree())
        {
            Assert.DoesNotContain(".ftpmount-", path, StringComparison.Ordinal);
            if (content is null)
                Assert.Equal(mount.Remote.Names(path), await mount.Names(path));
            else
                Assert.Equal(mount.Remote.Text(path), await mount.ReadFile(path));
        }

        Assert.Equal(mount.Remote.Names("/"), await mount.Names("/"));
        Assert.Empty(mount.StagingFiles);
        Assert.Equal(0, mount.Vfs.Statistics.OpenHandles);
    }

    private static async Task YieldAsync() => await Task.Yield();

    private static async Task ProgramAsync(Mount mount, Random random)
    {
        for (var i = 0; i < 150; i++)
        {
            var path = Paths[random.Next(Paths.Length)];
            var (parent, name) = await ParentAsync(mount, path);
            if (parent.IsNone)
                continue;
            switch (random.Next(8))
            {
                case 0:
                    await mount.Vfs.CreateDirectoryAsync(parent, name, 0x1ED, Mount.Caller, default);
                    break;
                case 1:
                    await mount.Vfs.UnlinkAsync(parent, name, default);
                    break;
                case 2:
                    await mount.Vfs.RemoveDirectoryAsync(parent, name, default);
                    break;
                case 3:
                    var (newParent, newName) = await ParentAsync(mount, Paths[random.Next(Paths.Length)]);
                    if (!newParent.IsNone)
                        await mount.Vfs.RenameAsync(parent, name, newParent, newName, VfsRenameFlags.None, default);
                    break;
                case 4:
                    var opened = await mount.Vfs.OpenDirectoryAsync(parent, default);
                    if (opened.IsSuccess)
                    {
                        await mount.Vfs.ReadDirectoryAsync(opened.Value.Handle, 0, new CollectingSink(false), default);
                        mount.Vfs.ReleaseDirectory(opened.Value.Handle);
                    }

                    break;
                case 5:
                    await UseFileAsync(mount, parent, name, random, isRemoved: true);
                    break;
                default:
                    await UseFileAsync(mount, parent, name, random, isRemoved: false);
                    break;
            }
        }
    }

    private static async Task UseFileAsync(Mount mount, NodeId parent, string name, Random random, bool isRemoved)
    {
        var created = await mount.Vfs.CreateAsync(parent, name, 0x1A4, VfsOpenFlags.Read | VfsOpenFlags.Write, Mount.Caller, default);
        if (!created.IsSuccess)
            return;
        var handle = created.Value.Open.Handle;
        var data = new byte[random.Next(1000)];
        data.AsSpan().Fill((byte)'x');
        var written = await mount.Vfs.WriteAsync(handle, random.Next(100), data, default);
        Assert.True(written.IsSuccess, $"{written.Error}");
        var read = await mount.Vfs.ReadAsync(handle, 0, new byte[2000], default);
        Assert.True(read.IsSuccess, $"{read.Error}");
        await mount.Vfs.FlushAsync(handle, default);

        // A kernel does not wait for a release: what comes next crosses it.
        var release = mount.Vfs.ReleaseAsync(handle).AsTask();
        if (isRemoved)
            await mount.Vfs.UnlinkAsync(parent, name, default);
        await release;
        mount.Vfs.Forget(created.Value.Entry.Node, 1);
    }

    private static async Task<(NodeId Parent, string Name)> ParentAsync(Mount mount, string path)
    {
        var node = NodeId.Root;
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts[..^1])
        {
            var found = await mount.Vfs.LookupAsync(node, part, default);
            if (!found.IsSuccess || found.Value.Node.IsNone)
                return (NodeId.None, "");
            node = found.Value.Node;
        }

        return (node, parts[^1]);
    }
}
