using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace FtpMount.Cli.Tests;

/// <summary>
/// A home, a mount point and the program, for one test. Whatever the test leaves mounted at its mount point is unmounted at the end.
/// </summary>
public sealed class Workspace : IAsyncDisposable
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public Workspace()
    {
        Home = Directory.CreateTempSubdirectory("ftpmount-cli-").FullName;
        MountPoint = Directory.CreateDirectory(Path.Combine(Home, "mnt")).FullName;
    }

    public string Home { get; }

    public string MountPoint { get; }

    /// <summary>Set for the programs that are started.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>What stands before the program, such as <c>unshare -n</c>.</summary>
    public List<string> Prefix { get; } = [];

    /// <summary>The program under test: FTPMOUNT_PROGRAM, or the build for the JIT beside the tests.</summary>
    public static string Program { get; } =
        System.Environment.GetEnvironmentVariable("FTPMOUNT_PROGRAM") is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "ftpmount");

    public static string RepositoryRoot { get; } =
        typeof(Workspace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;

    public static void SkipUnlessFuse()
    {
        Assert.SkipUnless(File.Exists("/dev/fuse"), "There is no /dev/fuse");
    }

    public static bool IsRoot => System.Environment.UserName == "root";

    public string SecretFile(string name, string content)
    {
        var path = Path.Combine(Home, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, Secret);
        return path;
    }

    /// <summary>Another name for the program, such as mount.ftpmount.</summary>
    public string ProgramAs(string name)
    {
        var link = Path.Combine(Home, name);
        if (!File.Exists(link))
            File.CreateSymbolicLink(link, Program);
        return link;
    }

    /// <summary>Runs the program, without a terminal, to its end.</summary>
    public Task<ProgramResult> RunAsync(params string[] arguments) => RunProgramAsync(Program, arguments);

    public async Task<ProgramResult> RunProgramAsync(string program, params string[] arguments)
    {
        await using var running = Start(["setsid", "--wait", .. Prefix, program, .. arguments]);
        return await running.WaitAsync();
    }

    /// <summary>Starts the program in a process of its own whose id is known, with SIGINT as a terminal leaves it: a test run in the background of a shell has SIGINT ignored, and its children inherit that.</summary>
    public RunningProgram StartProgram(params string[] arguments) => Start(["env", "--default-signal=INT", .. Prefix, Program, .. arguments]);

    public RunningProgram Start(string[] command, bool readOutput = true)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home,
        };
        foreach (var variable in new[] { "FTPMOUNT_PASSWORD", "XDG_CACHE_HOME", "XDG_STATE_HOME" })
            start.Environment.Remove(variable);
        start.Environment["HOME"] = Home;
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return new RunningProgram(Process.Start(start)!, readOutput);
    }

    /// <summary>What <c>status --json</c> says of this workspace's mount; null when it is not listed.</summary>
    public async Task<JsonElement?> StatusAsync()
    {
        var result = (await RunAsync("status", "--json")).MustSucceed();
        var document = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(1, document.GetProperty("version").GetInt32());
        foreach (var mount in document.GetProperty("mounts").EnumerateArray())
        {
            if (mount.GetProperty("mountPoint").GetString() == MountPoint)
                return mount;
        }

        return null;
    }

    public bool IsMounted => File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == MountPoint);

    public async ValueTask DisposeAsync()
    {
        if (IsMounted)
        {
            Prefix.Clear();
            Environment.Clear();
            await RunAsync("unmount", MountPoint, "--timeout", "5");
            if (IsMounted)
                await (Start(["umount", "-l", MountPoint])).WaitAsync();
        }

        Directory.Delete(Home, recursive: true);
    }
}
