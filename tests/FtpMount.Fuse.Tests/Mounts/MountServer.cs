using FtpMount.Fuse.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>
/// A process that serves a mount: for tests that kill it, or that need another user. Says <c>mounted</c> on standard output, unmounts
/// on a line of standard input, and says then whether that was all.
/// </summary>
internal static class MountServer
{
    /// <summary>Makes every stat(2) a request, for measurements.</summary>
    private const string NoCacheVariable = "FUSE_TEST_NO_CACHE";

    public static async Task<int> RunAsync(string mountPoint)
    {
        try
        {
            var timeout = Environment.GetEnvironmentVariable(NoCacheVariable) is null ? TimeSpan.FromSeconds(60) : TimeSpan.Zero;
            var fileSystem = new MemoryFileSystem { Timeout = timeout };
            fileSystem.Add("hello", "hello\n"u8.ToArray());
            fileSystem.Add("direct", new byte[64 << 20]);
            fileSystem.Add("cached", new byte[64 << 20]);
            var options = new FuseMountOptions { MountPoint = mountPoint, AllowOther = Environment.GetEnvironmentVariable("FUSE_TEST_ALLOW_OTHER") is not null };
            await using var mount = await FuseMount.MountAsync(fileSystem, options, NullLogger.Instance, CancellationToken.None);
            Console.WriteLine("mounted");
            var command = Task.Run(Console.ReadLine); // Console.In.ReadLineAsync blocks its caller.
            if (await Task.WhenAny(command, mount.Completion) == command && await command is not null)
                Console.WriteLine($"unmounted {await mount.UnmountAsync(TimeSpan.FromSeconds(30), CancellationToken.None)}");
            await mount.Completion;
            return 0;
        }
        catch (FuseMountException e)
        {
            Console.WriteLine($"{e.Error}: {e.Message}");
            return 1;
        }
    }
}
