using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace FtpMount.Remote.Pool;

/// <summary>
/// Lends out logged-in connections of one server.
/// </summary>
/// <remarks>
/// <para>
/// A call leases a connection in a <see cref="Lane"/>. An idle connection is lent at once, without allocating more than the lease.
/// Otherwise the call waits in its lane while the pool, by itself, opens and probes connections: a caller that gives up neither
/// wastes a login under way nor leaks one. Each connection that becomes available goes straight to the waiter whose turn it is
/// (<see cref="LeaseQueue{TConnection}"/>).
/// </para>
/// <para>
/// The interactive reserve: the lanes after <see cref="Lane.Interactive"/> together hold at most one connection fewer than the limit, and a
/// second one only while a further connection is really open. A limit that the server has not told yet can thus not use up the reserve.
/// </para>
/// <para>
/// The server's own limit is learned (<see cref="ConnectionCap"/>). While it cannot be reached, one attempt at a time is made for all waiters
/// together, with growing pauses (<see cref="RetryBackoff"/>); the first success serves all.
/// </para>
/// <para>
/// All state is behind one lock that is never held while awaiting: an event changes the state, <see cref="Dispatch"/> serves whom it can
/// and decides what to open, probe and close, and <see cref="Start"/> begins that after the lock is released.
/// </para>
/// </remarks>
/// <typeparam name="TConnection">The protocol's connection.</typeparam>
public sealed class ConnectionPool<TConnection> : IAsyncDisposable
    where TConnection : class, IPooledConnection
{
    private readonly Func<CancellationToken, ValueTask<TConnection>> _connect;
    private readonly ConnectionPoolOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _epoch;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _gate = new();
    private readonly LeaseQueue<TConnection> _queue;
    private readonly ConnectionCap _cap;
    private readonly RetryBackoff _backoff;

    /// <summary>Sorted by the last use; the last one is lent first, so that the others can grow old and be closed.</summary>
    private readonly List<IdleConnection<TConnection>> _idle = [];
    private readonly HashSet<TConnection> _held = new(ReferenceEqualityComparer.Instance);
    private int _bulkHeld;
    private int _probing;
    private int _opening;
    private int _closing;

    /// <summary>Openings, probes and closings under way; <see cref="DisposeAsync"/> waits for them.</summary>
    private int _running;
    private bool _disposed;

    /// <summary>For how many calls <see cref="Prepare"/> opened connections, none of which was closed since.</summary>
    private int _prepared;
    private TimeSpan _timerDue = TimeSpan.MaxValue;

    /// <summary>What was last heard of before this time may have died with a connection that did.</summary>
    private TimeSpan _suspectBefore = TimeSpan.MinValue;
    private TimeSpan _lastClosed = TimeSpan.MinValue;
    private RemoteException? _connectFailure;
    private TimeSpan _connectFailureTime;

    /// <summary>A failure that trying again does not mend (wrong password): until the pause is over it is the answer to every call.</summary>
    private RemoteException? _permanentFailure;
    private bool _offline;
    private string? _lastError;
    private long _connectionsMade;
    private long _connectionsLost;

    /// <summary>Creates the pool; it connects when the first connection is leased.</summary>
    /// <param name="connect">
    /// Connects and logs in, within its token. Throws <see cref="RemoteException"/>: <see cref="RemoteError.Offline"/>, <see cref="RemoteError.TimedOut"/>
    /// and <see cref="RemoteError.Busy"/> are tried again, <see cref="RemoteError.TooManyConnections"/> teaches the limit, the others go to the callers at once.
    /// </param>
    /// <param name="options">Limits and times.</param>
    /// <param name="time">The clock and its timers.</param>
    /// <param name="logger">Told of connections made, lost and refused.</param>
    /// <param name="jitter">For the pauses between attempts; used under the pool's lock only.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than one connection, or a time-out that is not positive.</exception>
    public ConnectionPool(
        Func<CancellationToken, ValueTask<TConnection>> connect,
        ConnectionPoolOptions options,
        TimeProvider time,
        ILogger logger,
        Random? jitter = null)
    {
        ArgumentNullException.ThrowIfNull(connect);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumConnections, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Timeout, TimeSpan.Zero, nameof(options));
        _connect = connect;
        _options = options;
        _time = time;
        _logger = logger;
        _epoch = time.GetTimestamp();
        _queue = new LeaseQueue<TConnection>(options.MaximumOvertakes);
        _cap = new ConnectionCap(options);
        _backoff = new RetryBackoff(options.RetryDelay, options.MaximumRetryDelay, jitter ?? new Random());
        _timer = time.CreateTimer(
            static pool => ((ConnectionPool<TConnection>)pool!).OnTimer(), this, System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
    }

    /// <summary>Connections open now: leased, idle, and being probed.</summary>
    public int OpenConnections
    {
        get
        {
            lock (_gate)
                return Open;
        }
    }

    /// <summary>Connections leased now.</summary>
    public int BusyConnections
    {
        get
        {
            lock (_gate)
                return _held.Count;
        }
    }

    /// <summary>Idle connections on which work can begin at once (<see cref="IPooledConnection.IsReady"/>).</summary>
    public int ReadyConnections
    {
        get
        {
            lock (_gate)
                return _idle.Count(idle => idle.Connection.IsReady);
        }
    }

    /// <summary>The most connections that will be open at once: the option, or fewer when the server refused more.</summary>
    public int ConnectionLimit
    {
        get
        {
            lock (_gate)
                return _cap.Limit;
        }
    }

    /// <summary>Connections made since the start.</summary>
    public long ConnectionsMade => Interlocked.Read(ref _connectionsMade);

    /// <summary>Connections discarded in doubt or found dead since the start.</summary>
    public long ConnectionsLost => Interlocked.Read(ref _connectionsLost);

    /// <summary>Whether the last attempt to reach the server failed for want of a link.</summary>
    public bool Offline => Volatile.Read(ref _offline);

    /// <summary>The last failure of a connection, in words, without secrets.</summary>
    public string? LastError => Volatile.Read(ref _lastError);

    private int Open => _held.Count + _idle.Count + _probing;

    private TimeSpan Now => _time.GetElapsedTime(_epoch);

    /// <summary>
    /// Leases a connection; dispose the lease to give it back. A call that holds a lease of the bulk lanes must not wait for a second one in
    /// these lanes: that can wait for itself.
    /// </summary>
    /// <param name="lane">What it is for.</param>
    /// <param name="cancellationToken">Ends the wait; the place in the queue is free at once.</param>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.TimedOut"/>: none came free in time. <see cref="RemoteError.TooManyConnections"/>: nor does the server allow more.
    /// <see cref="RemoteError.Offline"/>: the server could not be reached in time, or the pool is closed. <see cref="RemoteError.AuthenticationFailed"/>,
    /// <see cref="RemoteError.Untrusted"/> and others of connecting, at once.
    /// </exception>
    public ValueTask<ConnectionLease<TConnection>> LeaseAsync(Lane lane, CancellationToken cancellationToken) =>
        LeaseAsync(lane, _options.Timeout, wantsReady: true, cancellationToken);

    /// <summary>
    /// Opens connections in the background until so many are open, as far as the limit allows: for calls that are likely to come. Does nothing while the server cannot be
    /// reached; a connection that is not wanted after all is closed like any other that is idle.
    /// </summary>
    /// <param name="connections">At least 1.</param>
    public void Prepare(int connections)
    {
        // The usual case, for callers that say it often.
        if (connections <= Volatile.Read(ref _prepared))
            return;
        var work = new Work();
        lock (_gate)
        {
            if (_disposed || _backoff.IsFailing || _offline)
                return;
            var occupied = Open + _opening + _closing;
            for (var opens = Math.Min(connections, _cap.Limit) - occupied; opens > 0; opens--)
                PlanOpen(ref work);
            _prepared = Math.Min(connections, _cap.Limit);
        }

        Start(work);
    }

    /// <summary>
    /// Leases a connection, runs an action on it and gives it back. When the connection is lost on the way (<see cref="RemoteError.Offline"/>),
    /// a repeatable action runs again on another connection, until <see cref="ConnectionPoolOptions.Timeout"/> has passed since the call.
    /// </summary>
    /// <param name="lane">What it is for.</param>
    /// <param name="repeatable">Whether running it twice does what running it once does.</param>
    /// <param name="action">
    /// Runs with the caller's token: the time-out does not cut it off, so it keeps its own deadlines (per reply, per block).
    /// </param>
    /// <param name="cancellationToken">Cancels the wait and the action.</param>
    /// <exception cref="RemoteException">As for <see cref="LeaseAsync(Lane, CancellationToken)"/>, and what the action throws.</exception>
    public async ValueTask<T> RunAsync<T>(
        Lane lane, bool repeatable, Func<TConnection, CancellationToken, ValueTask<T>> action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        var deadline = Now + _options.Timeout;
        for (var failures = 0; ; failures++)
        {
            TimeSpan pause;
            await using (var lease = await LeaseAsync(lane, deadline - Now, wantsReady: false, cancellationToken))
            {
                try
                {
                    return await action(lease.Connection, cancellationToken);
                }
                catch (RemoteException failure) when (failure.Error is RemoteError.Offline or RemoteError.TimedOut)
                {
                    lease.Discard();
                    pause = NoteLost(failure, failures, lease.IsNew);
                    if (!repeatable || failure.Error != RemoteError.Offline || Now + pause >= deadline || Volatile.Read(ref _disposed))
                        throw;
                }
            }

            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, _time, cancellationToken);
        }
    }

    /// <summary>As <see cref="RunAsync{T}"/>, for an action without a result.</summary>
    public async ValueTask RunAsync(
        Lane lane, bool repeatable, Func<TConnection, CancellationToken, ValueTask> action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(action);
        await RunAsync(
            lane,
            repeatable,
            async (connection, token) =>
            {
                await action(connection, token);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Closes all connections, those in use too, and ends all waits with <see cref="RemoteError.Offline"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        List<LeaseWaiter<TConnection>> waiters = [];
        var work = new Work();
        lock (_gate)
        {
            if (!_disposed)
            {
                _disposed = true;
                waiters = _queue.TakeAll();
                foreach (var idle in _idle)
                    PlanClose(ref work, idle.Connection);
                foreach (var connection in _held)
                    PlanClose(ref work, connection);
                _idle.Clear();
                _held.Clear();
                _bulkHeld = 0;
                if (_running == 0)
                    _drained.TrySetResult();
            }
        }

        foreach (var waiter in waiters)
            waiter.TrySetException(Closed());
        await _stopping.CancelAsync();
        Start(work);
        await _drained.Task;
        await _timer.DisposeAsync();
    }

    /// <summary>Takes a connection back from its lease.</summary>
    internal void Return(TConnection connection, Lane lane, bool discard)
    {
        Work work;
        lock (_gate)
        {
            if (!_held.Remove(connection))
                return; // closed together with the pool
            if (lane != Lane.Interactive)
                _bulkHeld--;
            work = default;
            if (discard || !connection.IsReusable)
            {
                Interlocked.Increment(ref _connectionsLost);
                PlanClose(ref work, connection);
            }
            else
            {
                _offline = false;
                var now = Now;
                _idle.Add(new IdleConnection<TConnection>(connection, now, now, IsNew: false));
            }

            Dispatch(ref work);
        }

        Start(work);
    }

    private ValueTask<ConnectionLease<TConnection>> LeaseAsync(Lane lane, TimeSpan timeout, bool wantsReady, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ConnectionLease<TConnection>>(cancellationToken);
        LeaseWaiter<TConnection> waiter;
        var work = new Work();
        lock (_gate)
        {
            if (_disposed)
                return ValueTask.FromException<ConnectionLease<TConnection>>(Closed());
            var now = Now;
            if ((lane == Lane.Interactive || BulkMayTake) && !_queue.IsWaiting(lane) && TakeFresh(ref work, now, wantsReady) is { } idle)
            {
                if (wantsReady)
                    PlanReadyOne(ref work, idle.Connection, lane);
                var lease = Lend(idle, lane);
                if (work.IsEmpty)
                    return ValueTask.FromResult(lease);
                // Dead ones were found on the way: their places may be wanted.
                Dispatch(ref work);
                waiter = new LeaseWaiter<TConnection>(this, lane, now, timeout);
                waiter.SetResult(lease);
            }
            else
            {
                if (_permanentFailure is { } failure && Open + _opening == 0 && now < _backoff.NotBefore)
                    return ValueTask.FromException<ConnectionLease<TConnection>>(Copy(failure));
                waiter = new LeaseWaiter<TConnection>(this, lane, now, timeout) { CancellationToken = cancellationToken };
                _queue.Add(waiter);
                Dispatch(ref work);
            }
        }

        Start(work);
        return waiter.Task.IsCompletedSuccessfully ? new ValueTask<ConnectionLease<TConnection>>(waiter.Task) : WaitAsync(waiter);
    }

    private async ValueTask<ConnectionLease<TConnection>> WaitAsync(LeaseWaiter<TConnection> waiter)
    {
        // Either may find it served already: then the lease is the caller's, who disposes it.
        using var cancellation = waiter.CancellationToken.UnsafeRegister(
            static state =>
            {
                var waiter = (LeaseWaiter<TConnection>)state!;
                if (waiter.Pool.TryGiveUp(waiter))
                    waiter.SetCanceled(waiter.CancellationToken);
            },
            waiter);
        await using var deadline = _time.CreateTimer(
            static state =>
            {
                var waiter = (LeaseWaiter<TConnection>)state!;
                if (waiter.Pool.TryGiveUp(waiter))
                    waiter.SetException(waiter.Pool.WhyNone(waiter));
            },
            waiter,
            waiter.Timeout > TimeSpan.Zero ? waiter.Timeout : TimeSpan.Zero,
            System.Threading.Timeout.InfiniteTimeSpan);
        return await waiter.Task;
    }

    private bool TryGiveUp(LeaseWaiter<TConnection> waiter)
    {
        lock (_gate)
            return _queue.Remove(waiter);
    }

    /// <summary>The error of a waiter whose time is over: why connecting failed meanwhile, or that all are in use.</summary>
    private RemoteException WhyNone(LeaseWaiter<TConnection> waiter)
    {
        var seconds = Math.Max(1, (int)_options.Timeout.TotalSeconds);
        lock (_gate)
        {
            if (_connectFailure is { } failure && (_connectFailureTime >= waiter.Since || Open == 0))
                return Copy(failure);
            if (Open == 0)
                return new RemoteException(RemoteError.TimedOut, $"The server did not let us in within {seconds} s. Check that it is reachable.");
            return _cap.IsLearned
                ? new RemoteException(
                    RemoteError.TooManyConnections,
                    $"The server allows {_cap.Limit} connections and none came free within {seconds} s. Close other programs that use this account.")
                : new RemoteException(
                    RemoteError.TimedOut,
                    $"All {_cap.Limit} connections were busy for {seconds} s. Allow more connections, or try again when the transfers are done.");
        }
    }

    /// <summary>Whether one of the bulk lanes may have a connection now: see the interactive reserve.</summary>
    private bool BulkMayTake => _bulkHeld == 0 || (_bulkHeld + 1 < _cap.Limit && _bulkHeld + 1 < Open);

    /// <summary>
    /// Serves whom it can and adds to <paramref name="work"/> what is to be opened and probed for the others. Under the lock.
    /// </summary>
    private void Dispatch(ref Work work)
    {
        if (_disposed)
            return;
        var now = Now;
        while (true)
        {
            var bulkMayTake = BulkMayTake;
            if (_queue.Peek(bulkMayTake) is not { } waiter || TakeFresh(ref work, now, wantsReady: false) is not { } idle)
                break;
            _queue.Serve(waiter, bulkMayTake);
            waiter.SetResult(Lend(idle, waiter.Lane));
        }

        var interactive = _queue.InteractiveCount;
        var wantedProbes = interactive + ServableBulk(_cap.Limit) - _probing;
        for (var i = _idle.Count - 1; i >= 0 && wantedProbes > 0; i--, wantedProbes--)
        {
            if (!IsFresh(_idle[i], now))
                PlanProbe(ref work, i);
        }

        var occupied = Open + _opening + _closing;
        if (occupied >= _cap.Limit && WantedConnections(_options.MaximumConnections) > _cap.Limit)
            _cap.TryGrow(now);
        var opens = Math.Min(WantedConnections(_cap.Limit) - Open - _opening, _cap.Limit - occupied);
        if (opens > 0 && _backoff.IsFailing)
            opens = now < _backoff.NotBefore || _opening > 0 ? 0 : 1;
        for (; opens > 0; opens--)
            PlanOpen(ref work);

        Schedule(now);
    }

    /// <summary>How many of the waiters of the bulk lanes may be served before one of these lanes gives a connection back.</summary>
    private int ServableBulk(int limit) => Math.Min(_queue.BulkCount, Math.Max(0, Math.Max(1, limit - 1) - _bulkHeld));

    /// <summary>How many connections would serve all waiters that may be served, within a limit.</summary>
    private int WantedConnections(int limit)
    {
        var servableBulk = ServableBulk(limit);
        var bulk = _bulkHeld + servableBulk;
        var wanted = _held.Count + _queue.InteractiveCount + servableBulk;
        if (servableBulk > 0 && bulk > 1)
            wanted = Math.Max(wanted, bulk + 1); // the reserve is to be really open
        return Math.Min(wanted, limit);
    }

    private ConnectionLease<TConnection> Lend(IdleConnection<TConnection> idle, Lane lane)
    {
        _held.Add(idle.Connection);
        if (lane != Lane.Interactive)
            _bulkHeld++;
        return new ConnectionLease<TConnection>(this, idle.Connection, lane, idle.IsNew);
    }

    private bool IsFresh(in IdleConnection<TConnection> idle, TimeSpan now) =>
        idle.LastHeard >= _suspectBefore && now - idle.LastHeard < _options.ProbeAfterIdle;

    /// <summary>Takes the most recently used idle connection that needs no probe, one that is ready if that is wanted and there is one; connections that are known to be dead are closed on the way.</summary>
    private IdleConnection<TConnection>? TakeFresh(ref Work work, TimeSpan now, bool wantsReady)
    {
        for (var i = _idle.Count - 1; i >= 0 && wantsReady; i--)
        {
            var idle = _idle[i];
            if (idle.Connection.IsReady && IsFresh(idle, now) && idle.Connection.IsReusable)
            {
                _idle.RemoveAt(i);
                return idle;
            }
        }

        for (var i = _idle.Count - 1; i >= 0; i--)
        {
            var idle = _idle[i];
            if (!idle.Connection.IsReusable)
            {
                _idle.RemoveAt(i);
                Interlocked.Increment(ref _connectionsLost);
                PlanClose(ref work, idle.Connection);
            }
            else if (IsFresh(idle, now))
            {
                _idle.RemoveAt(i);
                return idle;
            }
        }

        return null;
    }

    /// <summary>Plans one connection more when one is about to be lent before it is ready: see <see cref="IPooledConnection.IsBecomingReady"/>.</summary>
    private void PlanReadyOne(ref Work work, TConnection lent, Lane lane)
    {
        // The connection that is about to be lent is in none of the counts.
        if (lane is not (Lane.Interactive or Lane.Read)
            || !lent.IsBecomingReady
            || Open + 1 + _opening + _closing >= Math.Min(_cap.Limit, _options.ReadyConnections)
            || _opening > 0
            || _backoff.IsFailing)
        {
            return;
        }

        PlanOpen(ref work);
    }

    private void PlanOpen(ref Work work)
    {
        _opening++;
        _running++;
        work.Opens++;
    }

    private void PlanProbe(ref Work work, int index)
    {
        (work.Probes ??= []).Add(_idle[index]);
        _idle.RemoveAt(index);
        _probing++;
        _running++;
    }

    private void PlanClose(ref Work work, TConnection connection)
    {
        _prepared = 0;
        (work.Closes ??= []).Add(connection);
        _closing++;
        _running++;
    }

    /// <summary>Begins what was planned; not under the lock. None of these tasks fails, and each reports its end to <see cref="Finished"/>.</summary>
    private void Start(in Work work)
    {
        if (work.Closes is { } closes)
        {
            foreach (var connection in closes)
                _ = CloseAsync(connection);
        }

        if (work.Probes is { } probes)
        {
            foreach (var idle in probes)
                _ = ProbeAsync(idle);
        }

        for (var i = 0; i < work.Opens; i++)
            _ = OpenAsync();
    }

    private void Finished(ref Work work)
    {
        Dispatch(ref work);
        if (--_running == 0 && _disposed)
            _drained.TrySetResult();
    }

    private async Task OpenAsync()
    {
        TConnection? connection = null;
        RemoteException? failure = null;
        try
        {
            using var deadline = new CancellationTokenSource(_options.Timeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
            connection = await _connect(either.Token);
        }
        catch (RemoteException e)
        {
            failure = e;
        }
        catch (OperationCanceledException e)
        {
            failure = new RemoteException(
                RemoteError.TimedOut, $"Connecting took longer than {_options.Timeout.TotalSeconds:0} s. Check that the server is reachable.", e);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            failure = new RemoteException(RemoteError.Offline, $"Connecting failed: {e.Message}", e);
        }
        catch (Exception e)
        {
            failure = new RemoteException(RemoteError.ServerFailure, $"Connecting failed unexpectedly: {e.Message}", e);
        }

        var work = new Work();
        List<LeaseWaiter<TConnection>>? failed = null;
        lock (_gate)
        {
            _opening--;
            if (connection is not null)
                Opened(ref work, connection);
            else
                failed = NotOpened(failure!);
            Finished(ref work);
        }

        foreach (var waiter in failed ?? [])
            waiter.TrySetException(Copy(failure!));
        Start(work);
        if (failure is not null)
            _logger.LogWarning("No new connection ({Error}): {Message}", failure.Error, failure.Message);
    }

    private void Opened(ref Work work, TConnection connection)
    {
        Interlocked.Increment(ref _connectionsMade);
        if (_disposed)
        {
            PlanClose(ref work, connection);
            return;
        }

        var now = Now;
        _offline = false;
        _connectFailure = null;
        _permanentFailure = null;
        _backoff.Succeeded();
        _idle.Add(new IdleConnection<TConnection>(connection, now, now, IsNew: true));
        _cap.Accepted(Open, now);
    }

    /// <returns>The waiters that are to be told at once.</returns>
    private List<LeaseWaiter<TConnection>>? NotOpened(RemoteException failure)
    {
        if (_disposed)
            return null;
        var now = Now;
        _prepared = 0;
        _lastError = failure.Message;
        _connectFailure = failure;
        _connectFailureTime = now;
        switch (failure.Error)
        {
            // With connections open the password is known to be good: servers say 530 for their limits, too.
            case RemoteError.TooManyConnections:
            case RemoteError.AuthenticationFailed when Open > 0:
                _cap.Refused(Open + _opening + _closing, now, ClosedRecently(now));
                if (Open == 0)
                    _backoff.Failed(now);
                return null;
            case RemoteError.Offline or RemoteError.TimedOut or RemoteError.Busy:
                _offline = true;
                _backoff.Failed(now);
                return null;
            default:
                _permanentFailure = failure;
                _backoff.Failed(now);
                return _queue.TakeAll();
        }
    }

    private bool ClosedRecently(TimeSpan now) =>
        _closing > 0 || (_lastClosed != TimeSpan.MinValue && now - _lastClosed < _options.MaximumRetryDelay);

    private async Task ProbeAsync(IdleConnection<TConnection> idle)
    {
        var alive = false;
        string? failure = null;
        try
        {
            using var deadline = new CancellationTokenSource(_options.ProbeTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stopping.Token);
            alive = await idle.Connection.ProbeAsync(either.Token) && idle.Connection.IsReusable;
        }
        catch (Exception e)
        {
            // Whatever it is, the connection is dead or in doubt.
            failure = e.Message;
        }

        var work = new Work();
        lock (_gate)
        {
            _probing--;
            var now = Now;
            if (alive && !_disposed)
            {
                _offline = false;
                var place = _idle.Count;
                while (place > 0 && _idle[place - 1].LastUsed > idle.LastUsed)
                    place--;
                _idle.Insert(place, idle with { LastHeard = now });
            }
            else
            {
                PlanClose(ref work, idle.Connection);
                if (!_disposed)
                {
                    Interlocked.Increment(ref _connectionsLost);
                    _lastError = failure ?? "An idle connection was found dead.";
                }
            }

            Finished(ref work);
        }

        Start(work);
        if (!alive)
            _logger.LogDebug("An idle connection was found dead: {Reason}", failure ?? "no sign of life");
    }

    private async Task CloseAsync(TConnection connection)
    {
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(_options.CloseTimeout, _time);
        }
        catch (Exception e)
        {
            _logger.LogDebug("Closing a connection failed: {Message}", e.Message);
        }

        var work = new Work();
        lock (_gate)
        {
            _closing--;
            _lastClosed = Now;
            Finished(ref work);
        }

        Start(work);
    }

    /// <summary>A connection was lost in use: the idle ones may be dead, too. Gives the pause before the action may run again.</summary>
    private TimeSpan NoteLost(RemoteException failure, int failures, bool wasNew)
    {
        lock (_gate)
        {
            _lastError = failure.Message;
            _suspectBefore = Now;
            // An idle connection that died is no sign of a server in trouble: the first repetition comes at once.
            return failures == 0 && !wasNew ? TimeSpan.Zero : _backoff.Pause(failures);
        }
    }

    private void OnTimer()
    {
        var work = new Work();
        lock (_gate)
        {
            _timerDue = TimeSpan.MaxValue;
            if (_disposed)
                return;
            var now = Now;
            for (var i = 0; i < _idle.Count; i++)
            {
                if (_idle.Count > 1 && now - _idle[i].LastUsed >= _options.SurplusIdleLifetime)
                {
                    PlanClose(ref work, _idle[i].Connection);
                    _idle.RemoveAt(i--);
                }
                else if (now - _idle[i].LastHeard >= _options.KeepaliveInterval)
                {
                    PlanProbe(ref work, i--);
                }
            }

            Dispatch(ref work);
        }

        Start(work);
    }

    /// <summary>
    /// Sets the timer to the next thing that time alone brings: a keepalive, a surplus connection's end, the next attempt. It is only ever
    /// set earlier, so that lending and giving back do not touch it.
    /// </summary>
    private void Schedule(TimeSpan now)
    {
        var due = TimeSpan.MaxValue;
        foreach (var idle in _idle)
        {
            due = Earlier(due, idle.LastHeard + _options.KeepaliveInterval);
            if (_idle.Count > 1)
                due = Earlier(due, idle.LastUsed + _options.SurplusIdleLifetime);
        }

        if (_queue.InteractiveCount + _queue.BulkCount > 0)
        {
            if (_backoff.NotBefore > now)
                due = Earlier(due, _backoff.NotBefore);
            if (_cap.GrowthFrom > now)
                due = Earlier(due, _cap.GrowthFrom);
        }

        if (due >= _timerDue)
            return;
        _timerDue = due;
        // Whole milliseconds, rounded up: a timer that fires early would find nothing to do.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, (due - now).TotalMilliseconds))), System.Threading.Timeout.InfiniteTimeSpan);
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static RemoteException Closed() => new(RemoteError.Offline, "The connections to the server are closed.");

    /// <summary>An exception object of its own for each caller, so that their stack traces do not mix.</summary>
    private static RemoteException Copy(RemoteException failure) =>
        new(failure.Error, failure.Message, failure) { Path = failure.Path, ServerReply = failure.ServerReply };

    /// <summary>What <see cref="Dispatch"/> decided, to be begun after the lock is released.</summary>
    private struct Work
    {
        public int Opens;
        public List<IdleConnection<TConnection>>? Probes;
        public List<TConnection>? Closes;

        public readonly bool IsEmpty => Opens == 0 && Probes is null && Closes is null;
    }
}
