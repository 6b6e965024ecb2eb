using FtpMount.Ftp.Control;
using FtpMount.Ftp.DataConnection;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <content>
/// The next data connection, made while nobody waits: when a transfer is over, and with the login, the next port is asked for and connected to, so that the next transfer costs one round trip
/// instead of three (the port, TCP's handshake, the transfer). Its reply is read in the background; commands that come before it follow in the same stream.
/// <para>
/// Servers accept such a connection only when the transfer begins, and until then keep a port busy. So it is held for a while only, never more than one for a session, and not at all where
/// the server once had no port to give.
/// </para>
/// </content>
internal sealed partial class FtpConnection
{
    /// <summary>How long it is kept: shorter than any time-out for it that was seen (pyftpdlib 30 s, vsftpd 60 s), and than a NAT forgets.</summary>
    private static readonly TimeSpan EarlyLifetime = TimeSpan.FromSeconds(20);

    private readonly Lock _earlyGate = new();
    private EarlyDataConnection? _early;
    private ITimer? _earlyTimer;
    private bool _isAbandoned;

    /// <summary>A port was asked for and no transfer has used it: the server keeps it busy, whether this side is still connected to it or not.</summary>
    private bool _holdsPort;

    /// <inheritdoc/>
    /// <remarks>Whether a transfer can begin at once.</remarks>
    public bool IsReady => Volatile.Read(ref _early) is { Connecting.IsCompletedSuccessfully: true };

    /// <inheritdoc/>
    public bool IsBecomingReady => Volatile.Read(ref _early) is { Connecting.IsCompleted: false };

    /// <summary>Whether ports are asked for before they are needed.</summary>
    private bool AsksEarly =>
        Site.EarlyPorts != FtpSupport.No
        && Site.Pipelining == FtpSupport.Yes
        && Site.TransferPipelining != FtpSupport.No
        && Site.Options.DataMode != FtpDataMode.Active
        && Site.Pret != FtpSupport.Yes;

    /// <summary>Asks for the next data connection, when there is none yet. Only between two operations; waits for nothing. Never throws.</summary>
    public async ValueTask PrepareTransferAsync()
    {
        if (!AsksEarly || !Site.DataConnectionsProven || Volatile.Read(ref _early) is not null || !IsUsable)
            return;
        try
        {
            var isExtended = Site.ExtendedDataCommands != FtpSupport.No;
            await SendAsync(new[] { DataCommand(isExtended) }, CancellationToken.None);
            BeginEarly(_control.ReadInBackground(), isExtended);
        }
        catch (RemoteException)
        {
            // The session is broken, which whoever looks at it next will see.
        }
    }

    private static FtpCommand DataCommand(bool isExtended) => new(isExtended ? "EPSV" : "PASV");

    /// <summary>Makes the data connection whose port is being asked for.</summary>
    private void BeginEarly(Task<FtpReply?> asking, bool isExtended)
    {
        _holdsPort = true;
        var early = new EarlyDataConnection(Site.Time.GetTimestamp(), early => MakeEarlyAsync(early, asking, isExtended));
        lock (_earlyGate)
        {
            if (!_isAbandoned)
            {
                _early = early;
                _earlyTimer ??= Site.Time.CreateTimer(static session => ((FtpConnection)session!).DropOldEarly(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _earlyTimer.Change(EarlyLifetime, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        early.Drop();
    }

    private async Task<FtpTransport> MakeEarlyAsync(EarlyDataConnection early, Task<FtpReply?> asking, bool isExtended)
    {
        var reply = await asking.WaitAsync(early.Stopped) ?? throw new RemoteException(RemoteError.Offline, "The connection was lost.");
        if (!TryParsePort(reply, isExtended, out var port))
        {
            // Most often no port is free. What it means is found out when a port is needed.
            Site.NoteNoPort(reply);
            throw new RemoteException(RemoteError.ServerFailure, $"The server offers no data connection ({reply.Text}).") { ServerReply = reply.Text };
        }

        var transport = await ConnectDataAsync(port, early.Stopped);
        // Where such a handshake is known to go well: it begins here, and ends when the server has said 150.
        if (ProtectsData && (_hasResumed || Site.TlsResumption == FtpSupport.No) && !_sessionIsGone)
        {
            early.Resumes = Site.TlsResumption != FtpSupport.No;
            early.Securing = Site.Security.SecureDataAsync(transport.Socket, _tls!, early.Resumes, early.Stopped).AsTask();
        }

        return transport;
    }

    /// <summary>Takes the data connection that was made early, or is being made; null when there is none that can be used.</summary>
    private EarlyDataConnection? TakeEarly(in FtpTransferRequest request)
    {
        EarlyDataConnection? early;
        lock (_earlyGate)
        {
            early = _early;
            _early = null;
        }

        if (early is null)
            return null;
        // A STOR without data connection empties the file on some servers.
        var isUsable = early.IsPromising && (Site.DataConnectionsProven || !request.Stores || early.IsReady) && Site.TransferPipelining != FtpSupport.No;
        if (isUsable)
        {
            _holdsPort = false;
            return early;
        }

        if (early.HasFailed)
            Site.NoteEarlyTransfer(wasGood: false);
        early.Drop();
        return null;
    }

    private void DropOldEarly()
    {
        EarlyDataConnection? old;
        lock (_earlyGate)
        {
            old = _early;
            if (old is null || Site.Time.GetElapsedTime(old.Since) < EarlyLifetime)
                return;
            _early = null;
        }

        old.Drop();
    }

    private void AbandonEarly()
    {
        EarlyDataConnection? early;
        lock (_earlyGate)
        {
            _isAbandoned = true;
            early = _early;
            _early = null;
            _earlyTimer?.Dispose();
        }

        early?.Drop();
    }
}
