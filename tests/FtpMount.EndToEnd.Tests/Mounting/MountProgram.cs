using System.Reflection;
using FtpMount.EndToEnd.Tests.Programs;

namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>
/// The program under test: <c>FTPMOUNT_PROGRAM</c>, or what scripts/build.sh made (<c>artifacts/ftpmount</c>), or the build of the
/// newest time stamp for the JIT.
/// </summary>
public static class MountProgram
{
    private static readonly Lazy<string[]?> Found = new(Find);

    /// <summary>The folder with FtpMount.sln.</summary>
    public static string RepositoryRoot { get; } =
        typeof(MountProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(item => item.Key == "RepositoryRoot").Value!;

    /// <summary>The program and, when dotnet has to start it, what comes before its own arguments.</summary>
    public static string[] Command => Found.Value ?? throw new InvalidOperationException("Not there: call SkipUnlessPresent first");

    /// <summary>Skips the test when the program is not there or nothing can be mounted on this machine.</summary>
    public static void SkipUnlessPresent()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Mounts by FUSE are of Linux");
        Assert.SkipUnless(File.Exists("/dev/fuse"), "There is no /dev/fuse");
        Assert.SkipUnless(Found.Value is not null, "The program is not built: run scripts/build.sh or set FTPMOUNT_PROGRAM");
    }

    private static string[]? Find()
    {
        if (Environment.GetEnvironmentVariable("FTPMOUNT_PROGRAM") is { Length: > 0 } named)
        {
            Assert.True(File.Exists(named), $"FTPMOUNT_PROGRAM names {named}, which is not there");
            return named.EndsWith(".dll", StringComparison.Ordinal) ? [WorkerProcess.DotNet, "exec", named] : [named];
        }
        string built = Path.Combine(RepositoryRoot, "artifacts", "ftpmount");
        if (File.Exists(built))
            return [built];
        string forJit = Path.Combine(RepositoryRoot, "artifacts", "bin", "FtpMount.Cli");
        string? assembly = Directory.Exists(forJit)
            ? Directory.EnumerateFiles(forJit, "ftpmount.dll", SearchOption.AllDirectories).MaxBy(File.GetLastWriteTimeUtc)
            : null;
        return assembly is null ? null : [WorkerProcess.DotNet, "exec", assembly];
    }
}
