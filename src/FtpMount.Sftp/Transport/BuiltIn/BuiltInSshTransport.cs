namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>The <c>sftp</c> subsystem on a channel of an SSH connection in this process.</summary>
internal sealed class BuiltInSshTransport(SshConnection connection, SshChannel channel, IAsyncDisposable? way, string description) : ISftpTransport
{
    /// <inheritdoc/>
    public string? Description => description;

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => channel.ReceiveAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => channel.SendAsync(bytes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        channel.SendAsync(header, content, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        await channel.DisposeAsync().ConfigureAwait(false);
        if (way is not null)
            await way.DisposeAsync().ConfigureAwait(false);
    }
}
