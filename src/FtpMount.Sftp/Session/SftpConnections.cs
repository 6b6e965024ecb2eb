using System.Net.Sockets;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Session;

/// <summary>
/// The connections of a site. They are shared, not lent: SFTP takes any number of requests at once. A further connection is opened when content keeps the others busy; with
/// three or more one stays free of content, so that short requests do not wait behind it.
/// </summary>
/// <remarks>
/// While there is none, one attempt at a time is made for all who wait, with growing pauses, until each caller's time is over. A failure that trying again does not mend
/// (authentication, host key) is everybody's answer at once.
/// </remarks>
internal sealed class SftpConnections : IAsyncDisposable
{
    /// <summary>With so much content in flight on the best connection, one more is opened.</summary>
    private const int BusyBytes = 512 * 1024;

    /// <summary>With so many processors a further connection has one of its own, which encrypting for one can fill.</summary>
    private const int ManyProcessors = 4;

    /// <summary>Above this a connection is limited by its window, which system ssh and servers have of 2 MiB, rather than by the processor.</summary>
    private static readonly TimeSpan NearRoundTrip = TimeSpan.FromMilliseconds(4);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>A connection not heard of for this long gets a sign of life before something is done on it that cannot be repeated.</summary>
    private static readonly TimeSpan SilenceToProbe = TimeSpan.FromSeconds(10);

    /// <summary>An idle connection is kept alive this often: below the time-outs of NAT and servers.</summary>
    private static readonly TimeSpan KeepaliveInterval = TimeSpan.FromSeconds(30);

    /// <summary>A connection besides the first that nobody used for this long is closed.</summary>
    private static readonly TimeSpan SurplusLifetime = TimeSpan.FromMinutes(3);

    /// <summary>How long the server's refusal of one more connection is believed.</summary>
    private static readonly TimeSpan RefusalLifetime = TimeSpan.FromMinutes(2);

    private readonly SftpSite _site;
    private readonly Random _jitter;
    private readonly Lock _gate = new();
    private readonly List<SftpConnection> _live = [];
    private readonly List<Task> _closing = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private Task<RemoteException?>? _opening;
    private RemoteException? _lastFailure;
    private int _failures;
    private long _notBefore;
    private int _limit;
    private long _limitUntil;
    private bool _offline;
    private bool _disposed;
    private long _made;
    private long _lost;
    private string? _lastError;

    public SftpConnections(SftpSite site, SftpConnection first, Random? jitter = null)
    {
        _site = site;
        _jitter = jitter ?? new Random();
        _limit = Maximum;
        _made = 1;
        _live.Add(first);
        Watch(first);
        _timer = site.Time.CreateTimer(static state => ((SftpConnections)state!).OnTimer(), this, KeepaliveInterval / 3, KeepaliveInterval / 3);
    }

    public int OpenCount
    {
        get
        {
            lock (_gate)
                return _live.Count;
        }
    }

    public int BusyCount
    {
        get
        {
            lock (_gate)
                return _live.Count(connection => connection.PendingCount > 0);
        }
    }

    public int Limit => Volatile.Read(ref _limit);

    public long Made => Interlocked.Read(ref _made);

    public long Lost => Interlocked.Read(ref _lost);

    public bool Offline => Volatile.Read(ref _offline);

    public string? LastError => Volatile.Read(ref _lastError);

    private int Maximum => Math.Max(1, _site.Options.Connections);

    /// <summary>The best connection for a lane; waits for one to be made when there is none.</summary>
    /// <exception cref="RemoteException">None could be made within the time-out: why.</exception>
    public ValueTask<SftpConnection> GetAsync(Lane lane, CancellationToken cancellationToken)
    {
        var connection = TryGet(lane);
        return connection is not null ? new(connection) : new(WaitForOneAsync(lane, _site.Options.Timeout, cancellationToken));
    }

    /// <summary>
    /// Another live connection that may carry a share of one file's content, beside those given; opens one in the background when there is none and the options allow it. None
    /// where it would only take from those: the link (at 100 ms and 100 Mbit/s a store on two took a sixth longer), or, with a server that is near, the processor (on two
    /// processors a fifth more for each byte).
    /// </summary>
    public SftpConnection? TryGetFurther(IReadOnlyList<SftpFileHandle> present)
    {
        if (present.Count > 0)
        {
            var window = present[0].Connection.Window;
            if (window.RoundTrip < NearRoundTrip ? _site.Options.Processors < ManyProcessors : window.FillsLink)
                return null;
        }

        lock (_gate)
        {
            foreach (var connection in Bulk())
            {
                if (connection.IsAlive && !present.Any(handle => handle.Connection == connection))
                    return connection;
            }

            OpenFurther();
            return null;
        }
    }

    /// <summary>
    /// Runs an action; when the connection is lost under it, runs it again on another one until the time-out since the call is over.
    /// </summary>
    /// <param name="lane">What it is for.</param>
    /// <param name="isRepeatable">
    /// Whether the action may simply run twice. Otherwise it is told (second argument) when it runs again after its first run may have reached the server.
    /// </param>
    /// <param name="action">The action.</param>
    /// <param name="cancellationToken">Cancels waiting and the action.</param>
    public async ValueTask<T> RunAsync<T>(
        Lane lane, bool isRepeatable, Func<SftpConnection, bool, CancellationToken, ValueTask<T>> action, CancellationToken cancellationToken)
    {
        var start = _site.Time.GetTimestamp();
        var isAgain = false;
        while (true)
        {
            var left = _site.Options.Timeout - _site.Time.GetElapsedTime(start);
            var connection = TryGet(lane) ?? await WaitForOneAsync(lane, left, cancellationToken).ConfigureAwait(false);
            if (!isRepeatable && _site.Time.GetElapsedTime(connection.LastHeard) >= SilenceToProbe)
                await ProbeAsync(connection, cancellationToken).ConfigureAwait(false);
            if (!connection.IsAlive)
            {
                Remove(connection, wasLost: true);
                continue;
            }

            try
            {
                return await action(connection, isAgain, cancellationToken).ConfigureAwait(false);
            }
            catch (RemoteException e) when (e.Error is RemoteError.Offline or RemoteError.TimedOut && !connection.IsAlive && _site.Time.GetElapsedTime(start) < _site.Options.Timeout && !_disposed)
            {
                isAgain = true;
                Remove(connection, wasLost: true);
                _site.Logger.LogDebug("Doing it again on another connection: {Reason}", e.Message);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        SftpConnection[] all;
        Task[] others;
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            all = [.. _live];
            others = [.. _closing, _opening ?? Task.CompletedTask];
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(all.Select(connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(others).ConfigureAwait(false);
        lock (_gate)
            others = [.. _closing];
        await Task.WhenAll(others).ConfigureAwait(false);
    }

    /// <summary>The candidates for content: all, but for one when there are three or more. Under the gate.</summary>
    private IEnumerable<SftpConnection> Bulk() => _live.Count >= 3 ? _live.Skip(1) : _live;

    private SftpConnection? TryGet(Lane lane)
    {
        lock (_gate)
        {
            if (_disposed)
                throw new RemoteException(RemoteError.Offline, "The connections to the server are closed.");
            SftpConnection? best = null;
            foreach (var connection in lane == Lane.Interactive ? _live : Bulk())
            {
                if (connection.IsAlive && (best is null || connection.Window.InFlight < best.Window.InFlight))
                    best = connection;
            }

            if (best is not null && best.Window.InFlight >= BusyBytes)
                OpenFurther();
            return best;
        }
    }

    private async Task<SftpConnection> WaitForOneAsync(Lane lane, TimeSpan longest, CancellationToken cancellationToken)
    {
        var start = _site.Time.GetTimestamp();
        while (true)
        {
            Task<RemoteException?> opening;
            lock (_gate)
            {
                if (_disposed)
                    throw new RemoteException(RemoteError.Offline, "The connections to the server are closed.");
                opening = _opening ??= Task.Run(OpenAsync);
            }

            RemoteException? failure;
            try
            {
                var left = longest - _site.Time.GetElapsedTime(start);
                failure = await opening.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _site.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                failure = _lastFailure ?? new RemoteException(
                    RemoteError.TimedOut, $"{_site.Options.Host} did not let us in within {longest.TotalSeconds:0.#} s. Check that it is reachable.");
                throw Copy(failure);
            }

            if (failure is { Error: not (RemoteError.Offline or RemoteError.TimedOut or RemoteError.Busy or RemoteError.TooManyConnections) })
                throw Copy(failure);
            if (failure is null && TryGet(lane) is { } connection)
                return connection;
        }
    }

    /// <summary>Opens one more in the background, when the options, the server and the last failure allow it. Under the gate.</summary>
    private void OpenFurther()
    {
        var now = _site.Time.GetTimestamp();
        if (_limit < Maximum && now >= _limitUntil)
            _limit = Maximum;
        if (_opening is null && _live.Count < _limit && now >= _notBefore && !_disposed)
            _opening = Task.Run(OpenAsync);
    }

    /// <summary>Makes one connection, after the pause that is due. Never throws.</summary>
    private async Task<RemoteException?> OpenAsync()
    {
        SftpConnection? connection = null;
        RemoteException? failure = null;
        try
        {
            TimeSpan pause;
            lock (_gate)
                pause = _site.Time.GetElapsedTime(_site.Time.GetTimestamp(), _notBefore);
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _site.Time, _stopping.Token).ConfigureAwait(false);
            using var deadline = new CancellationTokenSource(_site.Options.Timeout, _site.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
            connection = await _site.ConnectAsync(either.Token).ConfigureAwait(false);
        }
        catch (RemoteException e)
        {
            failure = e;
        }
        catch (OperationCanceledException e)
        {
            failure = new RemoteException(RemoteError.TimedOut, $"Connecting to {_site.Options.Host} took longer than {_site.Options.Timeout.TotalSeconds:0.#} s.", e);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            failure = new RemoteException(RemoteError.Offline, $"Connecting to {_site.Options.Host} failed: {e.Message}", e);
        }

        lock (_gate)
        {
            _opening = null;
            if (connection is not null)
                Opened(connection);
            else
                NotOpened(failure!);
        }

        if (failure is not null && !_stopping.IsCancellationRequested)
            _site.Logger.LogWarning("No new connection ({Error}): {Message}", failure.Error, failure.Message);
        return failure;
    }

    private void Opened(SftpConnection connection)
    {
        _failures = 0;
        _notBefore = 0;
        _lastFailure = null;
        _offline = false;
        if (_disposed)
        {
            _closing.Add(connection.DisposeAsync().AsTask());
            return;
        }

        Interlocked.Increment(ref _made);
        _live.Add(connection);
        Watch(connection);
    }

    private void NotOpened(RemoteException failure)
    {
        _lastFailure = failure;
        _lastError = failure.Message;
        _offline = _live.Count == 0;
        // Well below the time-out, so that a call that comes in the middle of a pause still sees an attempt.
        var longest = Math.Min(LongestPause.TotalMilliseconds, _site.Options.Timeout.TotalMilliseconds / 4);
        var full = Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 30)), longest);
        var pause = TimeSpan.FromMilliseconds(full * (1 - (_jitter.NextDouble() / 2)));
        _notBefore = After(pause);
        if (_live.Count == 0)
            return;

        // It works for the others: the server does not want more.
        _limit = _live.Count;
        _limitUntil = After(RefusalLifetime);
    }

    private long After(TimeSpan time) => _site.Time.GetTimestamp() + (long)(time.TotalSeconds * _site.Time.TimestampFrequency);

    /// <summary>When a connection ends, it is taken out and disposed.</summary>
    private void Watch(SftpConnection connection) => _ = connection.Ended.ContinueWith(
        (_, state) => Remove((SftpConnection)state!, wasLost: true), connection, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private void Remove(SftpConnection connection, bool wasLost)
    {
        lock (_gate)
        {
            if (!_live.Remove(connection))
                return;
            if (wasLost && !_disposed)
            {
                Interlocked.Increment(ref _lost);
                _lastError = connection.Failure?.Message;

                // At once, so that the next call finds one, and that the state is known.
                if (_live.Count == 0)
                    _opening ??= Task.Run(OpenAsync);
            }

            _closing.RemoveAll(task => task.IsCompleted);
            _closing.Add(connection.DisposeAsync().AsTask());
        }
    }

    private void OnTimer()
    {
        SftpConnection[] all;
        lock (_gate)
            all = _disposed ? [] : [.. _live];
        for (var i = 0; i < all.Length; i++)
        {
            var connection = all[i];
            if (i > 0 && connection is { PendingCount: 0, OpenHandles: 0 } && _site.Time.GetElapsedTime(connection.LastUsed) >= SurplusLifetime)
                Remove(connection, wasLost: false);
            else if (connection.PendingCount == 0 && _site.Time.GetElapsedTime(connection.LastHeard) >= KeepaliveInterval)
                KeepAlive(connection);
        }
    }

    /// <summary>Silence after it ends the connection, as after any request.</summary>
    private static void KeepAlive(SftpConnection connection)
    {
        using var request = connection.Rent(SftpPacketType.Realpath);
        request.Write("."u8);
        connection.SubmitAndForget(request, SftpPriority.Interactive);
    }

    private static async ValueTask ProbeAsync(SftpConnection connection, CancellationToken cancellationToken)
    {
        using var request = connection.Rent(SftpPacketType.Realpath);
        request.Write("."u8);
        connection.Submit(request, SftpPriority.Interactive);
        try
        {
            await request.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException)
        {
            // The caller finds the connection dead and goes to another one, without having done anything on this one.
        }
    }

    private static RemoteException Copy(RemoteException failure) =>
        new(failure.Error, failure.Message, failure) { Path = failure.Path, ServerReply = failure.ServerReply };
}
