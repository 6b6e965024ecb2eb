using System.Net;
using System.Net.Sockets;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.DataConnection;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <content>
/// TLS (RFC 4217): AUTH TLS before anything else is said, PBSZ and PROT with the other settings after the login, CCC if asked for; and the handshake of each data
/// connection, which comes after the server's 150 (ProFTPD and Pure-FTPd lock up otherwise) and resumes the session of this control connection (vsftpd, ProFTPD and FileZilla
/// Server demand it).
/// </content>
internal sealed partial class FtpConnection
{
    /// <summary>How long the server may take to say why it did not like a data connection.</summary>
    private static readonly TimeSpan DataFailureGrace = TimeSpan.FromSeconds(3);

    /// <summary>TLS of the control connection, also after CCC: its session is what data connections resume.</summary>
    private TlsTransport? _tls;

    /// <summary>A data connection has resumed the session.</summary>
    private bool _hasResumed;

    /// <summary>The session cannot be resumed any more.</summary>
    private volatile bool _sessionIsGone;

    /// <summary>Whether data connections are encrypted.</summary>
    public bool ProtectsData => _tls is not null && !Site.Options.Tls.ClearData;

    /// <summary>Whether data connections of this session may soon fail, because its TLS session is too old to be resumed.</summary>
    private bool IsTlsSessionAging => ProtectsData && Site.TlsResumption != FtpSupport.No && (_sessionIsGone || _tls!.IsSessionAging(Site.Time.GetUtcNow()));

    /// <summary>Before the login: turns to TLS, as the options and what is known of the server demand.</summary>
    private async ValueTask NegotiateTlsAsync(CancellationToken cancellationToken)
    {
        var mode = Site.Options.Tls.Mode;
        if (mode is FtpTlsMode.Off or FtpTlsMode.Implicit || (mode == FtpTlsMode.Auto && Site.Tls == FtpSupport.No))
            return;
        var reply = await LoginReplyAsync(new FtpCommand("AUTH", "TLS"), cancellationToken);
        if (reply.Code.Value is 234 or 334)
        {
            Site.Tls = FtpSupport.Yes;
            if (_control.HasInput)
            {
                throw new RemoteException(
                    RemoteError.Untrusted, $"{Site.Options.Host} sent more before TLS began than it may. Somebody may be in between; nothing was sent.");
            }

            _tls = await Site.Security.SecureControlAsync(_control.Transport.Socket, cancellationToken);
            _control.ReplaceTransport(_tls);
            return;
        }

        if (!reply.Code.IsPermanentNegative)
            throw Refused(reply);
        if (mode == FtpTlsMode.Required)
        {
            throw new RemoteException(
                RemoteError.Untrusted, $"{Site.Options.Host} offers no TLS ({reply.Text}), and it is required. Nothing was sent. tls=auto would go on without.")
            { ServerReply = reply.Text };
        }

        if (Site.Tls == FtpSupport.Yes)
        {
            throw new RemoteException(
                RemoteError.Untrusted,
                $"{Site.Options.Host} spoke TLS before and refuses it now ({reply.Text}). Somebody may be in between; nothing was sent. If TLS was switched off at the server: tls=off.")
            { ServerReply = reply.Text };
        }

        Site.Tls = FtpSupport.No;
        Site.Logger.LogInformation("{Server} offers no TLS ({Reply}); nothing is encrypted", Site.Options.DisplayName, reply.Text);
    }

    /// <summary>A password goes in the clear only where nobody but one's own network sees it, or where that was asked for.</summary>
    private void EnsurePasswordMayBeSent()
    {
        var options = Site.Options;
        if (_tls is not null || options.Tls.Mode == FtpTlsMode.Off || IsAnonymous(options.User))
            return;
        var address = ServerAddress();
        if (address is not null && PrivateNetwork.Contains(address))
            return;
        throw new RemoteException(
            RemoteError.Untrusted,
            $"{options.Host}{(address is null || options.Host == address.ToString() ? "" : $" ({address})")} offers no TLS, and the password of {FtpReply.Printable(options.User)} would cross the internet readable by anybody. "
            + "It was not sent. If that is acceptable: tls=off.");
    }

    /// <summary>The server's address, when this side knows it: through a proxy only when it was given as one.</summary>
    private IPAddress? ServerAddress()
    {
        if (!Site.Connector.IsProxied)
        {
            try
            {
                return _control.Transport.RemoteEndPoint.Address;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // A connection that was reset has no address any more.
                throw new RemoteException(RemoteError.Offline, $"The connection was lost: {e.Message}", e);
            }
        }

        return IPAddress.TryParse(Site.Options.Host, out var literal) ? literal : null;
    }

    private static bool IsAnonymous(string user) =>
        user.Equals("anonymous", StringComparison.OrdinalIgnoreCase) || user.Equals("ftp", StringComparison.OrdinalIgnoreCase);

    /// <summary>PBSZ and PROT (RFC 4217 section 9).</summary>
    private IEnumerable<FtpCommand> ProtectionCommands() => _tls is null
        ? []
        : [new FtpCommand("PBSZ", "0"), new FtpCommand("PROT", ProtectsData ? "P" : "C")];

    private void CheckProtection(FtpReply prot)
    {
        if (prot.Code.IsCompletion)
            return;
        throw new RemoteException(
            RemoteError.Untrusted,
            ProtectsData
                ? $"{Site.Options.Host} does not encrypt data connections ({prot.Text}). If that is acceptable: tls-data=clear."
                : $"{Site.Options.Host} insists on encrypted data connections ({prot.Text}). Leave out tls-data=clear.")
        { ServerReply = prot.Text };
    }

    /// <summary>CCC (RFC 4217 section 12.3), when it is wanted.</summary>
    private async ValueTask ClearControlAsync(CancellationToken cancellationToken)
    {
        if (_tls is null || !Site.Options.Tls.ClearControlAfterLogin)
            return;
        _tls.EndsWithNextSend = true;
        var reply = await ExchangeOneAsync(new FtpCommand("CCC"), cancellationToken);
        if (!reply.Code.IsCompletion)
        {
            throw new RemoteException(
                RemoteError.Unsupported, $"{Site.Options.Host} keeps the control connection encrypted ({reply.Text}). Leave out tls-control=clear-after-login.")
            { ServerReply = reply.Text };
        }

        using var deadline = new Deadline(Site.Time, Site.Options.Timeout);
        try
        {
            _control.ReplaceTransport(await _tls.LeaveAsync(deadline.Start(cancellationToken)));
        }
        catch (OperationCanceledException e) when (deadline.HasExpired)
        {
            throw new RemoteException(RemoteError.TimedOut, "The server did not end TLS after CCC.", e);
        }
        catch (Exception e) when (e is TlsException or SocketException)
        {
            throw new RemoteException(RemoteError.ProtocolViolation, $"TLS did not end well after CCC: {e.Message}.", e);
        }
    }

    /// <summary>Encrypts a data connection after the server has said 150, or ends the handshake that was begun before.</summary>
    /// <returns>Null when the server broke it off because it resumed the session, or because it was begun early, and the transfer is to be begun once more.</returns>
    private async ValueTask<TlsTransport?> SecureDataAsync(FtpTransport plain, EarlyDataConnection? early, CancellationToken cancellationToken)
    {
        var resumes = early?.Securing is not null ? early.Resumes : Site.TlsResumption != FtpSupport.No && !_sessionIsGone;
        using var deadline = new Deadline(Site.Time, Site.Options.Timeout);
        TlsTransport transport;
        try
        {
            transport = early?.Securing is { } begun
                ? await begun.WaitAsync(deadline.Start(cancellationToken))
                : await Site.Security.SecureDataAsync(plain.Socket, _tls!, resumes, deadline.Start(cancellationToken));
        }
        catch (OperationCanceledException e) when (deadline.HasExpired)
        {
            plain.Dispose();
            throw new RemoteException(
                RemoteError.TimedOut, $"The server did not finish the TLS handshake of the data connection within {Site.Options.Timeout.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is TlsException or SocketException or ObjectDisposedException)
        {
            plain.Dispose();
            var reply = await ReasonAsync(cancellationToken);
            if (early is not null && !_control.IsBroken)
            {
                Site.NoteEarlyTransfer(wasGood: false);
                return null;
            }

            if (resumes && Site.TlsResumption == FtpSupport.Unknown && !_control.IsBroken)
            {
                Site.NoteResumptionBroken();
                return null;
            }

            throw new RemoteException(
                RemoteError.ServerFailure, $"The data connection could not be encrypted: {e.Message}{(reply is null ? "" : $" (the server said: {reply.Text})")}.", e)
            { ServerReply = reply?.Text };
        }
        catch
        {
            plain.Dispose();
            throw;
        }

        if (Site.Logger.IsEnabled(LogLevel.Debug))
            Site.Logger.LogDebug("Data connection with {Tls}{Resumed}", transport.Description, transport.IsResumed ? ", resumed" : "");
        if (transport.IsResumed)
        {
            _hasResumed = true;
        }
        else if (resumes && _hasResumed)
        {
            // The server has dropped the session. What is strict refuses this transfer now, so it is begun anew, on another connection.
            _sessionIsGone = true;
            transport.Dispose();
            throw new RemoteException(RemoteError.Offline, "The server does not know the TLS session of this connection any more.");
        }

        return transport;
    }

    /// <summary>After a data connection failed: the final reply, if one comes soon. Without it the session is in doubt.</summary>
    private async ValueTask<FtpReply?> ReasonAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var reply = await _control.ReadReplyAsync(DataFailureGrace, cancellationToken);
                if (reply.Code.IsPreliminary)
                    continue;
                TransferEnded();
                return reply;
            }
        }
        catch (RemoteException)
        {
            return null;
        }
    }
}
