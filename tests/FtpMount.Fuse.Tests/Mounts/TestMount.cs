using FtpMount.Fuse.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>A file system in memory, mounted for one test. Only other processes use it.</summary>
internal sealed class TestMount : IAsyncDisposable
{
    private TestMount(MountFolder folder, MemoryFileSystem files, FuseMount mount)
    {
        Folder = folder;
        Files = files;
        Mount = mount;
    }

    public MountFolder Folder { get; }

    public MemoryFileSystem Files { get; }

    public FuseMount Mount { get; }

    public string Path => Folder.MountPoint;

    public static async Task<TestMount> CreateAsync(Func<FuseMountOptions, FuseMountOptions>? configure = null)
    {
        var folder = new MountFolder();
        try
        {
            var files = new MemoryFileSystem();
            var options = new FuseMountOptions { MountPoint = folder.MountPoint, AbortAfter = TimeSpan.FromSeconds(1) };
            var mount = await FuseMount.MountAsync(files, configure?.Invoke(options) ?? options, NullLogger.Instance, TestContext.Current.CancellationToken);
            return new TestMount(folder, files, mount);
        }
        catch
        {
            await folder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script with <c>$1</c> the mount and <c>$2</c> a folder outside.</summary>
    public Task<ShellResult> RunAsync(string script) => Shell.RunAsync(script, Path, Folder.Outside);

    public async ValueTask DisposeAsync()
    {
        Files.Unblock();
        await Mount.DisposeAsync();
        await Folder.DisposeAsync();
    }
}
