using FtpMount.Ftp.Control;
using FtpMount.Remote;
using FtpMount.Remote.Pool;

namespace FtpMount.Ftp.Session;

/// <summary>
/// A logged-in session: the control connection and what must be remembered of its state at the server (working directory, a REST that may be pending,
/// a transfer under way). <c>FtpConnection.Transfer.cs</c> opens data connections, <c>FtpConnection.Login.cs</c> makes the session.
/// </summary>
internal sealed partial class FtpConnection : IPooledConnection
{
    private readonly FtpControlConnection _control;
    private bool _transferRunning;

    /// <summary>A REST or RANG was sent and the transfer that it belongs to has not begun: vsftpd and ProFTPD would apply it to the next one.</summary>
    private bool _restartPending;

    /// <summary>The data connections of this session are compressed: MODE Z holds until MODE S.</summary>
    private bool _compresses;

    private FtpConnection(FtpControlConnection control, FtpSite site)
    {
        _control = control;
        Site = site;
    }

    /// <summary>What is known of the server.</summary>
    public FtpSite Site { get; }

    /// <summary>TLS version and cipher of the session, for people; null when it is not encrypted.</summary>
    public string? Encryption => _tls?.Description;

    /// <summary>Whether a data connection has resumed the TLS session.</summary>
    public bool HasResumed => _hasResumed;

    /// <summary>The working directory at the server, as far as it is known; null before the first CWD that this program sent.</summary>
    public RemotePath? WorkingDirectory { get; private set; }

    /// <summary>The algorithm that HASH uses on this session, as far as it was chosen here.</summary>
    public string? HashAlgorithm { get; set; }

    /// <inheritdoc/>
    /// <remarks>
    /// Also false when its TLS session is about to become too old for its data connections, and when it holds a port of a server that has too few of them.
    /// </remarks>
    public bool IsReusable => IsUsable && !IsTlsSessionAging && !(_holdsPort && Site.EarlyPorts == FtpSupport.No);

    /// <summary>Whether it is between two operations.</summary>
    public bool IsUsable => !_transferRunning && _control.IsIdle;

    /// <inheritdoc/>
    public async ValueTask<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        var reply = await ExchangeAsync(new FtpCommand("NOOP"), cancellationToken);
        return reply.Code.IsCompletion || reply.Code.IsUnknownCommand;
    }

    /// <summary>Sends one command and reads its final reply.</summary>
    public async ValueTask<FtpReply> ExchangeAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        if (await IsMangledAsync(command, cancellationToken))
            command = await NameAsync(command, cancellationToken);
        return await ExchangeOneAsync(command, cancellationToken);
    }

    /// <summary>As <see cref="ExchangeAsync(FtpCommand, CancellationToken)"/>, for work that takes the server longer than a reply may usually take.</summary>
    /// <param name="command">The command.</param>
    /// <param name="patience">The longest silence.</param>
    /// <param name="cancellationToken">Ends the waiting, and the session.</param>
    public async ValueTask<FtpReply> ExchangeAsync(FtpCommand command, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (await IsMangledAsync(command, cancellationToken))
            command = await NameAsync(command, cancellationToken);
        await SendAsync(new[] { command }, cancellationToken);
        while (true)
        {
            var reply = await _control.ReadReplyAsync(patience, cancellationToken);
            if (reply.EndsSession)
                throw Closed(reply);
            if (!reply.Code.IsPreliminary)
                return reply;
        }
    }

    /// <summary>Sends commands in one packet, where the server bears it, and reads their final replies.</summary>
    /// <returns>One reply for each command, in their order.</returns>
    /// <exception cref="RemoteException">The connection was lost, also when the server closed it with 421; no reply is returned then.</exception>
    public async ValueTask<FtpReply[]> ExchangeAsync(FtpCommand[] commands, CancellationToken cancellationToken)
    {
        var isAnyMangled = false;
        foreach (var command in commands)
            isAnyMangled |= await IsMangledAsync(command, cancellationToken);
        var replies = new FtpReply[commands.Length];
        if (commands.Length == 1 || Site.Pipelining == FtpSupport.No || isAnyMangled)
        {
            for (var i = 0; i < commands.Length; i++)
                replies[i] = await ExchangeOneAsync(isAnyMangled ? await NameAsync(commands[i], cancellationToken) : commands[i], cancellationToken);
            return replies;
        }

        var received = 0;
        try
        {
            await SendAsync(commands, cancellationToken);
            for (; received < commands.Length; received++)
                replies[received] = await ReadFinalAsync(cancellationToken);
            Site.NoteWholeBurst();
            return replies;
        }
        catch (RemoteException e) when (received > 0 && received < commands.Length)
        {
            Site.NoteBrokenBurst(e.Error, Site.Pipelining);
            throw;
        }
    }

    /// <summary>Remembers that nobody knows what CWD has done.</summary>
    public void ForgetWorkingDirectory() => WorkingDirectory = null;

    /// <summary>Sends commands in one packet without waiting for their replies, which <see cref="ReadOwedAsync"/> gives. For names that have been sent before.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public ValueTask SendAheadAsync(FtpCommand[] commands, CancellationToken cancellationToken) => SendAsync(commands, cancellationToken);

    /// <summary>The final replies to what was sent ahead.</summary>
    /// <exception cref="RemoteException">The connection was lost, also when the server closed it with 421.</exception>
    public ValueTask<FtpReply[]> ReadOwedAsync(int count, CancellationToken cancellationToken) => ReadFinalAsync(count, cancellationToken);

    /// <summary>Remembers that a CWD succeeded.</summary>
    public void NoteWorkingDirectory(RemotePath directory) => WorkingDirectory = directory;

    /// <summary>Ends the session at once.</summary>
    public void Abandon()
    {
        AbandonEarly();
        _control.Dispose();
        _tls?.Dispose();
    }

    /// <summary>Says QUIT, without waiting for the answer, and closes. The server ends the session the same when the QUIT is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (IsUsable)
                await _control.SendAsync(new[] { new FtpCommand("QUIT") }, CancellationToken.None);
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            // It is being closed anyway.
        }
        finally
        {
            Abandon();
        }
    }

    private async ValueTask<FtpReply> ExchangeOneAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        await SendAsync(new[] { command }, cancellationToken);
        return await ReadFinalAsync(cancellationToken);
    }

    private ValueTask SendAsync(ReadOnlyMemory<FtpCommand> commands, CancellationToken cancellationToken)
    {
        Site.CountCommands(commands.Length);
        return _control.SendAsync(commands, cancellationToken);
    }

    private async ValueTask<FtpReply> ReadFinalAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await _control.ReadReplyAsync(cancellationToken);
            if (reply.EndsSession)
                throw Closed(reply);
            if (!reply.Code.IsPreliminary)
                return reply;
        }
    }

    private static RemoteException Closed(FtpReply reply) =>
        new(RemoteError.Offline, $"The server closed the connection ({reply.Text}).") { ServerReply = reply.Text };

    /// <summary>
    /// Finds out, before the first name with the byte 255 goes to this site, whether it must be doubled. ProFTPD follows Telnet (255 255 stands for
    /// one 255, and a 255 before a Telnet command eats both) and repeats the path in its refusals; vsftpd, Pure-FTPd and pyftpdlib take bytes as they are.
    /// </summary>
    private async ValueTask EnsureNamesArriveAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        const byte Iac = 0xFF;
        if (_control.DoublesIac || !command.Argument.Span.Contains(Iac))
            return;
        if (Site.IacDoubling == FtpSupport.Unknown)
        {
            // No such folder, whatever becomes of the two bytes.
            var reply = await ExchangeOneAsync(new FtpCommand("CWD", "/\u00FF\u00FF.ftpmount-no-such-folder"), cancellationToken);
            Site.IacDoubling = reply.Bytes.Count(Iac) == 1 ? FtpSupport.Yes : FtpSupport.No;
        }

        _control.DoublesIac = Site.IacDoubling == FtpSupport.Yes;
    }
}
