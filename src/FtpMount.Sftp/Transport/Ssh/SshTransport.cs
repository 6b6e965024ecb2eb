using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using FtpMount.Remote;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>The standard streams of an <c>ssh -s ... sftp</c> process.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SshTransport(SshProcess process, string description, SshDebugOutput? debug, TimeProvider time, Func<SshProcess, ValueTask<RemoteException>> explain) : ISftpTransport
{
    private readonly PipeReceiver _receiver = new(process.Output.SafePipeHandle, time);
    private readonly PipeSender _sender = new(process.Input.SafePipeHandle);
    private int _disposed;

    /// <inheritdoc/>
    public string? Description => description;

    /// <inheritdoc/>
    public SshSessionFacts? Facts => debug?.Facts;

    /// <inheritdoc/>
    public long LastReceived => _receiver.LastReceived;

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => ReceiveAsync(buffer, 1, cancellationToken);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await _receiver.ReceiveAsync(buffer, least, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw await LostAsync().ConfigureAwait(false);
        }

        return count > 0 ? count : throw await LostAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => SendAsync(bytes, default, cancellationToken);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await _sender.SendAsync(header, content, cancellationToken).ConfigureAwait(false);
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
        _receiver.Dispose();
        _sender.Dispose();
        return process.DisposeAsync();
    }

    private async ValueTask<RemoteException> LostAsync() =>
        Volatile.Read(ref _disposed) != 0
            ? new RemoteException(RemoteError.Offline, "The connection to the server is closed.")
            : await explain(process).ConfigureAwait(false);
}
