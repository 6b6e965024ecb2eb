namespace FtpMount.Vfs.Content;

/// <summary>Reads the content for one open handle.</summary>
public sealed class ContentReader : IAsyncDisposable
{
    internal ContentReader() => throw new NotImplementedException();

    /// <summary>Reads.</summary>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
