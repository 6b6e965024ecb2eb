using FtpMount.Ftp.Control;
using FtpMount.Ftp.Transport;
using FtpMount.Remote;

namespace FtpMount.Ftp.Session;

/// <summary>
/// How a session begins: greeting, AUTH TLS (<c>FtpConnection.Tls.cs</c>), USER, PASS, ACCT (RFC 959 section 5.4). The first session of a site asks FEAT, SYST and PWD in one packet, which
/// at the same time proves that the server bears that, then sends its settings and the look at the directory to be shown. Every later session sends PASS and its settings together.
/// </summary>
internal sealed partial class FtpConnection
{
    /// <summary>How long the first burst may stay unanswered before it counts as lost and the site is used one command at a time.</summary>
    private static readonly TimeSpan PipeliningProof = TimeSpan.FromSeconds(10);

    /// <summary>Facts that are worth having; those among them that are off are switched on.</summary>
    private static readonly string[] WantedFacts =
        ["type", "size", "modify", "perm", "unique", "create", "unix.mode", "unix.uid", "unix.gid", "unix.owner", "unix.group", "unix.ownername", "unix.groupname"];

    /// <summary>The login folder, as PWD gave it; asked on the first session only.</summary>
    public string? LoginFolder { get; private set; }

    /// <summary>Connects and logs in.</summary>
    /// <exception cref="RemoteException">One line for a person: unknown host, refused, not an FTP server, wrong password, full, time-out.</exception>
    public static async ValueTask<FtpConnection> ConnectAsync(FtpSite site, CancellationToken cancellationToken)
    {
        var options = site.Options;
        if (site.Connector.IsProxied && options.DataMode == FtpDataMode.Active)
            throw new RemoteException(RemoteError.Unsupported, "In active mode the server connects to this machine, which is not possible through a proxy. Leave out 'active'.");
        var observer = site.Observe?.Invoke();
        var socket = await site.Connector.ConnectAsync(
            options.Host, options.Port, options.Timeout, cancellationToken, observer is null ? null : () => observer.Reached(FtpSessionStep.NameResolved, null));
        var connection = new FtpConnection(
            new FtpControlConnection(new PlainTransport(socket), options.Timeout, site.Time, site.Logger) { Observer = observer }, site);
        connection.Reached(FtpSessionStep.Connected);
        try
        {
            if (options.Tls.Mode == FtpTlsMode.Implicit)
            {
                connection._tls = await site.Security.SecureControlAsync(socket, cancellationToken);
                connection._control.ReplaceTransport(connection._tls);
            }

            await connection.LogInAsync(cancellationToken);
            return connection;
        }
        catch (Exception e)
        {
            connection.Abandon();
            if (e is RemoteException { Error: RemoteError.TimedOut or RemoteError.Offline or RemoteError.ProtocolViolation } failure
                && !failure.Message.Contains(options.Host, StringComparison.Ordinal))
            {
                throw new RemoteException(failure.Error, $"{options.Host} port {options.Port}: {failure.Message}", failure) { ServerReply = failure.ServerReply };
            }

            throw;
        }
    }

    private async ValueTask LogInAsync(CancellationToken cancellationToken)
    {
        var first = Site.Features is null;
        var greeting = await GreetAsync(cancellationToken);
        _greeting = greeting;
        Reached(FtpSessionStep.Greeted);
        if (first)
            Site.Recall(greeting);
        await NegotiateTlsAsync(cancellationToken);
        if (_tls is not null)
            Reached(FtpSessionStep.Secured);
        EnsurePasswordMayBeSent();
        var recalls = first && Site.Features is not null;
        var settings = recalls ? RecallCommands() : Site.Features is { } known ? SettingsFor(known) : null;
        // The port of the first transfer is asked for in the same packet.
        var isExtended = Site.ExtendedDataCommands != FtpSupport.No;
        var asksPort = settings is not null && AsksEarly && Site.EarlyPorts == FtpSupport.Yes && !Site.Options.Tls.ClearControlAfterLogin;
        if (asksPort)
            settings = [.. settings!, DataCommand(isExtended)];
        var replies = await LogInAsync(settings, recalls, cancellationToken);
        Reached(FtpSessionStep.LoggedIn);

        if (settings is null)
        {
            await SetUpFirstAsync(greeting, cancellationToken);
        }
        else
        {
            replies ??= await ExchangeAsync(settings, cancellationToken);
            var made = asksPort ? replies[..^1] : replies;
            if (!recalls)
                CheckSettings(made);
            else if (!TryConfirmRecall(made))
                await SetUpFirstAsync(greeting, cancellationToken);
            if (asksPort)
                BeginEarly(Task.FromResult<FtpReply?>(replies[^1]), isExtended);
        }

        await ClearControlAsync(cancellationToken);
        Reached(FtpSessionStep.Ready);
    }

    /// <summary>Logs in, and sends the settings along where that is proven; gives the replies to these, null when they are still to be sent.</summary>
    private async ValueTask<FtpReply[]?> LogInAsync(FtpCommand[]? settings, bool recalls, CancellationToken cancellationToken)
    {
        var user = new FtpCommand("USER", Site.Codec.Encode(Site.Options.User));
        var pipelines = settings is not null && Site.Pipelining == FtpSupport.Yes && Site.Options.Account is null;
        if (pipelines && Site.LoginPipelining != FtpSupport.No)
            return await LogInAtOnceAsync(user, settings!, recalls, cancellationToken);
        var reply = await LoginReplyAsync(user, cancellationToken);
        if (reply.Code.IsIntermediate)
            return await PassAsync(reply, pipelines ? settings : null, recalls, cancellationToken);
        return reply.Code.IsCompletion ? null : throw Refused(reply);
    }

    /// <summary>
    /// USER, PASS and the settings in one packet, when an earlier session has shown that nothing else is asked. A server that drops what follows USER is not asked so again.
    /// </summary>
    private async ValueTask<FtpReply[]> LogInAtOnceAsync(FtpCommand user, FtpCommand[] settings, bool recalls, CancellationToken cancellationToken)
    {
        var isProven = Site.LoginPipelining == FtpSupport.Yes && !recalls;
        using var proof = new CancellationTokenSource(isProven ? Timeout.InfiniteTimeSpan : PipeliningProof, Site.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(proof.Token, cancellationToken);
        try
        {
            await SendAsync(new[] { user, Password }.Concat(settings).ToArray(), cancellationToken);
            var asked = await ReadTransferReplyAsync(either.Token);
            if (asked.Code.IsNegative || asked.Code == FtpReplyCode.NeedAccount)
                throw Refused(asked);
            var reply = await ReadTransferReplyAsync(either.Token);
            // Where USER alone lets in, PASS is superfluous.
            if (asked.Code.IsIntermediate || reply.EndsSession)
                CheckEarlyPass(reply);
            var replies = await ReadFinalAsync(settings.Length, either.Token);
            Site.LoginPipelining = FtpSupport.Yes;
            return replies;
        }
        catch (Exception e) when (e is OperationCanceledException && !cancellationToken.IsCancellationRequested
            || e is RemoteException { Error: RemoteError.Offline or RemoteError.TimedOut or RemoteError.ProtocolViolation })
        {
            if (Site.LoginPipelining == FtpSupport.Unknown)
                Site.LoginPipelining = FtpSupport.No;
            if (e is RemoteException)
                throw;
            throw new RemoteException(RemoteError.TimedOut, "The server did not answer all commands that were sent at once.", e);
        }
    }

    private FtpCommand Password => new("PASS", Site.Codec.Encode(Site.Options.Password));

    /// <summary>The reply to PASS when more was sent after it.</summary>
    private void CheckEarlyPass(FtpReply reply)
    {
        if (reply.Code == FtpReplyCode.SystemStatus)
        {
            // pyftpdlib takes its time to refuse a password, and meanwhile answers what follows: this is the reply to FEAT.
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server answers a later command before PASS ({reply.Text}).") { ServerReply = reply.Text };
        }

        if (!reply.Code.IsCompletion)
            throw Refused(reply);
    }

    private async ValueTask<FtpReply> GreetAsync(CancellationToken cancellationToken)
    {
        _control.ExpectGreeting();
        while (true)
        {
            var greeting = await _control.ReadReplyAsync(cancellationToken);
            if (greeting.Code.IsPreliminary)
                continue; // 120: ready in some minutes
            return greeting.Code.IsCompletion ? greeting : throw Refused(greeting);
        }
    }

    /// <summary>Sends PASS, and with it the settings where that is proven; gives the replies to these, null when they are still to be sent.</summary>
    private async ValueTask<FtpReply[]?> PassAsync(FtpReply user, FtpCommand[]? settings, bool recalls, CancellationToken cancellationToken)
    {
        if (user.Code == FtpReplyCode.NeedAccount)
        {
            await AccountAsync(user, cancellationToken);
            return null;
        }

        if (settings is not null)
        {
            await SendAsync(new[] { Password }.Concat(settings).ToArray(), cancellationToken);
            CheckEarlyPass(await _control.ReadReplyAsync(cancellationToken));
            return recalls ? await ReadRecallAsync(settings.Length, cancellationToken) : await ReadFinalAsync(settings.Length, cancellationToken);
        }

        var reply = await LoginReplyAsync(Password, cancellationToken);
        if (reply.Code == FtpReplyCode.NeedAccount)
            await AccountAsync(reply, cancellationToken);
        else if (!reply.Code.IsCompletion)
            throw Refused(reply);
        return null;
    }

    private async ValueTask AccountAsync(FtpReply asked, CancellationToken cancellationToken)
    {
        if (Site.Options.Account is not { } account)
        {
            throw new RemoteException(
                RemoteError.AuthenticationFailed, $"{Site.Options.Host} asks for an account (ACCT) beside the password ({asked.Text}).")
            { ServerReply = asked.Text };
        }

        var reply = await LoginReplyAsync(new FtpCommand("ACCT", Site.Codec.Encode(account)), cancellationToken);
        if (!reply.Code.IsCompletion)
            throw Refused(reply);
    }

    private async ValueTask SetUpFirstAsync(FtpReply greeting, CancellationToken cancellationToken)
    {
        FtpCommand[] questions = [.. RecallBegin, .. RecallEnd];
        FtpReply[] replies;
        if (Site.Pipelining == FtpSupport.No)
        {
            replies = await ExchangeAsync(questions, cancellationToken);
        }
        else
        {
            try
            {
                using var proof = new CancellationTokenSource(PipeliningProof, Site.Time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(proof.Token, cancellationToken);
                replies = await ExchangeAsync(questions, either.Token);
                Site.Pipelining = FtpSupport.Yes;
            }
            catch (Exception e) when (e is RemoteException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                Site.Pipelining = Site.TransferPipelining = FtpSupport.No;
                throw new RemoteException(RemoteError.Offline, "The server does not bear several commands at once; they are sent one at a time from now on.", e);
            }
        }

        var (feat, system, pwd) = (replies[0], replies[1], replies[2]);
        var features = FtpFeatures.Parse(feat);
        Site.ServerSoftware = FtpSiteIdentity.Describe(greeting, system);
        LoginFolder = PwdReply.TryParse(pwd, Site.Codec, out var folder) ? folder : ForeignFolder(pwd);
        Site.Learn(features);
        await SetUpAsync(features, Site.ResolveRoot(LoginFolder), cancellationToken);
        if (Site.PathPrefix.Length == 0) // otherwise not remembered: the look at the directory goes with the next login before its PWD
            Site.Identify(FtpSiteIdentity.From(greeting, system, feat, LoginFolder));
    }

    /// <summary>
    /// Sends the settings and, where nothing must be found out before, the look at the directory to be shown, which is then listed: where the server announces EPSV and data is not
    /// encrypted (what TLS session a data connection may resume is not known yet), the port for that is asked for at once.
    /// </summary>
    private async ValueTask SetUpAsync(FtpFeatures features, RemotePath root, CancellationToken cancellationToken)
    {
        var settings = SettingsFor(features);
        var looks = LooksAlong(root);
        var asksPort = AsksEarly && _tls is null && features.Has("EPSV") && Site.ExtendedDataCommands != FtpSupport.No;
        var replies = await ExchangeAsync([.. settings, .. looks, .. asksPort ? [DataCommand(isExtended: true)] : Array.Empty<FtpCommand>()], cancellationToken);
        CheckSettings(replies.AsSpan(0, settings.Length));
        if (looks.Length > 0)
            _rootReplies = (root, replies[settings.Length..(settings.Length + looks.Length)]);
        if (asksPort && replies[^1].Code.IsCompletion)
            BeginEarly(Task.FromResult<FtpReply?>(replies[^1]), isExtended: true);
        else if (asksPort && replies[^1].Code.IsPermanentNegative && MayFallBackToClassicDataCommands)
            Site.ExtendedDataCommands = FtpSupport.No;
    }

    /// <summary>
    /// The login folder where PWD does not begin with a slash: <c>C:\Users\anna</c> (Windows servers that show their drives). Anything else is shown from the server's own
    /// idea of <c>/</c>.
    /// </summary>
    private string ForeignFolder(FtpReply pwd)
    {
        var path = PwdReply.TryParseAny(pwd, Site.Codec, out var text) ? text : "";
        if (path.Length >= 3 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] is '\\' or '/')
        {
            Site.PathPrefix = path[..2];
            return path[2..].Replace('\\', '/');
        }

        return "/";
    }

    private FtpCommand[] SettingsFor(FtpFeatures features)
    {
        var commands = new List<FtpCommand>(3);
        if (features.Has("UTF8"))
        {
            // Some servers switch to UTF-8 only for clients that say their name; one that does not speak it may not translate names into it.
            if (features.Has("CLNT") && Site.Codec.IsUtf8)
                commands.Add(new FtpCommand("CLNT", "ftpmount"));
            commands.Add(new FtpCommand("OPTS", Site.Codec.IsUtf8 ? "UTF8 ON" : "UTF8 OFF"));
        }

        var facts = features.MlstFacts.Where(fact => fact.IsOn || WantedFacts.Contains(fact.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        if (facts.Exists(fact => !fact.IsOn))
            commands.Add(new FtpCommand("OPTS", "MLST " + string.Concat(facts.Select(fact => fact.Name + ";"))));
        commands.AddRange(ProtectionCommands());
        commands.Add(new FtpCommand("TYPE", "I"));
        return [.. commands];
    }

    /// <summary>OPTS may be refused (Pure-FTPd and pyftpdlib always speak UTF-8 and refuse the option); TYPE I may not.</summary>
    private void CheckSettings(ReadOnlySpan<FtpReply> replies)
    {
        if (_tls is not null)
            CheckProtection(replies[^2]);
        var type = replies[^1];
        if (!type.Code.IsCompletion)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server refuses binary transfers ({type.Text}).") { ServerReply = type.Text };
    }

    /// <summary>The reply to a command of the login, 421 included: that is then a refusal and not a lost connection.</summary>
    private async ValueTask<FtpReply> LoginReplyAsync(FtpCommand command, CancellationToken cancellationToken)
    {
        await SendAsync(new[] { command }, cancellationToken);
        while (true)
        {
            var reply = await _control.ReadReplyAsync(cancellationToken);
            if (!reply.Code.IsPreliminary)
                return reply;
        }
    }

    private RemoteException Refused(FtpReply reply) => FtpErrorMapping.LoginRefused(reply, Site.Options.Host, Site.Options.User);
}
