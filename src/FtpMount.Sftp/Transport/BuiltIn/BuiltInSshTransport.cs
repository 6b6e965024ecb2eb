namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>The <c>sftp</c> subsystem on a channel of an SSH connection in this process.</summary>
internal sealed class BuiltInSshTransport(SshConnection connection, SshChannel channel, IAsyncDisposable? way, string description) : ISftpTransport
{
    /// <inheritdoc/>
    public string? Description => description;

    /// <inheritdoc/>
    public SshSessionFacts? Facts
    {
        get
        {
            var info = connection.Session.ConnectionInfo;
            return new SshSessionFacts
            {
                Software = info.ServerVersion?.Split('-', 3).Last(),
                KeyExchange = info.CurrentKeyExchangeAlgorithm,
                HostKey = info.CurrentHostKeyAlgorithm,
                Cipher = info.CurrentServerEncryption,
                MessageAuthentication = info.CurrentServerHmacAlgorithm is { Length: > 0 } mac ? mac : info.CurrentServerEncryption,
            };
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => channel.ReceiveAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken) => channel.ReceiveAsync(buffer, least, cancellationToken);

    /// <inheritdoc/>
    public long LastReceived => channel.LastReceived;

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
