using System.Buffers;
using System.Net.Sockets;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Transfers;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// A transfer under way: the data connection, and the right to the final reply on the control connection. It must be ended with
/// <see cref="CompleteAsync"/> or <see cref="AbortAsync"/>; otherwise the session is in doubt and is discarded.
/// </summary>
internal sealed class FtpDataTransfer : IDisposable
{
    private readonly FtpConnection _connection;
    private readonly Deadline _deadline;
    private readonly FtpReply? _earlyFinal;
    private Task<FtpReply?>? _final;
    private bool _isMeasured;

    internal FtpDataTransfer(FtpConnection connection, FtpTransport data, FtpReply opening)
    {
        _connection = connection;
        Data = data;
        _deadline = new Deadline(connection.Site.Time, connection.Site.Options.Timeout);
        Opening = opening;
        _earlyFinal = opening.Code.IsPreliminary ? null : opening;
    }

    /// <summary>The data connection.</summary>
    public FtpTransport Data { get; }

    /// <summary>The reply that opened it, usually 150.</summary>
    public FtpReply Opening { get; }

    /// <summary>The session.</summary>
    public FtpConnection Connection => _connection;

    /// <summary>Whether its data connection was made before it was known what for.</summary>
    public bool IsEarly { get; init; }

    /// <summary>Content received.</summary>
    public long Received { get; set; }

    /// <summary>How long it was waited for.</summary>
    public TimeSpan Waited { get; set; }

    /// <summary>The limit of time for one wait on the data connection.</summary>
    public Deadline Deadline => _deadline;

    /// <summary>
    /// Closes the data connection and reads the final reply. Closing comes first: ProFTPD answers only when the other side has closed, too.
    /// </summary>
    public async ValueTask<FtpReply> CompleteAsync(CancellationToken cancellationToken)
    {
        FtpReply reply;
        if (_final is not null)
        {
            reply = await _final.WaitAsync(cancellationToken) ?? throw _connection.LostReply();
        }
        else
        {
            EndData();
            reply = _earlyFinal ?? await _connection.ReadTransferReplyAsync(cancellationToken);
            _connection.TransferEnded();
        }

        if (IsEarly && (reply.Code.IsCompletion || (Received == 0 && reply.Code.Value is 425 or 426)))
            _connection.Site.NoteEarlyTransfer(reply.Code.IsCompletion);
        return reply;
    }

    /// <summary>All of it came, whatever the final reply will be.</summary>
    public void NoteGoodEnd()
    {
        if (IsEarly)
            _connection.Site.NoteEarlyTransfer(wasGood: true);
    }

    /// <summary>
    /// The data has ended: closes the data connection and lets other commands follow, before the final reply has come. <see cref="CompleteAsync"/> still gives it, to those who want it.
    /// </summary>
    /// <returns>False when the site does not bear that; nothing is done then.</returns>
    public bool TryLetOthersFollow()
    {
        if (!_connection.BearsCommandsBeforeFinalReply || _earlyFinal is not null)
            return false;
        EndData();
        _final ??= _connection.ReadTransferReplyInBackground(isLimited: true);
        _connection.TransferEnded();
        return true;
    }

    /// <summary>The final reply of a store, which is read while content is sent. No limit of time: <see cref="StoreWatch"/> sees to that.</summary>
    /// <exception cref="RemoteException">The session was lost.</exception>
    public async Task<FtpReply> ReadFinalAsync()
    {
        if (_earlyFinal is not null)
            return _earlyFinal;
        _final ??= _connection.ReadTransferReplyInBackground(isLimited: false);
        return await _final ?? throw _connection.LostReply();
    }

    /// <summary>As <see cref="CompleteAsync"/>, for a final reply that was read meanwhile.</summary>
    public void Completed()
    {
        Data.Dispose();
        _deadline.Dispose();
        _connection.TransferEnded();
    }

    /// <summary>Ends the transfer before its end, so that the session can be used again if the server is well-behaved. Never throws.</summary>
    public async ValueTask AbortAsync()
    {
        Measure();
        _deadline.Dispose();
        if (Data.IsEncrypted && _earlyFinal is null && _connection.Site.AbortCommand != FtpSupport.No)
        {
            await _connection.AbortOverTlsAsync(Data);
            return;
        }

        Data.Dispose();
        if (_earlyFinal is not null)
            _connection.TransferEnded();
        else
            await _connection.SettleAfterAbortAsync();
    }

    /// <summary>
    /// Ends a listing before its end. What is left is read and dropped when it is little; otherwise the session ends, too: after a broken-off listing Pure-FTPd
    /// puts what it had not sent in front of the next one. Never throws.
    /// </summary>
    public async ValueTask DrainOrAbandonAsync()
    {
        const int MostToDrain = 256 * 1024;
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            for (var left = MostToDrain; left > 0;)
            {
                var count = await FtpReceive.ReceiveAsync(this, buffer, CancellationToken.None);
                if (count == 0)
                {
                    await CompleteAsync(CancellationToken.None);
                    return;
                }

                left -= count;
            }

            Abandon();
        }
        catch (RemoteException)
        {
            Abandon();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Ends transfer and session at once, from any thread.</summary>
    public void Abandon()
    {
        try
        {
            // A reset and not an orderly end: half a STOR must not look like a whole file to the server.
            Data.Socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }

        Data.Dispose();
        _connection.Abandon();
    }

    private void EndData()
    {
        Measure();
        Data.Dispose();
        _deadline.Dispose();
    }

    /// <summary>Notes how fast a download was.</summary>
    private void Measure()
    {
        if (!_isMeasured)
            _connection.Site.DownloadGain.Note(Received, (Data as InflatingTransport)?.Carried, Waited);
        _isMeasured = true;
    }

    /// <summary>Closes the data connection; the session is left in doubt unless the transfer has ended.</summary>
    public void Dispose()
    {
        Data.Dispose();
        _deadline.Dispose();
    }
}
