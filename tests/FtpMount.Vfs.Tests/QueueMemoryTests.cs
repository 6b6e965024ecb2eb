using FtpMount.Remote;

namespace FtpMount.Vfs.Tests;

/// <summary>Nothing else may run meanwhile: the memory that is counted is that of the process.</summary>
[CollectionDefinition(nameof(QueueMemoryTests), DisableParallelization = true)]
[Collection(nameof(QueueMemoryTests))]
public sealed class QueueMemoryTests
{
    private const int Files = 4000;

    /// <summary>A hundred thousand of them take 150 MB at most, and what the collector needs for its work.</summary>
    private const int BytesPerFile = 1500;

    [Fact]
    public async Task A_file_that_waits_for_its_upload_takes_little_memory()
    {
        await using var mount = new Mount(options: o => o with { Close = VfsCloseMode.Fast, Prefetch = false });
        Assert.Empty(await mount.Names("/"));
        mount.Remote.IsOffline = true;
        mount.Remote.Failure = (_, _) => new RemoteException(RemoteError.Offline, "No link.");
        Assert.Equal(VfsError.Offline, (await mount.Vfs.CreateDirectoryAsync(NodeId.Root, "made", 0x1ED, Mount.Caller, Mount.None)).Error);
        Assert.True(mount.Vfs.IsOffline);
        await WriteAsync(mount, "before", Files / 10);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await WriteAsync(mount, "file", Files);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.Equal(Files + (Files / 10), mount.Vfs.Statistics.FilesPending);
        Assert.InRange((after - before) / Files, 1, BytesPerFile);
    }

    /// <summary>Writes and closes, and lets pass what a close leaves to the background.</summary>
    private static async Task WriteAsync(Mount mount, string name, int files)
    {
        for (var i = 0; i < files; i++)
        {
            var handle = await mount.Create($"/{name}{i}");
            await mount.Write(handle, 0, "content");
            await mount.CloseWell(handle);
        }

        mount.Pass(TimeSpan.FromSeconds(1));
        await mount.Vfs.SealedAsync();
    }
}
