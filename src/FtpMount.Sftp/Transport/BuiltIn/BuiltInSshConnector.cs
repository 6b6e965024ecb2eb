using FtpMount.Remote;
using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.HostKeys;
using FtpMount.Sftp.Keys;
using Microsoft.Extensions.Logging;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// Makes SSH connections in this process, by SSH.NET: passwords, keys, certificates, the agent, keyboard-interactive questions, host keys checked against known_hosts,
/// <c>~/.ssh/config</c>, jump hosts. Each transport is a connection of its own (and one more for each jump host), so that each has a window, a cipher and a CPU of its own.
/// </summary>
internal sealed class BuiltInSshConnector : ISftpConnector
{
    /// <summary>How the description of its transports begins.</summary>
    internal const string DescriptionPrefix = "built-in SSH";

    private const int KeepalivesPerLoss = 3;

    /// <summary>Jump hosts that are reached through jump hosts; more is a circle.</summary>
    private const int MostHops = 8;

    /// <summary>OpenSSH's servers end a login that takes longer (LoginGraceTime).</summary>
    private static readonly TimeSpan TypingTime = TimeSpan.FromMinutes(2);

    private static readonly string[] UsualIdentities = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

    private readonly SftpOptions _options;
    private readonly ISshPrompter? _prompter;
    private readonly SshEnvironment _environment;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _first = new(1, 1);
    private IReadOnlyList<HostState>? _route;
    private bool _hasConnected;

    /// <summary>Creates a connector.</summary>
    /// <param name="options">The server.</param>
    /// <param name="prompter">Who is asked for what a login needs; null for nobody.</param>
    /// <param name="environment">Where the user's keys and configuration are.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where messages go.</param>
    public BuiltInSshConnector(SftpOptions options, ISshPrompter? prompter, SshEnvironment environment, TimeProvider time, ILogger logger)
    {
        _options = options;
        _prompter = prompter;
        _environment = environment;
        _time = time;
        _logger = logger;
    }

    /// <inheritdoc/>
    public TimeSpan Patience => _prompter is { IsAvailable: true } ? TypingTime : TimeSpan.Zero;

    /// <inheritdoc/>
    public async ValueTask<ISftpTransport> ConnectAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _hasConnected))
            return await ConnectRouteAsync(cancellationToken).ConfigureAwait(false);
        // The first connection may ask a person; the others then know the answers.
        await _first.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var transport = await ConnectRouteAsync(cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _hasConnected, true);
            return transport;
        }
        finally
        {
            _first.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _first.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<ISftpTransport> ConnectRouteAsync(CancellationToken cancellationToken)
    {
        var route = Route();
        JumpRelay? way = null;
        SshConnection? connection = null;
        try
        {
            for (var i = 0; i < route.Count; i++)
            {
                connection = await LogInAsync(route[i], way, cancellationToken).ConfigureAwait(false);
                if (i == route.Count - 1)
                    break;
                way = await LeadOnAsync(connection, way, route[i + 1].Configuration, cancellationToken).ConfigureAwait(false);
                connection = null;
            }

            return await StartSubsystemAsync(connection!, way, route[^1].Configuration, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (connection is not null)
                await connection.DisposeAsync().ConfigureAwait(false);
            if (way is not null)
                await way.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<ISftpTransport> StartSubsystemAsync(SshConnection connection, JumpRelay? way, SshHostConfiguration configuration, CancellationToken cancellationToken)
    {
        SshChannel? channel = null;
        try
        {
            channel = await SshChannel.OpenAsync(connection, new SessionChannelOpen(), cancellationToken).ConfigureAwait(false);
            if (!await channel.RequestAsync(new SubsystemRequest("sftp"u8), cancellationToken).ConfigureAwait(false))
            {
                throw new RemoteException(
                    RemoteError.Unsupported, $"{configuration.HostName} has no 'sftp' subsystem. Switch it on in the server's configuration (sshd_config: Subsystem sftp ...).");
            }

            KeepAlive(connection, channel, configuration);
            var info = connection.Session.ConnectionInfo;
            return new BuiltInSshTransport(connection, channel, way, $"{DescriptionPrefix} ({info.ServerVersion}, {info.CurrentClientEncryption})");
        }
        catch (Exception e)
        {
            if (channel is not null)
                await channel.DisposeAsync().ConfigureAwait(false);
            if (e is ChannelRefusedException refused)
                throw new RemoteException(RemoteError.TooManyConnections, $"{configuration.HostName} does not open one more session: {Printable(refused.Description)}.", refused);
            throw;
        }
    }

    /// <summary>Opens the way through a host to the next one; the way owns the connection and the way that leads to it.</summary>
    private async ValueTask<JumpRelay> LeadOnAsync(SshConnection connection, JumpRelay? before, SshHostConfiguration next, CancellationToken cancellationToken)
    {
        try
        {
            var channel = await SshChannel.OpenAsync(connection, new DirectTcpipChannelOpen(next.HostName, next.Port), cancellationToken).ConfigureAwait(false);
            connection.StartKeepalive(channel, _options.Timeout / 2 / KeepalivesPerLoss, KeepalivesPerLoss);
            return JumpRelay.Start(connection, channel, before, _logger);
        }
        catch (ChannelRefusedException e)
        {
            var reason = e.ReasonCode == ChannelRefusedException.AdministrativelyProhibited ? "it does not allow forwarding" : "it cannot reach it";
            throw new RemoteException(RemoteError.Offline, $"{connection.Name} does not connect to {next.HostName}, port {next.Port}: {reason} ({Printable(e.Description)}).", e);
        }
    }

    private void KeepAlive(SshConnection connection, SshChannel channel, SshHostConfiguration configuration)
    {
        if (configuration.ServerAliveInterval is { } interval)
            connection.StartKeepalive(channel, interval, configuration.ServerAliveCountMax);
        else
            connection.StartKeepalive(channel, _options.Timeout / 2 / KeepalivesPerLoss, KeepalivesPerLoss);
    }

    private async ValueTask<SshConnection> LogInAsync(HostState host, JumpRelay? way, CancellationToken cancellationToken)
    {
        var configuration = host.Configuration;
        var timeout = configuration.ConnectTimeout is { } configured && configured < _options.Timeout ? configured : _options.Timeout;
        RemoteException? mismatch = null;
        while (true)
        {
            ConnectionInfo? info = null;
            var identities = new IdentitySource(
                host.Identities,
                host.Certificates,
                configuration.AgentSocket is { } socket ? new AgentClient(socket) : null,
                host.IdentitiesOnly,
                _prompter,
                () => info?.ServerVersion,
                _logger);
            using var methods = new LoginMethods(configuration.HostName, configuration.User, host.Password, identities, _prompter);
            info = way is null
                ? new ConnectionInfo(configuration.HostName, configuration.Port, configuration.User, methods.InOrder)
                : new ConnectionInfo(
                    configuration.HostName, configuration.Port, configuration.User, ProxyTypes.Socks5, "127.0.0.1", way.Port, way.User, way.Password, methods.InOrder);
            info.AuthenticationBanner += (_, e) => _logger.LogInformation("{Host} says: {Banner}", configuration.HostName, Printable(e.BannerMessage.Trim()));
            SshPublicKey? shown = null;
            RemoteException? refused = null;
            SshAlgorithms.Apply(info, host.Verifier.OrderAlgorithms(), key => shown = key);
            try
            {
                return await SshConnection.ConnectAsync(info, configuration.HostName, timeout, Judge, _time, _logger, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The server may have the key that is asked for beside the one that it showed; when it has no more to show, the first one is what the message is about.
                if (refused is not null && host.Verifier.IsWorthAnotherType && way is null)
                {
                    mismatch ??= refused;
                    continue;
                }

                throw mismatch ?? refused ?? (e is SshAuthenticationException ? methods.Explain(e) : ConnectFailure.Explain(configuration, e, timeout));
            }

            void Judge(HostKeyEventArgs e)
            {
                e.CanTrust = false;
                try
                {
                    host.Verifier.Verify(shown!);
                    e.CanTrust = true;
                }
                catch (RemoteException exception)
                {
                    refused = exception;
                }
            }
        }
    }

    private IReadOnlyList<HostState> Route()
    {
        lock (_lock)
        {
            try
            {
                return _route ??= FindRoute();
            }
            catch (SshConfigException e)
            {
                throw new RemoteException(RemoteError.Unsupported, e.Message, e);
            }
        }
    }

    /// <summary>The jump hosts and then the server. A jump host that is the first of its list may have jump hosts of its own, as in OpenSSH.</summary>
    private List<HostState> FindRoute()
    {
        var target = SshConfigReader.Read(_environment, _options.Host, _options.Port, _options.User);
        if (target.Ignored.Count > 0)
            _logger.LogDebug("The built-in transport does not heed {Keywords}; transport=ssh does", string.Join(", ", target.Ignored));
        var route = new LinkedList<HostState>();
        route.AddFirst(Prepare(target, isServer: true));
        for (var jumps = target.Jumps; jumps.Count > 0;)
        {
            IReadOnlyList<SshJump> before = [];
            for (var i = jumps.Count - 1; i >= 0; i--)
            {
                var jump = SshConfigReader.Read(_environment, jumps[i].Host, jumps[i].Port, jumps[i].User);
                before = i == 0 ? jump.Jumps : [];
                route.AddFirst(Prepare(jump, isServer: false));
                if (route.Count > MostHops)
                    throw new SshConfigException($"ProxyJump of {_options.Host}", "it leads in a circle");
            }

            jumps = before;
        }

        return [.. route];
    }

    private HostState Prepare(SshHostConfiguration configuration, bool isServer)
    {
        var named = isServer ? [.. _options.IdentityFiles.Select(_environment.ExpandHome), .. configuration.IdentityFiles] : configuration.IdentityFiles;
        List<IdentityFile> identities = [];
        foreach (var path in named.Distinct())
        {
            if (IdentityFile.TryOpen(path) is { } file)
                identities.Add(file);
            else if (_options.IdentityFiles.Contains(path))
                throw new RemoteException(RemoteError.AuthenticationFailed, $"identity-file={path}: there is no such file.");
            else
                _logger.LogInformation("{File} is not there", path);
        }

        if (named.Count == 0)
            identities.AddRange(UsualIdentities.Select(name => IdentityFile.TryOpen(Path.Combine(_environment.HomeDirectory, ".ssh", name))).OfType<IdentityFile>());
        var certificates = identities.Select(file => file.Path + "-cert.pub").Concat(configuration.CertificateFiles).Distinct();
        var knownHosts = new KnownHosts(configuration.UserKnownHostsFiles, configuration.GlobalKnownHostsFiles, configuration.HashKnownHosts);
        var verifier = new HostKeyVerifier(
            configuration.HostKeyAlias ?? configuration.HostName,
            configuration.HostKeyAlias is null ? configuration.Port : 22,
            knownHosts,
            Decision(configuration, isServer),
            isServer ? _options.HostKey.Fingerprint : null,
            isServer,
            _prompter,
            _time,
            _logger);
        return new HostState(
            configuration,
            verifier,
            identities,
            [.. certificates.Select(SshPublicKey.TryReadFile).OfType<SshPublicKey>().Where(key => key.IsCertificate)],
            configuration.IdentitiesOnly || (isServer && _options.IdentityFiles.Count > 0),
            isServer ? _options.Password : null);
    }

    private HostKeyDecision Decision(SshHostConfiguration configuration, bool isServer) => (isServer ? _options.HostKey.Rule : HostKeyRule.Configured) switch
    {
        HostKeyRule.Ask => HostKeyDecision.Ask,
        HostKeyRule.AcceptNew => HostKeyDecision.Accept,
        _ => configuration.StrictHostKeyChecking switch
        {
            StrictHostKeyChecking.Yes => HostKeyDecision.Refuse,
            StrictHostKeyChecking.AcceptNew => HostKeyDecision.Accept,
            _ => HostKeyDecision.Ask,
        },
    };

    private static string Printable(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);
}
