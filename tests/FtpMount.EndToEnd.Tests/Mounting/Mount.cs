using System.Diagnostics;
using System.Globalization;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>
/// The real program with a real mount. Whatever happens to the test, nothing is left behind: a guardian process
/// (FtpMount.EndToEnd.Worker, <c>guard</c>) holds the program, and when this is disposed or the test program dies it kills the program,
/// detaches the mount point and removes the folders.
/// </summary>
public sealed class Mount : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan UnmountLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GuardianPatience = TimeSpan.FromSeconds(40);

    private readonly Process _guardian;
    private readonly string _folder;
    private readonly string _log;
    private readonly MountOptions _options;
    private readonly TaskCompletionSource<int> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reader;
    private bool _disposed;

    private Mount(Process guardian, string folder, string log, string mountPoint, string stateDirectory, MountOptions options)
    {
        _guardian = guardian;
        _folder = folder;
        _log = log;
        _options = options;
        MountPoint = mountPoint;
        StateDirectory = stateDirectory;
        _reader = ReadGuardianAsync();
    }

    /// <summary>Where it is mounted.</summary>
    public string MountPoint { get; }

    /// <summary>Its folder for staging files and the journal.</summary>
    public string StateDirectory { get; }

    /// <summary>The program's exit code, when it has ended.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>The process id of the program (of the prefix, where there is one that does not give way).</summary>
    public Task<int> ProcessId => _started.Task;

    /// <summary>Mounts a server and returns when the kernel has the mount.</summary>
    public static Task<Mount> StartAsync(FtpTestServer server, MountOptions? options = null) => StartAsync(MountSource.Of(server), options);

    /// <summary>Mounts a server and returns when the kernel has the mount.</summary>
    public static async Task<Mount> StartAsync(MountSource source, MountOptions? options = null)
    {
        options ??= new MountOptions();
        Mount mount = await LaunchAsync(source, options);
        try
        {
            // As a mount point that is stale is still in the table, having been cleared and mounted anew is seen by the log of the new program only.
            bool mounted = await MountTable.WaitAsync(mount.MountPoint, true, StartLimit, () => mount.Exited.IsCompleted);
            Assert.True(mounted && !mount.Exited.IsCompleted, $"The program did not mount within {StartLimit.TotalSeconds} s (exit code {(mount.Exited.IsCompleted ? await mount.Exited : "none")}):\n{mount.ReadLog()}");
            return mount;
        }
        catch
        {
            await mount.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program and returns at once.</summary>
    public static Task<Mount> LaunchAsync(FtpTestServer server, MountOptions options) => LaunchAsync(MountSource.Of(server), options);

    /// <summary>Starts the program and returns at once.</summary>
    public static async Task<Mount> LaunchAsync(MountSource source, MountOptions options)
    {
        MountProgram.SkipUnlessPresent();
        string folder = Directory.CreateTempSubdirectory("ftpmount-e2e-").FullName;
        try
        {
            return await LaunchAsync(source, options, folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true); // nothing was started that would do it
            throw;
        }
    }

    /// <summary>The path of an entry below the mount point.</summary>
    public string PathOf(string name) => Path.Combine(MountPoint, name);

    /// <summary><c>ftpmount unmount</c>; it must succeed, the mount must be gone and the program ended well.</summary>
    public async Task UnmountAsync()
    {
        (await RunUnmountAsync()).MustSucceed();
        Assert.True(await MountTable.WaitAsync(MountPoint, false, UnmountLimit), $"{MountPoint} is still mounted");
        Assert.Equal(0, await Exited.WaitAsync(UnmountLimit));
    }

    /// <summary><c>ftpmount unmount</c>, whatever comes of it.</summary>
    public Task<ProgramResult> RunUnmountAsync(params string[] arguments) => RunProgramAsync(["unmount", MountPoint, .. arguments]);

    /// <summary>Runs the program with these arguments as the user who mounted.</summary>
    public Task<ProgramResult> RunProgramAsync(params string[] arguments)
    {
        string[] command = [.. _options.Prefix, .. ProgramOf(_options), .. arguments];
        return ProgramRun.RunAsync(UnmountLimit, command[0], command[1..]);
    }

    /// <summary>SIGKILL to the program.</summary>
    public Task KillAsync() => CommandAsync("kill");

    /// <summary>SIGTERM to the program.</summary>
    public Task TerminateAsync() => CommandAsync("term");

    /// <summary>What the program has logged: the last 30,000 characters.</summary>
    public string ReadLog()
    {
        if (!File.Exists(_log))
            return "(no log)";
        string text = File.ReadAllText(_log);
        return text.Length <= 30_000 ? text : "[...]" + text[^30_000..];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        TestContext.Current.TestOutputHelper?.WriteLine($"Log of the mount {MountPoint}:\n{ReadLog()}");
        if (Environment.GetEnvironmentVariable("FTPMOUNT_TEST_LOGS") is { Length: > 0 } keep && File.Exists(_log))
            File.Copy(_log, Path.Combine(Directory.CreateDirectory(keep).FullName, Path.GetFileName(_folder) + ".log"), overwrite: true);
        try
        {
            _guardian.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended.
        }
        using var patience = new CancellationTokenSource(GuardianPatience);
        await _guardian.WaitForExitAsync(patience.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        if (!_guardian.HasExited)
            _guardian.Kill();
        await _reader;
        _guardian.Dispose();
    }

    private static async Task<Mount> LaunchAsync(MountSource source, MountOptions options, string folder)
    {
        string mountPoint = options.MountPoint ?? Directory.CreateDirectory(Path.Combine(folder, "mnt")).FullName;
        string state = options.StateDirectory ?? Directory.CreateDirectory(Path.Combine(folder, "state")).FullName;
        string cache = Directory.CreateDirectory(Path.Combine(folder, "cache")).FullName;
        if (options.Owner is not null)
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0x1ed);
            (await ProgramRun.RunAsync(StartLimit, "chown", [options.Owner, .. options.MountPoint is null ? (string[])[mountPoint] : [], state, cache])).MustSucceed();
        }
        string log = Path.Combine(folder, "log");
        string level = Environment.GetEnvironmentVariable("FTPMOUNT_TEST_LOG_LEVEL") is { Length: > 0 } named ? $",log-level={named}" : "";
        string mountOptions = string.Join(',', [$"cache-dir={cache}", $"state-dir={state}", .. source.Options, .. options.WriteThrough ? (string[])["write-through"] : [], .. options.Options]) + level;
        string url = source.LoginFolder + options.RemotePath;
        string[] command =
        [
            WorkerProcess.DotNet, "exec", WorkerProcess.Assembly, "guard", folder, mountPoint, log,
            .. options.Prefix, .. ProgramOf(options), "mount", "-f", "-o", mountOptions, url, mountPoint,
        ];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        if (source.Password is { } password)
            start.Environment["FTPMOUNT_PASSWORD"] = password;
        Process guardian = Process.Start(start) ?? throw new InvalidOperationException("The guardian did not start");
        return new Mount(guardian, folder, log, mountPoint, state, options);
    }

    private static string[] ProgramOf(MountOptions options) => options.Program is { } copy ? [copy] : MountProgram.Command;

    private async Task CommandAsync(string command)
    {
        await _guardian.StandardInput.WriteLineAsync(command);
        await _guardian.StandardInput.FlushAsync();
    }

    private async Task ReadGuardianAsync()
    {
        while (await _guardian.StandardOutput.ReadLineAsync() is { } line)
        {
            string[] words = line.Split(' ');
            if (words is ["started", var id])
                _started.TrySetResult(int.Parse(id, CultureInfo.InvariantCulture));
            else if (words is ["exited", var code])
                _exited.TrySetResult(int.Parse(code, CultureInfo.InvariantCulture));
        }
        _started.TrySetResult(-1);
        _exited.TrySetResult(-1);
    }
}
