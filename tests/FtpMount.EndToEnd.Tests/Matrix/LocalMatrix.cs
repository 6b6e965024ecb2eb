namespace FtpMount.EndToEnd.Tests.Matrix;

/// <summary>A temporary directory of this machine for the matrix.</summary>
public sealed class LocalMatrix : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ftpmount-e2e-local-").FullName;

    public LocalMatrix() => Bench = new MatrixBench(_folder, _folder);

    /// <summary>Runs the cases.</summary>
    public MatrixBench Bench { get; }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
