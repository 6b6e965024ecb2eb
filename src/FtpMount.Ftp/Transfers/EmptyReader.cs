using FtpMount.Remote;

namespace FtpMount.Ftp.Transfers;

/// <summary>A read that begins at or past the end of the file.</summary>
internal sealed class EmptyReader(long position) : IRemoteReader
{
    /// <inheritdoc/>
    public long Position => position;

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken) => new(0);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
