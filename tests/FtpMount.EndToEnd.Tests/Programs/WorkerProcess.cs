using System.Diagnostics;
using System.Text.Json;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;

namespace FtpMount.EndToEnd.Tests.Programs;

/// <summary>
/// A process that makes system calls on behalf of a test (see FtpMount.EndToEnd.Worker). When a call does not return in time the
/// process is killed, which ends its wait for the mount, and the test fails instead of hanging.
/// </summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    /// <summary>The process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>The dotnet that runs this test program.</summary>
    internal static string DotNet => Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    /// <summary>The worker's assembly.</summary>
    internal static string Assembly => Path.Combine(AppContext.BaseDirectory, "FtpMount.EndToEnd.Worker.dll");

    /// <summary>Starts one.</summary>
    /// <param name="prefix">A program that starts it, with its arguments, such as setpriv; none by default.</param>
    public static WorkerProcess Start(params string[] prefix)
    {
        string[] command = [.. prefix, DotNet, "exec", Assembly, "serve"];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["DOTNET_TieredCompilation"] = "1";
        return new WorkerProcess(Process.Start(start) ?? throw new InvalidOperationException("The worker did not start"));
    }

    /// <summary>Makes a call and waits for its end.</summary>
    /// <param name="request">The call.</param>
    /// <param name="limit">The longest time without an answer and without a sign of progress.</param>
    /// <param name="progress">Told how far a long call has come.</param>
    /// <exception cref="WorkerHungException">No answer in time; the worker was killed and is of no use any more.</exception>
    public async Task<WorkerReply> CallAsync(WorkerRequest request, TimeSpan limit, Action<long>? progress = null)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request));
        await _process.StandardInput.FlushAsync();
        long last = 0;
        while (true)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            deadline.CancelAfter(limit);
            string? line;
            try
            {
                line = await _process.StandardOutput.ReadLineAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                string stack = KernelStack();
                Kill();
                throw new WorkerHungException($"{request.Operation} {request.Name} did not return within {limit.TotalSeconds} s (progress {last}){stack}");
            }
            if (line is null)
            {
                await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(KillPatience);
                throw new WorkerHungException($"The worker died with exit code {_process.ExitCode} during {request.Operation} {request.Name} (progress {last})");
            }
            WorkerReply reply = JsonSerializer.Deserialize<WorkerReply>(line)!;
            if (!reply.IsProgress)
                return reply;
            last = reply.Value;
            progress?.Invoke(last);
        }
    }

    /// <summary>open(2); the call must succeed.</summary>
    public async Task<int> OpenAsync(FilePath path, int flags, TimeSpan limit)
    {
        WorkerReply reply = await CallAsync(new WorkerRequest { Operation = "open", Path = path.Bytes.ToArray(), Flags = flags, Mode = 0x1a4 }, limit);
        Assert.True(reply.Error == Errno.None, $"open({path}): {reply.Error}");
        return (int)reply.Value;
    }

    /// <summary>A call on a path.</summary>
    public Task<WorkerReply> PathAsync(string operation, FilePath path, TimeSpan limit, long length = 0, int seed = 0, Action<long>? progress = null) =>
        CallAsync(new WorkerRequest { Operation = operation, Path = path.Bytes.ToArray(), Length = length, Seed = seed }, limit, progress);

    /// <summary>A call on an open descriptor.</summary>
    public Task<WorkerReply> DescriptorAsync(string operation, int descriptor, TimeSpan limit, long offset = 0, long length = 0, int seed = 0) =>
        CallAsync(new WorkerRequest { Operation = operation, Descriptor = descriptor, Offset = offset, Length = length, Seed = seed }, limit);

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Kill();
        using var patience = new CancellationTokenSource(KillPatience);
        await _process.WaitForExitAsync(patience.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        _process.Dispose();
    }

    /// <summary>Where in the kernel its threads wait, when we may know.</summary>
    private string KernelStack()
    {
        try
        {
            return string.Concat(Directory.EnumerateDirectories($"/proc/{_process.Id}/task")
                .Select(task => File.ReadAllText(Path.Combine(task, "stack")))
                .Where(stack => stack.Contains("fuse", StringComparison.Ordinal))
                .Select(stack => "\n" + stack));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
