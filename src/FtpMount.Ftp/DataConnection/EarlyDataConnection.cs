using System.Net.Sockets;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;

namespace FtpMount.Ftp.DataConnection;

/// <summary>
/// A data connection that is made before it is known what for: the port was asked for (EPSV, PASV) after the last transfer, TCP is connected, and where that is known to work the TLS handshake has
/// begun. It belongs to its session until a transfer takes it; whoever has it disposes it, or takes its transport over.
/// </summary>
internal sealed class EarlyDataConnection : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private bool _isTakenOver;

    /// <param name="since">When the port was asked for.</param>
    /// <param name="make">Makes the connection; told where to put <see cref="Securing"/>.</param>
    public EarlyDataConnection(long since, Func<EarlyDataConnection, Task<FtpTransport>> make)
    {
        Since = since;
        Stopped = _stop.Token;
        Connecting = make(this);
    }

    /// <summary>When the port was asked for (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long Since { get; }

    /// <summary>Cancelled when nobody wants it any more.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>The connection; fails when the server gave no port or cannot be reached there.</summary>
    public Task<FtpTransport> Connecting { get; }

    /// <summary>The TLS handshake, when it was begun; set before <see cref="Connecting"/> ends.</summary>
    public Task<TlsTransport>? Securing { get; set; }

    /// <summary>Whether <see cref="Securing"/> offered the session of the control connection.</summary>
    public bool Resumes { get; set; }

    /// <summary>Whether there is no hope for it.</summary>
    public bool HasFailed => Connecting is { IsFaulted: true } or { IsCanceled: true } || Securing is { IsFaulted: true } or { IsCanceled: true };

    /// <summary>Whether it is there, and the server has not closed it.</summary>
    public bool IsReady =>
        Connecting.IsCompletedSuccessfully
        && (Securing is null ? Connecting.Result.IsQuiet
            : Securing.IsCompletedSuccessfully ? Securing.Result.IsQuiet
            : !Securing.IsCompleted);

    /// <summary>Whether it is worth waiting for.</summary>
    public bool IsPromising => Connecting.IsCompleted ? IsReady : !HasFailed;

    /// <summary>The caller has the transport from now on.</summary>
    public void TakeOver() => _isTakenOver = true;

    /// <summary>Lets it go without waiting.</summary>
    public void Drop() => _ = DisposeAsync().AsTask();

    /// <summary>Closes the connection, unless it was taken over. Never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isTakenOver)
        {
            await _stop.CancelAsync();
            await DisposeAsync(Connecting);
            if (Securing is not null)
                await DisposeAsync(Securing);
        }

        _stop.Dispose();
    }

    private static async ValueTask DisposeAsync<T>(Task<T> making)
        where T : FtpTransport
    {
        try
        {
            (await making).Dispose();
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // It is not wanted any more.
        }
    }
}
