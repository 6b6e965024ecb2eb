using System.Net.Sockets;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp.Transfers;

/// <summary>Receives from a data connection within the time limit, with failures in the contract's words. Completes synchronously when bytes are there.</summary>
internal static class FtpReceive
{
    /// <summary>The next bytes; 0 at the end.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.TimedOut"/>, <see cref="RemoteError.Offline"/>.</exception>
    public static ValueTask<int> ReceiveAsync(FtpDataTransfer transfer, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var receiving = transfer.Data.ReceiveAsync(buffer, transfer.Deadline.Start(cancellationToken));
        if (!receiving.IsCompletedSuccessfully)
            return WaitAsync(transfer, receiving);
        transfer.Deadline.Stop();
        var count = receiving.Result; // once only: what is behind it may be another wait's from here on
        transfer.Received += count;
        return new ValueTask<int>(count);
    }

    /// <summary>The failure of a data connection in the contract's words; null for what passes as it is.</summary>
    public static RemoteException? Translate(FtpDataTransfer transfer, Exception failure) => failure switch
    {
        OperationCanceledException when transfer.Deadline.HasExpired => new RemoteException(
            RemoteError.TimedOut, $"Nothing moved on the data connection for {transfer.Deadline.Timeout.TotalSeconds:0.#} s.", failure),
        SocketException or IOException or ObjectDisposedException => new RemoteException(
            RemoteError.Offline, $"The data connection was lost: {failure.Message}", failure),
        _ => null,
    };

    private static async ValueTask<int> WaitAsync(FtpDataTransfer transfer, ValueTask<int> receiving)
    {
        var time = transfer.Connection.Site.Time;
        var began = time.GetTimestamp();
        try
        {
            var count = await receiving;
            transfer.Received += count;
            transfer.Waited += time.GetElapsedTime(began);
            return count;
        }
        catch (Exception e) when (Translate(transfer, e) is { } failure)
        {
            throw failure;
        }
        finally
        {
            transfer.Deadline.Stop();
        }
    }
}
