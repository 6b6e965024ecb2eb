using FtpMount.Fuse.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>A process that serves a mount: for tests that kill it, or that need another user. Says <c>mounted</c> on standard output.</summary>
internal static class MountServer
{
    public static async Task<int> RunAsync(string mountPoint)
    {
        try
        {
            var fileSystem = new MemoryFileSystem { Timeout = ServerTimeout };
            fileSystem.Add("hello", "hello\n"u8.ToArray());
            fileSystem.Add("direct", new byte[64 << 20]);
            await using var mount = await FuseMount.MountAsync(fileSystem, new FuseMountOptions { MountPoint = mountPoint }, NullLogger.Instance, CancellationToken.None);
            Console.WriteLine("mounted");
            await mount.Completion;
            return 0;
        }
        catch (FuseMountException e)
        {
            Console.WriteLine($"{e.Error}: {e.Message}");
            return 1;
        }
    }

    /// <summary>A time-out of nothing makes every stat(2) a request, for measurements.</summary>
    private static TimeSpan ServerTimeout => Environment.GetEnvironmentVariable("FUSE_TEST_NO_CACHE") is null ? TimeSpan.FromSeconds(60) : TimeSpan.Zero;
}
