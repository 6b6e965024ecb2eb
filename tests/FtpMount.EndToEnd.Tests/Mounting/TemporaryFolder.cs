namespace FtpMount.EndToEnd.Tests.Mounting;

/// <summary>A folder of this machine's disk for the length of a test; never a mount point.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>The folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("ftpmount-e2e-folder-").FullName;

    /// <summary>The path of an entry.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
