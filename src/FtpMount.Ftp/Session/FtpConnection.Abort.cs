using System.Buffers;
using System.Net.Sockets;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <content>
/// How a download ends that is not wanted any more. Closing the data connection is the quickest, and every server notices. Inside TLS that is a violation (a close_notify is
/// missing), over which ProFTPD 1.3.8 ends the session or, worse, sends the next listing in the clear; so there ABOR comes first, and what is on its way is taken off, where the server
/// stops at it (ProFTPD, Pure-FTPd, pyftpdlib; vsftpd does not hear it before the end).
/// </content>
internal sealed partial class FtpConnection
{
    /// <summary>What may be on its way when ABOR is sent: socket buffers of both sides. A server that goes on longer has not heard it.</summary>
    private const int MostOnItsWay = 16 * 1024 * 1024;

    /// <summary>How long a server may take to notice that its data connection was closed.</summary>
    private static readonly TimeSpan AbortGrace = TimeSpan.FromSeconds(3);

    /// <summary>
    /// After the data connection was closed early: reads the reply (426, or 226 when all was on its way already; Pure-FTPd repeats the 150). The first
    /// time, a NOOP shows whether exactly one reply came; a server that sends more or fewer loses its session at every abort.
    /// </summary>
    internal async ValueTask SettleAfterAbortAsync()
    {
        if (Site.CleanAbort == FtpSupport.No)
        {
            Abandon();
            return;
        }

        try
        {
            var reply = await _control.ReadReplyAsync(AbortGrace, CancellationToken.None);
            if (reply.Code.IsPreliminary)
                _control.TakeAsFinal();
            if (Site.CleanAbort == FtpSupport.Unknown)
            {
                var probe = await ExchangeOneAsync(new FtpCommand("NOOP"), CancellationToken.None);
                Site.CleanAbort = probe.Code.Value is 225 or 226 or 426 || !_control.IsIdle ? FtpSupport.No : FtpSupport.Yes;
                if (Site.CleanAbort == FtpSupport.No)
                {
                    Abandon();
                    return;
                }
            }

            TransferEnded();
        }
        catch (RemoteException)
        {
            Abandon();
        }
    }

    /// <summary>Ends a download over TLS before its end: ABOR (RFC 959 section 4.1.3), and what still comes is dropped. Never throws.</summary>
    internal async ValueTask AbortOverTlsAsync(FtpTransport data)
    {
        try
        {
            await SendAsync(new[] { new FtpCommand("ABOR") }, CancellationToken.None);
            var stopped = await DropRestAsync(data);
            data.Dispose();
            var owed = _control.RepliesOwed;
            for (var i = 0; i < owed; i++)
            {
                var reply = await _control.ReadReplyAsync(AbortGrace, CancellationToken.None);
                if (reply.EndsSession)
                    throw Closed(reply);
                if (reply.Code.IsPreliminary)
                    _control.TakeAsFinal();
            }

            if (Site.AbortCommand == FtpSupport.Unknown)
            {
                // The first time: whether there were exactly two replies, one for the transfer and one for ABOR.
                var probe = await ExchangeOneAsync(new FtpCommand("NOOP"), CancellationToken.None);
                if (probe.Code.Value is 225 or 226 or 426 || !_control.IsIdle)
                {
                    Site.AbortCommand = FtpSupport.No;
                    Abandon();
                    return;
                }
            }

            Site.AbortCommand = stopped ? FtpSupport.Yes : FtpSupport.No;
            TransferEnded();
        }
        catch (RemoteException e)
        {
            if (e.Error == RemoteError.TimedOut)
                Site.AbortCommand = FtpSupport.No; // one reply for both
            data.Dispose();
            Abandon();
        }
    }

    /// <returns>Whether the server ended the data connection within reasonable bounds.</returns>
    private async ValueTask<bool> DropRestAsync(FtpTransport data)
    {
        using var deadline = new CancellationTokenSource(AbortGrace, Site.Time);
        var buffer = ArrayPool<byte>.Shared.Rent(256 * 1024);
        try
        {
            // As it comes, without decrypting it.
            for (var left = MostOnItsWay; left > 0;)
            {
                var count = await data.Socket.ReceiveAsync(buffer, SocketFlags.None, deadline.Token);
                if (count == 0)
                    return true;
                left -= count;
            }

            return false;
        }
        catch (SocketException)
        {
            return true; // the server closed it in its own way
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
