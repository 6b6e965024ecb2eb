using FtpMount.EndToEnd.Tests.Mounting;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>One server of each kind with one mount for the whole matrix, started when the first case needs it.</summary>
public sealed class MountedMatrix : IAsyncLifetime
{
    private readonly Dictionary<string, Task<Bench>> _benches = [];

    /// <summary>Runs one case on the mount of a server.</summary>
    /// <param name="place">The server, as <see cref="WorkPlace"/> names it.</param>
    /// <param name="case">The case.</param>
    public async Task<MatrixOutcome> RunAsync(string place, string @case)
    {
        if (!_benches.TryGetValue(place, out Task<Bench>? bench))
            _benches[place] = bench = StartAsync(place); // one that failed stays: 180 cases need not wait for it each
        return await (await bench).Matrix.RunAsync(@case);
    }

    /// <summary>What the mount has logged.</summary>
    public async Task<string> LogAsync(string place) => (await _benches[place]).Place.ReadLog();

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Task<Bench> started in _benches.Values.Where(started => started.IsCompletedSuccessfully))
        {
            Bench bench = await started;
            await bench.Matrix.DisposeAsync();
            await bench.Place.DisposeAsync();
        }
    }

    private static async Task<Bench> StartAsync(string name)
    {
        WorkPlace place = await WorkPlace.OpenAsync(name);
        return new Bench(place, new MatrixBench(place.Directory, place.ServerDirectory));
    }

    private sealed record Bench(WorkPlace Place, MatrixBench Matrix);
}
