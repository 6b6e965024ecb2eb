using System.Runtime.Versioning;
using FtpMount.Remote;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>The standard streams of an <c>ssh -s ... sftp</c> process.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SshTransport(SshProcess process, string description, Func<SshProcess, ValueTask<RemoteException>> explain) : ISftpTransport
{
    private int _disposed;

    /// <inheritdoc/>
    public string? Description => description;

    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await process.Output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw await LostAsync().ConfigureAwait(false);
        }

        return count > 0 ? count : throw await LostAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await process.Input.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw await LostAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Volatile.Write(ref _disposed, 1);
        return process.DisposeAsync();
    }

    private async ValueTask<RemoteException> LostAsync() =>
        Volatile.Read(ref _disposed) != 0
            ? new RemoteException(RemoteError.Offline, "The connection to the server is closed.")
            : await explain(process).ConfigureAwait(false);
}
