using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>One server of each kind with one mount for the whole matrix, started when the first case needs it.</summary>
public sealed class MountedMatrix : IAsyncLifetime
{
    private readonly Dictionary<FtpServerKind, Task<Bench>> _benches = [];

    /// <summary>Runs one case on the mount of a server.</summary>
    public async Task<MatrixOutcome> RunAsync(FtpServerKind kind, string @case)
    {
        if (!_benches.TryGetValue(kind, out Task<Bench>? bench))
            _benches[kind] = bench = StartAsync(kind); // one that failed stays: 180 cases need not wait for it each
        return await (await bench).Matrix.RunAsync(@case);
    }

    /// <summary>What the mount has logged.</summary>
    public async Task<string> LogAsync(FtpServerKind kind) => (await _benches[kind]).Mount.ReadLog();

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Task<Bench> started in _benches.Values.Where(started => started.IsCompletedSuccessfully))
        {
            Bench bench = await started;
            await bench.Matrix.DisposeAsync();
            await bench.Mount.DisposeAsync();
            await bench.Server.DisposeAsync();
        }
    }

    private static async Task<Bench> StartAsync(FtpServerKind kind)
    {
        FtpTestServer server = await FtpTestServer.StartAsync(kind);
        try
        {
            Mount mount = await Mount.StartAsync(server);
            return new Bench(server, mount, new MatrixBench(mount.MountPoint, server.RootDirectory));
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private sealed record Bench(FtpTestServer Server, Mount Mount, MatrixBench Matrix);
}
