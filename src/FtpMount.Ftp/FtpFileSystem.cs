using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Pool;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp;

/// <summary>
/// An FTP server as a remote file system (RFC 959, 2228, 2389, 2428, 2640, 3659, 4217).
/// <para>
/// Sessions come from a <see cref="ConnectionPool{TConnection}"/>; what one session learns of the server, all know (<c>FtpSite</c>). Commands that belong together go
/// in one packet. A refusal that can mean several things is followed by a look at the paths concerned, so that the caller gets the error that a local file
/// system gives. One file per concern: Listing and looking up (<c>.Metadata</c>), content (<c>.Content</c>), names (<c>.Names</c>), attributes (<c>.Attributes</c>),
/// publishing an upload (<c>.Publish</c>).
/// </para>
/// </summary>
public sealed partial class FtpFileSystem : IRemoteFileSystem
{
    /// <summary>How often a call that holds its session begins anew when the session turns out to be dead.</summary>
    private const int OpeningAttempts = 3;

    /// <summary>How often it is looked whether there is something new to remember.</summary>
    private static readonly TimeSpan RememberInterval = TimeSpan.FromMinutes(1);

    private readonly FtpSite _site;
    private readonly ConnectionPool<FtpConnection> _pool;

    /// <summary>The session that was made to check the options; the pool's first one.</summary>
    private FtpConnection? _first;

    /// <summary>Keeps what was learned, so that little is lost when the program is killed.</summary>
    private readonly ITimer _remembering;

    private FtpFileSystem(FtpSite site, FtpConnection first, RemotePath root)
    {
        _site = site;
        _first = first;
        Root = root;
        _pool = new ConnectionPool<FtpConnection>(
            ConnectAsync,
            new ConnectionPoolOptions
            {
                MaximumConnections = Math.Max(1, site.Options.Connections),
                RememberedLimit = site.RememberedConnectionLimit,
                Timeout = site.Options.Timeout,
            },
            site.Time,
            site.Logger);
        _remembering = site.Time.CreateTimer(static ftp => ((FtpFileSystem)ftp!).Remember(), this, TimeSpan.Zero, RememberInterval);
    }

    /// <inheritdoc/>
    public string DisplayName => _site.Options.DisplayName;

    /// <inheritdoc/>
    public RemotePath Root { get; }

    /// <inheritdoc/>
    public TimeSpan? ClockSkew => _site.ClockSkew;

    /// <inheritdoc/>
    public RemoteCapabilities Capabilities
    {
        get
        {
            var result = RemoteCapabilities.None;
            if (_site.Mfmt != FtpSupport.No || _site.MdtmSet != FtpSupport.No || _site.SiteUtime != FtpSupport.No)
                result |= RemoteCapabilities.SetModified;
            if (_site.SiteChmod != FtpSupport.No || _site.MffMode != FtpSupport.No)
                result |= RemoteCapabilities.SetMode;
            if (_site.SiteChgrp != FtpSupport.No || _site.SiteChown != FtpSupport.No || _site.MffGroup != FtpSupport.No || _site.MffOwner != FtpSupport.No)
                result |= RemoteCapabilities.SetOwner;
            if (_site.AtomicReplace != FtpSupport.No)
                result |= RemoteCapabilities.AtomicReplace;
            if (_site.RestartStore != FtpSupport.No)
                result |= RemoteCapabilities.ResumeStore;
            if (_site.RestartStore != FtpSupport.No && _site.Patch != FtpSupport.No)
                result |= RemoteCapabilities.Patch;
            if (_site.Mlst != FtpSupport.No || _site.StatFilter == FtpSupport.Yes)
                result |= RemoteCapabilities.FullStat;
            if (_site.SiteSymlink != FtpSupport.No || _site.SiteLn != FtpSupport.No || _site.SiteLink != FtpSupport.No)
                result |= RemoteCapabilities.Symlinks;
            if (_site.SiteCopy == FtpSupport.Yes)
                result |= RemoteCapabilities.Copy;
            if (_site.Avbl == FtpSupport.Yes || _site.Xquota == FtpSupport.Yes || _site.SiteQuota == FtpSupport.Yes || _site.SiteDf == FtpSupport.Yes)
                result |= RemoteCapabilities.Space;
            return result;
        }
    }

    /// <inheritdoc/>
    public int ConcurrentCalls => Math.Max(1, _pool.ConnectionLimit - 1);

    /// <inheritdoc/>
    /// <remarks>One connection more than calls: the pool keeps one for the interactive lane.</remarks>
    public void Prepare(int calls) => _pool.Prepare(calls + 1);

    /// <inheritdoc/>
    public RemoteStatistics Statistics => new()
    {
        OpenConnections = _pool.OpenConnections,
        BusyConnections = _pool.BusyConnections,
        ConnectionLimit = _pool.ConnectionLimit,
        ConnectionsMade = _pool.ConnectionsMade,
        ConnectionsLost = _pool.ConnectionsLost,
        Commands = _site.Commands,
        BytesReceived = _site.BytesReceived,
        BytesSent = _site.BytesSent,
        Offline = _pool.Offline,
        ServerSoftware = _site.ServerSoftware,
        LastError = _pool.LastError,
    };

    /// <summary>Idle sessions that have their next data connection already.</summary>
    internal int ReadyConnections => _pool.ReadyConnections;

    /// <summary>Logs in once, to find out whether all is well and what the server can do.</summary>
    /// <param name="options">The server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets the transcript of the control connections at level Debug, without passwords.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="RemoteException">
    /// With a one-line message: unknown host, refused, not an FTP server, time-out (<see cref="RemoteError.Offline"/>, <see cref="RemoteError.TimedOut"/>,
    /// <see cref="RemoteError.ProtocolViolation"/>), wrong password (<see cref="RemoteError.AuthenticationFailed"/>), full (<see cref="RemoteError.TooManyConnections"/>), no such
    /// folder (<see cref="RemoteError.NotFound"/>, <see cref="RemoteError.NotADirectory"/>, <see cref="RemoteError.AccessDenied"/>).
    /// </exception>
    public static async ValueTask<FtpFileSystem> ConnectAsync(
        FtpOptions options, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        var site = new FtpSite(options, time, logger);
        var connection = await ConnectFirstAsync(site, cancellationToken);
        try
        {
            var root = site.ResolveRoot(connection.LoginFolder ?? "/");
            await CheckRootAsync(connection, root, cancellationToken);
            return new FtpFileSystem(site, connection, root);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _remembering.DisposeAsync();
        Remember();
        await _pool.DisposeAsync();
        if (Interlocked.Exchange(ref _first, null) is { } first)
            await first.DisposeAsync();
        _site.Dispose();
    }

    /// <summary>
    /// The first session of a site. When it fails over what is remembered of the server, or because the server does not bear several commands at once, it is made
    /// again without.
    /// </summary>
    /// <exception cref="RemoteException">As <see cref="ConnectAsync(FtpOptions, TimeProvider, ILogger, CancellationToken)"/>.</exception>
    internal static async ValueTask<FtpConnection> ConnectFirstAsync(FtpSite site, CancellationToken cancellationToken)
    {
        while (true)
        {
            var wasSingle = site.Pipelining == FtpSupport.No;
            try
            {
                return await FtpConnection.ConnectAsync(site, cancellationToken);
            }
            catch (RemoteException e) when (site.IsRecalled && e.Error is RemoteError.Offline or RemoteError.TimedOut or RemoteError.ProtocolViolation)
            {
                site.ForgetRecalled();
            }
            catch (RemoteException) when (site.Features is null && site.Pipelining == FtpSupport.No && !wasSingle)
            {
                // One command at a time.
            }
        }
    }

    /// <summary>Keeps what was learned for the next mount.</summary>
    private void Remember() =>
        _site.Remember(_pool.ConnectionLimit < _site.Options.Connections ? _pool.ConnectionLimit : null);

    /// <summary>The folder must be there.</summary>
    internal static async ValueTask CheckRootAsync(FtpConnection connection, RemotePath root, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var asksMlst = site.Mlst != FtpSupport.No && site.TakesAsNamed(root.Value);
        var replies = connection.TakeRootReplies(root) ?? await connection.ExchangeAsync(FtpConnection.RootCommands(site, root), cancellationToken);
        if (!replies[0].Code.IsCompletion)
        {
            var state = await FtpStat.ProbeAsync(connection, root, cancellationToken);
            var error = state switch
            {
                FtpPathState.Missing => RemoteError.NotFound,
                FtpPathState.File => RemoteError.NotADirectory,
                _ => RemoteError.AccessDenied,
            };
            throw FtpErrorMapping.Failure(error, $"The folder to show on {site.Options.Host},", root, replies[0]);
        }

        connection.NoteWorkingDirectory(root);
        if (asksMlst && replies.Length > 1)
            site.Mlst = FtpStat.ParseMlst(site, replies[1], root) is null ? FtpSupport.No : FtpSupport.Yes;
    }

    private async ValueTask<FtpConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _first, null) is { } first)
        {
            if (first.IsReusable)
                return first;
            await first.DisposeAsync();
        }

        return await FtpConnection.ConnectAsync(_site, cancellationToken);
    }

    /// <summary>
    /// Leases a session and begins something on it that holds it. When the session turns out to be dead before anything came of it, another one is taken.
    /// </summary>
    private async ValueTask<T> BeginAsync<T>(
        Lane lane, Func<ConnectionLease<FtpConnection>, CancellationToken, ValueTask<T>> begin, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var lease = await _pool.LeaseAsync(lane, cancellationToken);
            try
            {
                return await begin(lease, cancellationToken);
            }
            catch (RemoteException e) when (e.Error == RemoteError.Offline && attempt < OpeningAttempts)
            {
                lease.Discard();
                await lease.DisposeAsync();
            }
            catch
            {
                await lease.DisposeAsync();
                throw;
            }
        }
    }
}
