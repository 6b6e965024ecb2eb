using FtpMount.Remote.Pool;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Lease = FtpMount.Remote.Pool.ConnectionLease<FtpMount.Remote.Tests.Pool.ScriptedConnection>;

namespace FtpMount.Remote.Tests.Pool;

public sealed class ConnectionPoolTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedServer _server = new();
    private readonly ConnectionPoolOptions _options = new() { MaximumConnections = 4 };

    private void Run(Func<ConnectionPool<ScriptedConnection>, Action, Task> test, Func<ConnectionPoolOptions, ConnectionPoolOptions>? options = null) =>
        SingleThread.Run(async thread =>
        {
            await using var pool = new ConnectionPool<ScriptedConnection>(
                _server.ConnectAsync, options?.Invoke(_options) ?? _options, _time, NullLogger.Instance, new Random(1));
            await test(pool, thread.Settle);
            await pool.DisposeAsync();
            Assert.Equal(0, _server.Live);
        });

    private static Task<Lease> Lease(ConnectionPool<ScriptedConnection> pool, Lane lane = Lane.Interactive, CancellationToken token = default) =>
        pool.LeaseAsync(lane, token).AsTask();

    private static async Task<RemoteException> Fails(RemoteError error, Task task)
    {
        var exception = await Assert.ThrowsAsync<RemoteException>(() => task);
        Assert.Equal(error, exception.Error);
        return exception;
    }

    [Fact]
    public void A_returned_connection_is_lent_again() => Run(async (pool, _) =>
    {
        var first = await Lease(pool);
        var connection = first.Connection;
        await first.DisposeAsync();
        await using var second = await Lease(pool, Lane.Write);
        Assert.Same(connection, second.Connection);
        Assert.Equal(1, pool.ConnectionsMade);
        Assert.Equal(1, pool.BusyConnections);
        Assert.Equal(1, pool.OpenConnections);
    });

    [Fact]
    public void An_idle_connection_is_lent_synchronously() => Run(async (pool, _) =>
    {
        await (await Lease(pool)).DisposeAsync();
        var lease = pool.LeaseAsync(Lane.Interactive, CancellationToken.None);
        Assert.True(lease.IsCompletedSuccessfully);
        await (await lease).DisposeAsync();
    });

    [Fact]
    public void Connections_are_opened_ahead_of_calls_that_are_likely() => Run(async (pool, settle) =>
    {
        await (await Lease(pool)).DisposeAsync();
        pool.Prepare(3);
        settle();
        Assert.Equal((3, 0), (pool.OpenConnections, pool.BusyConnections));
        pool.Prepare(2);
        pool.Prepare(100);
        settle();
        Assert.Equal(4, pool.OpenConnections);
        Assert.Equal(4, _server.Attempts);
        var leases = new List<Lease>();
        for (var i = 0; i < 4; i++)
            leases.Add(await Lease(pool));
        Assert.Equal(4, _server.Attempts);
        foreach (var lease in leases)
            await lease.DisposeAsync();
    });

    [Fact]
    public void What_was_opened_ahead_and_closed_since_is_opened_ahead_again() => Run(async (pool, settle) =>
    {
        pool.Prepare(3);
        settle();
        var lease = await Lease(pool);
        lease.Discard();
        await lease.DisposeAsync();
        settle();
        Assert.Equal(2, pool.OpenConnections);
        pool.Prepare(3);
        settle();
        Assert.Equal(3, pool.OpenConnections);
    });

    [Fact]
    public void Connections_opened_ahead_teach_the_limit_and_respect_it() => Run(async (pool, settle) =>
    {
        _server.Cap = 2;
        await (await Lease(pool)).DisposeAsync();
        pool.Prepare(4);
        settle();
        Assert.Equal((2, 2), (pool.OpenConnections, pool.ConnectionLimit));
        var attempts = _server.Attempts;
        pool.Prepare(4);
        settle();
        Assert.Equal(attempts, _server.Attempts);
    });

    [Fact]
    public void Nothing_is_opened_ahead_on_a_server_that_cannot_be_reached() => Run((pool, settle) =>
    {
        _server.Failure = RemoteError.Offline;
        pool.Prepare(2);
        settle();
        var attempts = _server.Attempts;
        pool.Prepare(2);
        settle();
        Assert.Equal(attempts, _server.Attempts);
        return Task.CompletedTask;
    });

    [Fact]
    public void Disposing_a_lease_twice_returns_the_connection_once() => Run(async (pool, _) =>
    {
        var first = await Lease(pool);
        await first.DisposeAsync();
        var second = await Lease(pool);
        await first.DisposeAsync();
        await using var third = await Lease(pool);
        Assert.NotSame(second.Connection, third.Connection);
        Assert.Throws<ObjectDisposedException>(() => first.Connection);
        await second.DisposeAsync();
    });

    [Fact]
    public void A_connection_in_doubt_is_closed_and_not_lent_again() => Run(async (pool, _) =>
    {
        var first = await Lease(pool);
        var doubtful = first.Connection;
        doubtful.IsReusable = false;
        await first.DisposeAsync();
        var second = await Lease(pool);
        var discarded = second.Connection;
        Assert.NotSame(doubtful, discarded);
        second.Discard();
        await second.DisposeAsync();
        await using var third = await Lease(pool);
        Assert.NotSame(discarded, third.Connection);
        Assert.Equal((1, 1), (doubtful.Disposals, discarded.Disposals));
        Assert.Equal(2, pool.ConnectionsLost);
        Assert.Equal(1, _server.Live);
    });

    [Fact]
    public void An_idle_connection_known_to_be_closed_is_replaced() => Run(async (pool, _) =>
    {
        var first = await Lease(pool);
        var connection = first.Connection;
        await first.DisposeAsync();
        connection.IsReusable = false;
        await using var second = await Lease(pool);
        Assert.NotSame(connection, second.Connection);
        Assert.Equal(1, connection.Disposals);
    });

    [Fact]
    public void Several_connections_are_opened_at_once() => Run(async (pool, settle) =>
    {
        _server.IsSlow = true;
        var leases = Enumerable.Range(0, 6).Select(_ => Lease(pool)).ToArray();
        settle();
        Assert.Equal(4, _server.Pending);
        while (_server.Pending > 0)
        {
            _server.Answer();
            settle();
        }

        for (var i = 0; i < leases.Length; i++)
            await (await leases[i]).DisposeAsync();
        Assert.Equal(4, _server.Attempts);
    });

    [Fact]
    public void Bulk_lanes_leave_one_connection_to_the_interactive_lane() => Run(async (pool, settle) =>
    {
        var bulk = new[] { Lease(pool, Lane.Read), Lease(pool, Lane.Write), Lease(pool, Lane.Prefetch), Lease(pool, Lane.Read), Lease(pool, Lane.Write) };
        settle();
        Assert.Equal(3, bulk.Count(lease => lease.IsCompleted));
        var interactive = Lease(pool);
        settle();
        Assert.True(interactive.IsCompletedSuccessfully);
        await (await interactive).DisposeAsync();
        settle();
        Assert.Equal(3, bulk.Count(lease => lease.IsCompleted));
        foreach (var lease in bulk)
        {
            await (await lease).DisposeAsync();
            settle();
        }
    });

    [Fact]
    public void Bulk_lanes_do_not_use_up_a_limit_that_the_server_has_not_told_yet() => Run(async (pool, settle) =>
    {
        _server.Cap = 2;
        var first = Lease(pool, Lane.Read);
        var second = Lease(pool, Lane.Read);
        settle();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.False(second.IsCompleted);
        Assert.Equal(2, pool.ConnectionLimit);
        var interactive = Lease(pool);
        settle();
        Assert.True(interactive.IsCompletedSuccessfully);
        await (await first).DisposeAsync();
        settle();
        await (await second).DisposeAsync();
        await (await interactive).DisposeAsync();
    });

    [Fact]
    public void With_a_limit_of_one_all_lanes_share_it() => Run(
        async (pool, settle) =>
        {
            var read = await Lease(pool, Lane.Read);
            var prefetch = Lease(pool, Lane.Prefetch);
            var interactive = Lease(pool);
            settle();
            Assert.False(interactive.IsCompleted || prefetch.IsCompleted);
            await read.DisposeAsync();
            settle();
            Assert.True(interactive.IsCompletedSuccessfully);
            Assert.False(prefetch.IsCompleted);
            await (await interactive).DisposeAsync();
            await (await prefetch).DisposeAsync();
        },
        options => options with { MaximumConnections = 1 });

    [Fact]
    public void Lanes_are_served_in_order_and_each_first_in_first_out() => Run(
        async (pool, settle) =>
        {
            var held = await Lease(pool);
            var order = new List<string>();
            var waiters = new List<Task>();
            foreach (var (lane, name) in new[]
                     {
                         (Lane.Prefetch, "p1"), (Lane.Write, "w1"), (Lane.Read, "r1"), (Lane.Interactive, "i1"),
                         (Lane.Prefetch, "p2"), (Lane.Write, "w2"), (Lane.Read, "r2"), (Lane.Interactive, "i2"),
                     })
            {
                waiters.Add(Use(lane, name));
            }

            async Task Use(Lane lane, string name)
            {
                await using var lease = await pool.LeaseAsync(lane, CancellationToken.None);
                order.Add(name);
            }

            settle();
            await held.DisposeAsync();
            await Task.WhenAll(waiters);
            Assert.Equal(["i1", "i2", "r1", "r2", "w1", "w2", "p1", "p2"], order);
        },
        options => options with { MaximumConnections = 1 });

    [Fact]
    public void No_lane_is_overtaken_more_often_than_allowed() => Run(
        async (pool, settle) =>
        {
            var held = await Lease(pool);
            var lower = new Dictionary<Lane, Task<Lease>>();
            foreach (var lane in new[] { Lane.Read, Lane.Write, Lane.Prefetch })
                lower[lane] = Lease(pool, lane);
            var next = Lease(pool);
            var turns = new Dictionary<Lane, int>();
            for (var turn = 0; turns.Count < 3; turn++)
            {
                Assert.True(turn < 40, "a lane starves");
                await held.DisposeAsync();
                settle();
                if (lower.FirstOrDefault(pair => pair.Value.IsCompleted && turns.TryAdd(pair.Key, turn)) is { Value: { } served })
                {
                    held = await served;
                }
                else
                {
                    held = await next;
                    next = Lease(pool);
                }
            }

            Assert.Equal([Lane.Read, Lane.Write, Lane.Prefetch], turns.OrderBy(pair => pair.Value).Select(pair => pair.Key));
            await held.DisposeAsync();
            await (await next).DisposeAsync();
        },
        options => options with { MaximumConnections = 1, MaximumOvertakes = 5 });

    [Fact]
    public void A_refusal_teaches_the_limit_and_the_waiter_gets_what_is_returned() => Run(async (pool, settle) =>
    {
        _server.Cap = 2;
        var first = await Lease(pool);
        var second = await Lease(pool);
        var third = Lease(pool);
        settle();
        Assert.False(third.IsCompleted);
        Assert.Equal(2, pool.ConnectionLimit);
        Assert.Contains("421", pool.LastError, StringComparison.Ordinal);
        await first.DisposeAsync();
        settle();
        Assert.True(third.IsCompletedSuccessfully);
        var attempts = _server.Attempts;
        var fourth = Lease(pool);
        settle();
        Assert.Equal(attempts, _server.Attempts);
        await second.DisposeAsync();
        await (await third).DisposeAsync();
        await (await fourth).DisposeAsync();
    });

    [Fact]
    public void A_learned_limit_is_doubted_after_a_while_and_less_often_after_each_refusal() => Run(async (pool, settle) =>
    {
        _server.Cap = 1;
        var held = await Lease(pool);
        await Fails(RemoteError.TooManyConnections, Expire(Lease(pool), settle));
        Assert.Equal((1, 2), (pool.ConnectionLimit, _server.Attempts));

        _time.Advance(_options.RegrowthDelay);
        await Fails(RemoteError.TooManyConnections, Expire(Lease(pool), settle));
        Assert.Equal((1, 3), (pool.ConnectionLimit, _server.Attempts));

        _server.Cap = 4;
        _time.Advance(_options.RegrowthDelay);
        await Fails(RemoteError.TooManyConnections, Expire(Lease(pool), settle));
        Assert.Equal(3, _server.Attempts);

        _time.Advance(_options.RegrowthDelay);
        var rest = new[] { Lease(pool), Lease(pool), Lease(pool) };
        settle();
        Assert.All(rest, lease => Assert.True(lease.IsCompletedSuccessfully));
        Assert.Equal(4, pool.ConnectionLimit);
        await held.DisposeAsync();
        foreach (var lease in rest)
            await (await lease).DisposeAsync();
    });

    [Fact]
    public void A_full_server_is_asked_again_until_the_deadline() => Run(async (pool, settle) =>
    {
        _server.Cap = 0;
        var lease = Lease(pool);
        var failure = await Fails(RemoteError.TooManyConnections, Expire(lease, settle));
        Assert.Equal("421 too many", failure.ServerReply);
        Assert.InRange(_server.Attempts, 5, 30);

        var later = Lease(pool);
        _server.Cap = 1;
        _time.Advance(TimeSpan.FromSeconds(5));
        await (await later).DisposeAsync();
    });

    [Fact]
    public void A_login_refused_while_others_are_logged_in_counts_as_a_limit() => Run(async (pool, settle) =>
    {
        var held = await Lease(pool);
        _server.Failure = RemoteError.AuthenticationFailed;
        var second = Lease(pool);
        settle();
        Assert.False(second.IsCompleted);
        Assert.Equal(1, pool.ConnectionLimit);
        await held.DisposeAsync();
        await (await second).DisposeAsync();
    });

    [Theory]
    [InlineData(RemoteError.AuthenticationFailed)]
    [InlineData(RemoteError.Untrusted)]
    public void A_permanent_failure_is_given_at_once_and_not_provoked_again_in_a_row(RemoteError error) => Run(async (pool, settle) =>
    {
        _server.Failure = error;
        await Fails(error, Lease(pool));
        await Fails(error, Lease(pool, Lane.Read));
        Assert.Equal(1, _server.Attempts);
        _time.Advance(TimeSpan.FromSeconds(10));
        await Fails(error, Lease(pool));
        Assert.Equal(2, _server.Attempts);
        _server.Failure = null;
        _time.Advance(TimeSpan.FromSeconds(10));
        await (await Lease(pool)).DisposeAsync();
    });

    [Fact]
    public void While_the_server_is_away_one_attempt_at_a_time_is_made_and_its_success_serves_all() => Run(async (pool, settle) =>
    {
        _server.Failure = RemoteError.Offline;
        var first = Lease(pool);
        settle();
        var leases = new[] { first, Lease(pool), Lease(pool, Lane.Read) };
        Assert.True(pool.Offline);
        var seen = _server.Attempts;
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            settle();
            Assert.InRange(_server.Attempts - seen, 0, 2);
            seen = _server.Attempts;
        }

        Assert.InRange(_server.Attempts, 5, 16);
        _server.Failure = null;
        _time.Advance(TimeSpan.FromSeconds(5));
        settle();
        Assert.All(leases, lease => Assert.True(lease.IsCompletedSuccessfully));
        Assert.False(pool.Offline);
        foreach (var lease in leases)
            await (await lease).DisposeAsync();
    });

    [Fact]
    public void A_wait_for_an_absent_server_ends_as_offline() => Run(async (pool, settle) =>
    {
        _server.Failure = RemoteError.Offline;
        var failure = await Fails(RemoteError.Offline, Expire(Lease(pool), settle));
        Assert.Equal("scripted Offline", failure.Message);
    });

    [Fact]
    public void A_wait_for_a_silent_server_ends_as_timed_out() => Run(async (pool, settle) =>
    {
        _server.IsSlow = true;
        await Fails(RemoteError.TimedOut, Expire(Lease(pool), settle));
        settle();
        Assert.Equal(0, pool.OpenConnections);
    });

    [Fact]
    public void A_wait_for_busy_connections_ends_as_timed_out() => Run(
        async (pool, settle) =>
        {
            var held = await Lease(pool);
            var failure = await Fails(RemoteError.TimedOut, Expire(Lease(pool), settle));
            Assert.Contains("busy for 30 s", failure.Message, StringComparison.Ordinal);
            await held.DisposeAsync();
            await (await Lease(pool)).DisposeAsync();
        },
        options => options with { MaximumConnections = 1 });

    [Fact]
    public void A_connection_long_idle_is_probed_before_it_is_lent() => Run(async (pool, _) =>
    {
        var first = await Lease(pool);
        var connection = first.Connection;
        await first.DisposeAsync();
        _time.Advance(_options.ProbeAfterIdle - TimeSpan.FromSeconds(1));
        await (await Lease(pool)).DisposeAsync();
        Assert.Equal(0, connection.Probes);
        _time.Advance(_options.ProbeAfterIdle);
        await (await Lease(pool)).DisposeAsync();
        Assert.Equal(1, connection.Probes);
        await (await Lease(pool)).DisposeAsync();
        Assert.Equal(1, connection.Probes);
        connection.IsAlive = false;
        _time.Advance(_options.ProbeAfterIdle);
        await using var last = await Lease(pool);
        Assert.NotSame(connection, last.Connection);
        Assert.Equal(1, pool.ConnectionsLost);
    });

    [Fact]
    public void A_probe_without_an_answer_ends_in_a_new_connection_before_the_deadline() => Run(async (pool, settle) =>
    {
        await (await Lease(pool)).DisposeAsync();
        _time.Advance(_options.ProbeAfterIdle);
        _server.IsSilent = true;
        var lease = Lease(pool);
        settle();
        Assert.False(lease.IsCompleted);
        _time.Advance(_options.ProbeTimeout);
        await (await lease).DisposeAsync();
        Assert.Equal(2, pool.ConnectionsMade);
    });

    [Fact]
    public void Idle_connections_are_kept_alive_and_dead_ones_are_discarded() => Run(async (pool, settle) =>
    {
        var first = await Lease(pool);
        var connection = first.Connection;
        await first.DisposeAsync();
        for (var i = 1; i <= 20; i++)
        {
            _time.Advance(_options.KeepaliveInterval);
            settle();
            Assert.Equal(i, connection.Probes);
        }

        connection.IsAlive = false;
        _time.Advance(_options.KeepaliveInterval);
        settle();
        Assert.Equal((0, 1), (pool.OpenConnections, connection.Disposals));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, _server.Attempts);
    });

    [Fact]
    public void Surplus_connections_are_closed_but_the_last_one_stays() => Run(async (pool, settle) =>
    {
        var leases = new[] { Lease(pool), Lease(pool), Lease(pool) };
        foreach (var lease in leases)
            await (await lease).DisposeAsync();
        Assert.Equal(3, pool.OpenConnections);
        for (var t = TimeSpan.Zero; t <= _options.SurplusIdleLifetime + _options.KeepaliveInterval; t += TimeSpan.FromSeconds(10))
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            settle();
        }

        Assert.Equal((1, 1), (pool.OpenConnections, _server.Live));
        Assert.Equal(0, pool.ConnectionsLost);
    });

    [Fact]
    public void A_cancelled_wait_frees_its_place_at_once_and_loses_no_connection() => Run(async (pool, settle) =>
    {
        _server.IsSlow = true;
        using var cancellation = new CancellationTokenSource();
        var givenUp = Lease(pool, Lane.Interactive, cancellation.Token);
        settle();
        await cancellation.CancelAsync();
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        _server.Answer();
        settle();
        Assert.Equal((1, 0), (pool.OpenConnections, pool.BusyConnections));
        await (await Lease(pool)).DisposeAsync();
        Assert.Equal(1, _server.Attempts);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Lease(pool, Lane.Read, cancellation.Token));
    });

    [Fact]
    public void Closing_the_pool_ends_waits_and_closes_connections_in_use() => Run(
        async (pool, settle) =>
        {
            var held = await Lease(pool);
            var connection = held.Connection;
            var waiter = Lease(pool);
            settle();
            await pool.DisposeAsync();
            await Fails(RemoteError.Offline, waiter);
            await Fails(RemoteError.Offline, Lease(pool));
            await held.DisposeAsync();
            Assert.Equal(1, connection.Disposals);
        },
        options => options with { MaximumConnections = 1 });

    [Fact]
    public void Closing_the_pool_ends_an_attempt_to_connect() => Run(async (pool, settle) =>
    {
        _server.IsSlow = true;
        var waiter = Lease(pool);
        settle();
        await pool.DisposeAsync();
        await Fails(RemoteError.Offline, waiter);
        Assert.Equal(0, _server.Pending);
    });

    [Fact]
    public void A_repeatable_action_runs_again_at_once_when_an_idle_connection_was_dead() => Run(async (pool, settle) =>
    {
        await (await Lease(pool)).DisposeAsync();
        var runs = 0;
        var result = await pool.RunAsync(
            Lane.Interactive,
            repeatable: true,
            (_, _) => ++runs == 1 ? throw new RemoteException(RemoteError.Offline, "reset") : ValueTask.FromResult(runs),
            CancellationToken.None);
        Assert.Equal(2, result);
        Assert.Equal((2, 1), (pool.ConnectionsMade, pool.ConnectionsLost));
    });

    [Fact]
    public void After_a_loss_the_other_idle_connections_are_probed_before_use() => Run(async (pool, settle) =>
    {
        var leases = new[] { await Lease(pool), await Lease(pool), await Lease(pool) };
        foreach (var lease in leases)
            await lease.DisposeAsync();
        foreach (var connection in _server.Connections)
            connection.IsAlive = false;
        _time.Advance(TimeSpan.FromSeconds(1));
        var runs = 0;
        await pool.RunAsync(
            Lane.Interactive,
            repeatable: true,
            (connection, _) =>
            {
                runs++;
                return connection.IsAlive ? ValueTask.CompletedTask : throw new RemoteException(RemoteError.Offline, "reset");
            },
            CancellationToken.None);
        Assert.Equal(2, runs);
    });

    [Fact]
    public void What_is_not_repeatable_runs_once() => Run(async (pool, settle) =>
    {
        var runs = 0;
        await Fails(RemoteError.Offline, pool.RunAsync(Lane.Write, repeatable: false, Lost, CancellationToken.None).AsTask());
        Assert.Equal(1, runs);
        Assert.Equal(0, pool.OpenConnections);

        ValueTask Lost(ScriptedConnection connection, CancellationToken token)
        {
            runs++;
            throw new RemoteException(RemoteError.Offline, "reset");
        }
    });

    [Fact]
    public void Other_failures_are_not_repeated_and_keep_the_connection() => Run(async (pool, settle) =>
    {
        var runs = 0;
        await Fails(RemoteError.NotFound, pool.RunAsync(Lane.Interactive, repeatable: true, Missing, CancellationToken.None).AsTask());
        Assert.Equal((1, 1), (runs, pool.OpenConnections));

        ValueTask<int> Missing(ScriptedConnection connection, CancellationToken token)
        {
            runs++;
            throw new RemoteException(RemoteError.NotFound, "550");
        }
    });

    [Fact]
    public void Repetitions_pause_and_end_at_the_deadline() => Run(async (pool, settle) =>
    {
        var began = _time.GetUtcNow();
        var runs = 0;
        var task = pool.RunAsync(Lane.Interactive, repeatable: true, Lost, CancellationToken.None).AsTask();
        settle();
        while (!task.IsCompleted)
        {
            Assert.True(_time.GetUtcNow() - began <= _options.Timeout, "the deadline is past");
            _time.Advance(TimeSpan.FromMilliseconds(100));
            settle();
        }

        await Fails(RemoteError.Offline, task);
        Assert.InRange(runs, 5, 30);

        ValueTask Lost(ScriptedConnection connection, CancellationToken token)
        {
            runs++;
            throw new RemoteException(RemoteError.Offline, "reset");
        }
    });

    [Fact]
    public void Cancelling_ends_the_pause_before_a_repetition() => Run(async (pool, settle) =>
    {
        using var cancellation = new CancellationTokenSource();
        var task = pool.RunAsync(
            Lane.Interactive, repeatable: true, (_, _) => throw new RemoteException(RemoteError.Offline, "reset"), cancellation.Token).AsTask();
        settle();
        Assert.False(task.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.Equal(0, pool.BusyConnections);
    });

    /// <summary>Lets the waiter's time pass.</summary>
    private async Task<Lease> Expire(Task<Lease> task, Action settle)
    {
        for (var i = 0; i < 30; i++)
        {
            settle();
            Assert.False(task.IsCompleted);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        settle();
        Assert.True(task.IsCompleted, "The wait does not end.");
        return await task;
    }
}
