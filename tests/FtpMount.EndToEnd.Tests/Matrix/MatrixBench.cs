using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>Runs cases one after the other in one worker process, and gets a new one when a case hung or killed it.</summary>
/// <param name="directory">Where the cases make their directories, as programs see it.</param>
/// <param name="serverDirectory">The same on the server's disk.</param>
public sealed class MatrixBench(string directory, string serverDirectory) : IAsyncDisposable
{
    /// <summary>Longer than the mount's own deadline of 30 s for one call.</summary>
    private static readonly TimeSpan CaseLimit = TimeSpan.FromSeconds(90);

    private WorkerProcess? _worker;

    /// <summary>Runs one case.</summary>
    public async Task<MatrixOutcome> RunAsync(string @case)
    {
        _worker ??= WorkerProcess.Start();
        var request = new WorkerRequest
        {
            Operation = "case",
            Name = @case,
            Path = ((FilePath)directory).Bytes.ToArray(),
            OtherPath = ((FilePath)serverDirectory).Bytes.ToArray(),
        };
        try
        {
            WorkerReply reply = await _worker.CallAsync(request, CaseLimit);
            return new MatrixOutcome(reply.Actual, reply.Text ?? "");
        }
        catch (WorkerHungException hung)
        {
            await _worker.DisposeAsync();
            _worker = null;
            return new MatrixOutcome("hung or died", hung.Message);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _worker?.DisposeAsync() ?? ValueTask.CompletedTask;
}
