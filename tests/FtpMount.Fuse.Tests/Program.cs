using FtpMount.Fuse.Tests.Mounts;

namespace FtpMount.Fuse.Tests;

/// <summary>The test program; with <c>--serve MOUNTPOINT</c> a process that mounts a file system in memory and serves it until it is unmounted.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) =>
        args is ["--serve", var mountPoint] ? await MountServer.RunAsync(mountPoint) : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
