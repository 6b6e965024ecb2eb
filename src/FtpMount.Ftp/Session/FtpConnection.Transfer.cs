using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.DataConnection;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Session;

/// <summary>
/// How a transfer begins: EPSV (or PASV, EPRT, PORT), REST and the transfer command, in one packet where the site bears it, so that it costs one round trip
/// and the connecting of the data connection. The port comes in the first reply; the connection is made while the server works on the rest.
/// </summary>
internal sealed partial class FtpConnection
{
    /// <summary>How long a refusal may follow a data connection that could not be made: ProFTPD closes its listener first and then says why.</summary>
    private static readonly TimeSpan RefusalGrace = TimeSpan.FromSeconds(3);

    /// <summary>How long to wait for a port to come free at the server.</summary>
    private static readonly TimeSpan PortPause = TimeSpan.FromSeconds(1);

    /// <summary>Begins a transfer.</summary>
    /// <exception cref="RemoteException">The session is lost, or there is no way to make a data connection.</exception>
    public async ValueTask<FtpTransferOpening> OpenTransferAsync(FtpTransferRequest request, CancellationToken cancellationToken)
    {
        (request, var ended) = await NameAsync(request, cancellationToken);
        if (ended is { } present)
            return present;
        var began = Site.Time.GetTimestamp();
        // The first store of a site goes only to a data connection that is there; asking for another one takes no less long.
        if (request.Stores && !Site.DataConnectionsProven && Volatile.Read(ref _early) is { IsPromising: true } coming)
            await ((Task)coming.Connecting.WaitAsync(cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (true)
        {
            FtpTransferOpening? opening;
            if (Site.Options.DataMode == FtpDataMode.Active)
            {
                var extended = Site.ExtendedDataCommands != FtpSupport.No;
                using var listener = new ActiveListener(_control.Transport.LocalEndPoint.Address, _control.Transport.RemoteEndPoint.Address);
                opening = await OpenAsync(request, new DataRoute { IsExtended = extended, Listener = listener, Began = began }, cancellationToken);
            }
            else if (TakeEarly(request) is { } early)
            {
                await using (early)
                    opening = await OpenAsync(request, new DataRoute { Early = early, Began = began }, cancellationToken);
            }
            else
            {
                opening = await OpenAsync(request, new DataRoute { IsExtended = Site.ExtendedDataCommands != FtpSupport.No, Began = began }, cancellationToken);
            }

            if (opening is { } result)
                return result;
        }
    }

    /// <summary>Reads the final reply of a transfer. 421 is returned as well: the transfer failed, and the session with it.</summary>
    internal async ValueTask<FtpReply> ReadTransferReplyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await _control.ReadReplyAsync(cancellationToken);
            if (!reply.Code.IsPreliminary)
                return reply;
        }
    }

    /// <summary>
    /// Whether other commands may be sent when the data of a transfer has ended and its final reply has not come. Not before: servers that listen during a transfer refuse most of what they
    /// hear (ProFTPD, Pure-FTPd). Nor where data is encrypted: what a server does with its session between the end of the data and the reply is its own affair.
    /// </summary>
    internal bool BearsCommandsBeforeFinalReply => Site.Pipelining == FtpSupport.Yes && Site.TransferPipelining != FtpSupport.No && _tls is null;

    /// <summary>Reads the final reply of the transfer that was begun last in the background. Null when it does not come (<see cref="LostReply"/>).</summary>
    /// <param name="isLimited">Whether there is a limit of time for it; otherwise somebody else sees to it that it comes.</param>
    internal Task<FtpReply?> ReadTransferReplyInBackground(bool isLimited) =>
        isLimited ? _control.ReadInBackground() : _control.ReadInBackground(Timeout.InfiniteTimeSpan);

    /// <summary>Why a reply that was read in the background did not come.</summary>
    internal RemoteException LostReply() =>
        _control.BackgroundFailure is { } e ? new RemoteException(e.Error, e.Message, e) { ServerReply = e.ServerReply } : new RemoteException(RemoteError.Offline, "The connection was lost.");

    /// <summary>The transfer is over and its final reply was read.</summary>
    internal void TransferEnded() => _transferRunning = false;

    /// <returns>Null when there was no data connection to be had in this way and it is to be tried again.</returns>
    private async ValueTask<FtpTransferOpening?> OpenAsync(FtpTransferRequest request, DataRoute route, CancellationToken cancellationToken)
    {
        var script = new TransferScript(this, request, route.Command);
        _transferRunning = true;
        CancellationTokenSource? connectingLimit = null;
        Task<FtpTransport>? connecting = null;
        try
        {
            if (script.ChangesMode)
                NoteMode(!_compresses, await script.NextAsync(cancellationToken));
            if (script.Enters)
            {
                var entered = await script.NextAsync(cancellationToken);
                if (entered.Code.IsNegative)
                {
                    await RefuseEnteredAsync(script, route, cancellationToken);
                    return FtpTransferOpening.Refused(entered, enter: true);
                }

                WorkingDirectory = request.Enter;
            }

            if (request.Absent is not null && await script.NextAsync(cancellationToken) is { Code.IsCompletion: true } present)
            {
                await script.DrainAsync(cancellationToken);
                TransferEnded();
                return FtpTransferOpening.Present(present);
            }

            var prepared = script.Prepares ? await script.NextAsync(cancellationToken) : null;
            if (prepared is not null && prepared.Code.IsUnknownCommand)
                Site.Pret = FtpSupport.No;
            connectingLimit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            (connecting, var refusal) = await BeginDataAsync(script, route, connectingLimit.Token, cancellationToken);
            if (refusal is not null)
            {
                _restartPending |= script.Restarts;
                await script.DrainAsync(cancellationToken);
                TransferEnded();
                if (prepared is { Code.IsNegative: true } && Site.Pret == FtpSupport.Yes)
                    return FtpTransferOpening.Refused(prepared); // no machine was chosen, because there is no such file
                await LearnDataRefusalAsync(refusal, route, cancellationToken);
                return null;
            }

            if (script.Restarts)
            {
                var restarted = await script.NextAsync(cancellationToken);
                if (restarted.Code.IsNegative && request.Restart + (request.RangeLength ?? 0) > 0)
                {
                    if (script.IsTransferSent)
                        _control.MarkBroken(); // the transfer runs from the wrong place: nobody may see it
                    else
                        TransferEnded();
                    return FtpTransferOpening.Refused(restarted, restart: true);
                }

                _restartPending = request.Restart > 0 || request.RangeLength is not null;
            }

            var opening = await AwaitOpeningAsync(script, connecting!, cancellationToken);
            if (opening.Code.IsNegative)
                return RefusedOpening(opening, route);

            var transport = await connecting!;
            connecting = null;
            _restartPending = false;
            if (ProtectsData)
            {
                if (await SecureDataAsync(transport, route.Early, cancellationToken) is not { } secured)
                    return null;
                transport = secured;
            }

            route.Early?.TakeOver();

            if (_compresses)
                transport = new InflatingTransport(transport);
            Site.DataConnectionsProven = true;
            if (Site.ExtendedDataCommands == FtpSupport.Unknown)
                Site.ExtendedDataCommands = FtpSupport.Yes;
            if (script.IsAhead && Site.TransferPipelining == FtpSupport.Unknown)
                Site.TransferPipelining = FtpSupport.Yes;
            return FtpTransferOpening.Opened(new FtpDataTransfer(this, transport, opening) { IsEarly = route.Early is not null }, opening);
        }
        catch (RemoteException e) when (route.Early is { HasFailed: true })
        {
            // The server neither gave a port nor refused the transfer, which may be waiting for ever: another session does it in the usual way.
            _control.MarkBroken();
            Site.NoteEarlyTransfer(wasGood: false);
            throw new RemoteException(RemoteError.Offline, e.Message, e) { ServerReply = e.ServerReply };
        }
        catch (RemoteException e) when (script.IsAhead && script.Received > 0 && e.Error is RemoteError.TimedOut or RemoteError.Offline)
        {
            Site.NoteBrokenBurst(e.Error, Site.TransferPipelining);
            throw;
        }
        finally
        {
            if (connecting is not null && route.Early is null)
                await DiscardAsync(connecting, connectingLimit!);
            connectingLimit?.Dispose();
        }
    }

    /// <summary>What the refusal of the transfer command means; null when it was about the early data connection, and the transfer is to be tried again.</summary>
    private FtpTransferOpening? RefusedOpening(FtpReply refusal, in DataRoute route)
    {
        TransferEnded();
        if (route.Early is null || refusal.Code.Value is not (425 or 503))
            return FtpTransferOpening.Refused(refusal);
        Site.NoteEarlyTransfer(wasGood: false);
        return null;
    }

    /// <summary>The reply to MODE: it holds for all transfers from here on.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: the server does not leave MODE Z.</exception>
    private void NoteMode(bool compresses, FtpReply reply)
    {
        if (reply.Code.IsCompletion)
        {
            _compresses = compresses;
        }
        else if (compresses)
        {
            Site.ModeZ = FtpSupport.No;
            Site.Logger.LogInformation("{Server} announces MODE Z and refuses it ({Reply}); nothing is compressed", Site.Options.DisplayName, reply.Text);
        }
        else
        {
            _control.MarkBroken(); // whether what comes is compressed is anybody's guess
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server refuses uncompressed transfers ({reply.Text}). Try compress=off.") { ServerReply = reply.Text };
        }
    }

    /// <summary>
    /// The directory could not be entered, but the rest of the packet is at the server: a listing of another directory may begin. It is taken off and dropped.
    /// </summary>
    private async ValueTask RefuseEnteredAsync(TransferScript script, DataRoute route, CancellationToken cancellationToken)
    {
        if (!script.IsTransferSent)
        {
            await script.DrainAsync(cancellationToken);
            TransferEnded();
            return;
        }

        if (script.Prepares)
            await script.NextAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (connecting, refusal) = await BeginDataAsync(script, route, limit.Token, cancellationToken);
        if (refusal is not null)
        {
            await script.DrainAsync(cancellationToken);
            TransferEnded();
            return;
        }

        try
        {
            if (script.Restarts)
                await script.NextAsync(cancellationToken);
            var opening = await AwaitOpeningAsync(script, connecting!, cancellationToken);
            if (opening.Code.IsNegative)
            {
                TransferEnded();
                return;
            }

            var transport = await connecting!;
            if (ProtectsData)
            {
                if (await SecureDataAsync(transport, route.Early, cancellationToken) is not { } secured)
                    return;
                transport = secured;
            }

            route.Early?.TakeOver();
            await new FtpDataTransfer(this, transport, opening).DrainOrAbandonAsync();
        }
        finally
        {
            if (!connecting!.IsCompletedSuccessfully && route.Early is null)
                await DiscardAsync(connecting, limit);
        }
    }

    /// <summary>Begins to make the data connection: by the reply to the data command, or with what was made before.</summary>
    /// <returns>One of the two: the connection, or the server's refusal.</returns>
    private async ValueTask<(Task<FtpTransport>? Connecting, FtpReply? Refusal)> BeginDataAsync(
        TransferScript script, DataRoute route, CancellationToken limit, CancellationToken cancellationToken)
    {
        if (route.Early is { } early)
            return (early.Connecting, null);
        var reply = await script.NextAsync(cancellationToken);
        if (route.Listener is { } listener)
            return reply.Code.IsCompletion ? (AcceptDataAsync(listener, limit), null) : (null, reply);
        return TryParsePort(reply, route.IsExtended, out var port) ? (ConnectDataAsync(port, limit), null) : (null, reply);
    }

    /// <summary>
    /// The reply to the transfer command, while the data connection is being made. When that fails, the server gets a moment to say why it refused.
    /// </summary>
    private async ValueTask<FtpReply> AwaitOpeningAsync(TransferScript script, Task<FtpTransport> connecting, CancellationToken cancellationToken)
    {
        if (!script.IsTransferSent)
            await script.SendNextAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = script.ReadOpeningAsync(limit.Token).AsTask();
        await Task.WhenAny(connecting, reading);
        if (reading.IsCompleted || connecting.IsCompletedSuccessfully)
            return await reading;

        using var grace = new CancellationTokenSource(RefusalGrace, Site.Time);
        using var stop = grace.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), limit);
        try
        {
            var reply = await reading;
            if (reply.Code.IsNegative)
                return reply;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing more to hear: the failure to connect is the reason.
        }

        _control.MarkBroken();
        await connecting;
        throw new RemoteException(RemoteError.ServerFailure, "The data connection failed.");
    }

    private async Task<FtpTransport> ConnectDataAsync(int port, CancellationToken cancellationToken)
    {
        // Whatever address the server names: only the one that the control connection goes to. A proxy knows that by the host's name.
        var host = Site.Connector.IsProxied ? Site.Options.Host : _control.Transport.RemoteEndPoint.Address.ToString();
        return await MakeDataAsync(
            async token =>
            {
                var socket = await Site.Connector.ConnectAsync(host, port, Site.Options.Timeout, token);
                Site.Limiter?.Shape(socket);
                return socket;
            },
            $"port {port} of the server, which it named for the data connection, cannot be reached",
            cancellationToken);
    }

    private Task<FtpTransport> AcceptDataAsync(ActiveListener listener, CancellationToken cancellationToken) =>
        MakeDataAsync(
            token => listener.AcceptAsync(token),
            "the server did not connect back to us; active mode needs a way in through every firewall and NAT",
            cancellationToken);

    private async Task<FtpTransport> MakeDataAsync(Func<CancellationToken, Task<Socket>> make, string failure, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(Site.Options.Timeout, Site.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return new PlainTransport(await make(either.Token));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RemoteException(RemoteError.TimedOut, $"No data connection within {Site.Options.Timeout.TotalSeconds:0.#} s: {failure}.", e);
        }
        catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut)
        {
            throw new RemoteException(e.Error, $"No data connection: {failure} ({e.Message.TrimEnd('.')}).", e);
        }
        catch (SocketException e)
        {
            throw new RemoteException(RemoteError.Offline, $"No data connection: {failure} ({e.Message}).", e);
        }
    }

    private static async ValueTask DiscardAsync(Task<FtpTransport> connecting, CancellationTokenSource limit)
    {
        await limit.CancelAsync();
        try
        {
            (await connecting).Dispose();
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is not wanted any more.
        }
    }

    private static bool TryParsePort(FtpReply reply, bool isExtended, out int port) =>
        isExtended
            ? PassiveReply.TryParseExtended(reply, out port)
            : PassiveReply.TryParseClassic(reply, out port);

    /// <summary>Whether PASV (or PORT) may be used where EPSV (or EPRT) is refused.</summary>
    private bool MayFallBackToClassicDataCommands =>
        Site.Options.DataMode is FtpDataMode.Auto or FtpDataMode.Active
        && (Site.Connector.IsProxied || FtpSite.HasClassicDataCommands(_control.Transport.RemoteEndPoint.AddressFamily));

    /// <summary>Decides what to try after EPSV, EPRT, PASV or PORT was refused.</summary>
    private async ValueTask LearnDataRefusalAsync(FtpReply refusal, DataRoute route, CancellationToken cancellationToken)
    {
        if (refusal.Code.IsTransientNegative && Site.DataConnectionsProven && Site.Time.GetElapsedTime(route.Began) < Site.Options.Timeout)
        {
            // There are no ports left, perhaps because sessions of this mount hold some that they do not need.
            Site.NoteNoPort(refusal);
            await Task.Delay(PortPause, Site.Time, cancellationToken);
            return;
        }

        // What is remembered from an earlier mount is no proof.
        var canFallBack = (Site.ExtendedDataCommands == FtpSupport.Unknown || (Site.ExtendedDataCommands == FtpSupport.Yes && !Site.DataConnectionsProven))
            && MayFallBackToClassicDataCommands;
        if (canFallBack)
        {
            Site.ExtendedDataCommands = FtpSupport.No;
            return;
        }

        throw new RemoteException(
            refusal.Code.IsNegative ? RemoteError.ServerFailure : RemoteError.ProtocolViolation,
            $"The server offers no data connection ({refusal.Text}). Try another data mode (passive, active).")
        { ServerReply = refusal.Text };
    }

    /// <summary>How the data connection of a transfer is made.</summary>
    private readonly record struct DataRoute
    {
        /// <summary>EPSV or EPRT; otherwise PASV or PORT.</summary>
        public bool IsExtended { get; init; }

        /// <summary>Active mode.</summary>
        public ActiveListener? Listener { get; init; }

        /// <summary>A data connection that was made before.</summary>
        public EarlyDataConnection? Early { get; init; }

        /// <summary>When the transfer was asked for.</summary>
        public long Began { get; init; }

        /// <summary>The command that asks for it; null when that was done before.</summary>
        public FtpCommand? Command => Early is not null ? null : Listener?.Command(IsExtended) ?? DataCommand(IsExtended);
    }

    /// <summary>The commands of one transfer, sent all at once or one at a time, and their replies in order.</summary>
    private sealed class TransferScript
    {
        private readonly FtpConnection _connection;
        private readonly FtpCommand[] _commands;
        private int _sent;

        public TransferScript(FtpConnection connection, in FtpTransferRequest request, FtpCommand? dataCommand)
        {
            _connection = connection;
            var site = connection.Site;
            Enters = request.Enter is not null;
            Restarts = request.Restart > 0 || request.RangeLength is not null || connection._restartPending;
            Prepares = site.Pret == FtpSupport.Yes && dataCommand is not null;
            var commands = new List<FtpCommand>(6);
            ChangesMode = connection._compresses != (request.Compresses && site.ModeZ == FtpSupport.Yes);
            if (ChangesMode)
                commands.Add(new FtpCommand("MODE", connection._compresses ? "S" : "Z"));
            if (request.Enter is { } directory)
                commands.Add(site.Command("CWD", directory));
            if (request.Absent is { } absent)
                commands.Add(site.Command(site.Mlst == FtpSupport.Yes ? "MLST" : "SIZE", absent));
            if (Prepares)
                commands.Add(new FtpCommand("PRET", request.Command.Argument.IsEmpty ? Encoding.ASCII.GetBytes(request.Command.Verb) : (byte[])[.. Encoding.ASCII.GetBytes(request.Command.Verb + " "), .. request.Command.Argument.Span]));
            if (dataCommand is { } asks)
                commands.Add(asks);
            if (request.RangeLength is { } length)
                commands.Add(new FtpCommand("RANG", string.Create(CultureInfo.InvariantCulture, $"{request.Restart} {request.Restart + length - 1}")));
            else if (Restarts)
                commands.Add(new FtpCommand("REST", request.Restart.ToString(CultureInfo.InvariantCulture)));
            commands.Add(request.Command);
            _commands = [.. commands];

            var pipelines = site.Pipelining != FtpSupport.No && site.TransferPipelining != FtpSupport.No;
            if (!pipelines)
                Ahead = 1;
            else if (request.Stores && (Restarts || request.Absent is not null || !site.DataConnectionsProven))
                Ahead = Math.Max(1, _commands.Length - 1);
            else
                Ahead = _commands.Length;
        }

        /// <summary>Whether MODE goes first.</summary>
        public bool ChangesMode { get; }

        public bool Enters { get; }

        /// <summary>Whether PRET goes before the data command.</summary>
        public bool Prepares { get; }

        public bool Restarts { get; }

        /// <summary>Whether the transfer command goes with the others.</summary>
        public bool IsAhead => Ahead == _commands.Length && _commands.Length > 1;

        public int Received { get; private set; }

        public bool IsTransferSent => _sent == _commands.Length;

        /// <summary>How many commands go into the first packet.</summary>
        private int Ahead { get; }

        public async ValueTask SendNextAsync(CancellationToken cancellationToken)
        {
            var count = _sent == 0 ? Ahead : 1;
            await _connection.SendAsync(_commands.AsMemory(_sent, count), cancellationToken);
            _sent += count;
        }

        /// <summary>The final reply to the next command, which is not the transfer command.</summary>
        public async ValueTask<FtpReply> NextAsync(CancellationToken cancellationToken)
        {
            if (Received == _sent)
                await SendNextAsync(cancellationToken);
            var reply = await _connection.ReadFinalAsync(cancellationToken);
            Received++;
            return reply;
        }

        /// <summary>The first reply to the transfer command, usually preliminary.</summary>
        public async ValueTask<FtpReply> ReadOpeningAsync(CancellationToken cancellationToken)
        {
            var reply = await _connection._control.ReadReplyAsync(cancellationToken);
            Received++;
            return reply.EndsSession ? throw Closed(reply) : reply;
        }

        /// <summary>Reads the replies to everything that was sent, whatever they are.</summary>
        public async ValueTask DrainAsync(CancellationToken cancellationToken)
        {
            while (Received < _sent)
            {
                await _connection.ReadFinalAsync(cancellationToken);
                Received++;
            }
        }
    }
}
