using CsCheck;
using FtpMount.Remote.Pool;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Lease = FtpMount.Remote.Pool.ConnectionLease<FtpMount.Remote.Tests.Pool.ScriptedConnection>;

namespace FtpMount.Remote.Tests.Pool;

/// <summary>Random sequences of everything that can happen to a pool, with what must hold after each step.</summary>
public sealed class ConnectionPoolModelTests
{
    public enum Step
    {
        LeaseInteractive,
        LeaseRead,
        LeaseWrite,
        LeasePrefetch,
        Return,
        ReturnDoubtful,
        Discard,
        Cancel,
        AnswerConnect,
        KillConnection,
        ChangeCap,
        GoAway,
        ComeBack,
        RefuseLogin,
        BecomeSilent,
        Wait,
        WaitLong,
    }

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (6, Gen.Const(Step.LeaseInteractive)),
        (4, Gen.Const(Step.LeaseRead)),
        (3, Gen.Const(Step.LeaseWrite)),
        (3, Gen.Const(Step.LeasePrefetch)),
        (10, Gen.Const(Step.Return)),
        (2, Gen.Const(Step.ReturnDoubtful)),
        (1, Gen.Const(Step.Discard)),
        (2, Gen.Const(Step.Cancel)),
        (8, Gen.Const(Step.AnswerConnect)),
        (1, Gen.Const(Step.KillConnection)),
        (1, Gen.Const(Step.ChangeCap)),
        (1, Gen.Const(Step.GoAway)),
        (2, Gen.Const(Step.ComeBack)),
        (1, Gen.Const(Step.RefuseLogin)),
        (1, Gen.Const(Step.BecomeSilent)),
        (3, Gen.Const(Step.Wait)),
        (1, Gen.Const(Step.WaitLong)));

    [Fact]
    public void Whatever_happens_the_pool_keeps_its_promises() =>
        Gen.Select(Gen.Int[1, 5], Gen.Bool, Gen.Int, Gen.Select(Steps, Gen.Int[0, 1000]).Array[0, 120])
            .Sample(
                (maximum, slow, seed, steps) => SingleThread.Run(async thread =>
                {
                    await using var run = new Run(thread, maximum, slow, seed);
                    await run.RunAsync(steps);
                }),
                iter: 5_000,
                threads: 1);

    private sealed class Run : IAsyncDisposable
    {
        private readonly SingleThread _thread;
        private readonly FakeTimeProvider _time = new();
        private readonly ScriptedServer _server;
        private readonly ConnectionPool<ScriptedConnection> _pool;
        private readonly ConnectionPoolOptions _options;
        private readonly List<(Task<Lease> Task, Lane Lane, CancellationTokenSource Cancellation, DateTimeOffset Deadline)> _waiting = [];
        private readonly List<Lease> _held = [];

        public Run(SingleThread thread, int maximum, bool slow, int seed)
        {
            _thread = thread;
            _server = new ScriptedServer { IsSlow = slow };
            _options = new ConnectionPoolOptions { MaximumConnections = maximum, MaximumOvertakes = 3 };
            _pool = new ConnectionPool<ScriptedConnection>(_server.ConnectAsync, _options, _time, NullLogger.Instance, new Random(seed));
        }

        public async Task RunAsync((Step Step, int Argument)[] steps)
        {
            foreach (var (step, argument) in steps)
            {
                var bulkBefore = Bulk;
                var lostBefore = _pool.ConnectionsLost;
                await DoAsync(step, argument);
                _thread.Settle();
                await CheckAsync(bulkBefore, lostBefore);
            }

            await EndAsync();
        }

        public ValueTask DisposeAsync() => _pool.DisposeAsync();

        private int Bulk => _held.Count(lease => lease.Lane != Lane.Interactive);

        private async Task DoAsync(Step step, int argument)
        {
            switch (step)
            {
                case Step.LeaseInteractive or Step.LeaseRead or Step.LeaseWrite or Step.LeasePrefetch:
                    var cancellation = new CancellationTokenSource();
                    var lane = (Lane)step;
                    _waiting.Add((_pool.LeaseAsync(lane, cancellation.Token).AsTask(), lane, cancellation, _time.GetUtcNow() + _options.Timeout));
                    break;
                case Step.Return or Step.ReturnDoubtful or Step.Discard when _held.Count > 0:
                    var lease = _held[argument % _held.Count];
                    _held.Remove(lease);
                    lease.Connection.EndUse();
                    if (step == Step.ReturnDoubtful)
                        lease.Connection.IsReusable = false;
                    if (step == Step.Discard)
                        lease.Discard();
                    await lease.DisposeAsync();
                    break;
                case Step.Cancel when _waiting.Count > 0:
                    var waiter = _waiting[argument % _waiting.Count];
#pragma warning disable CA1849 // on this thread, now
                    waiter.Cancellation.Cancel();
#pragma warning restore CA1849
                    Assert.True(waiter.Task.IsCompleted || Settled(waiter.Task), "A cancelled wait does not end.");
                    break;
                case Step.AnswerConnect when _server.Pending > 0:
                    _server.Answer(argument);
                    break;
                case Step.KillConnection when _server.Live > 0:
                    _server.Connections[argument % _server.Live].IsAlive = false;
                    break;
                case Step.ChangeCap:
                    _server.Cap = argument % 7;
                    break;
                case Step.GoAway:
                    _server.Failure = RemoteError.Offline;
                    break;
                case Step.RefuseLogin:
                    _server.Failure = RemoteError.AuthenticationFailed;
                    break;
                case Step.BecomeSilent:
                    _server.IsSilent = !_server.IsSilent;
                    break;
                case Step.ComeBack:
                    _server.Failure = null;
                    _server.Cap = int.MaxValue;
                    break;
                case Step.Wait:
                    _time.Advance(TimeSpan.FromMilliseconds(argument * 3));
                    break;
                case Step.WaitLong:
                    _time.Advance(TimeSpan.FromSeconds(argument / 4));
                    break;
                default:
                    break;
            }
        }

        private bool Settled(Task task)
        {
            _thread.Settle();
            return task.IsCompleted;
        }

        private async Task CheckAsync(int bulkBefore, long lostBefore)
        {
            foreach (var waiter in _waiting.ToArray())
            {
                if (!waiter.Task.IsCompleted)
                {
                    Assert.True(_time.GetUtcNow() < waiter.Deadline, "A wait outlives its deadline.");
                    continue;
                }

                _waiting.Remove(waiter);
                if (waiter.Task.IsCompletedSuccessfully)
                {
                    var lease = await waiter.Task;
                    Assert.Equal(waiter.Lane, lease.Lane);
                    lease.Connection.Use();
                    _held.Add(lease);
                }
                else if (waiter.Task.IsFaulted)
                {
                    Assert.IsType<RemoteException>(waiter.Task.Exception.InnerException);
                }
                else
                {
                    Assert.True(waiter.Cancellation.IsCancellationRequested);
                }
            }

            Assert.Equal(_held.Count, _pool.BusyConnections);
            Assert.Equal(_server.Live, _pool.OpenConnections);
            Assert.InRange(_server.MostLive, 0, _options.MaximumConnections);
            Assert.InRange(_pool.ConnectionLimit, 1, _options.MaximumConnections);
            Assert.InRange(_pool.OpenConnections + _server.Pending, 0, _pool.ConnectionLimit);
            if (Bulk > bulkBefore)
            {
                // A connection that was found dead in the same step may have been the reserve.
                Assert.True(Bulk == 1 || Bulk < _pool.OpenConnections + _pool.ConnectionsLost - lostBefore, "The interactive reserve is lent to a bulk lane.");
                Assert.True(Bulk <= Math.Max(1, _pool.ConnectionLimit - 1), "The bulk lanes hold the last connection.");
            }
        }

        /// <summary>The server is well again: everyone who waits is served soon, and nothing is left at the end.</summary>
        private async Task EndAsync()
        {
            _server.Failure = null;
            _server.Cap = int.MaxValue;
            _server.IsSlow = false;
            _server.IsSilent = false;
            for (var passed = TimeSpan.Zero; _waiting.Count > 0; passed += TimeSpan.FromSeconds(1))
            {
                Assert.True(passed <= _options.MaximumRetryDelay + _options.ProbeTimeout + TimeSpan.FromSeconds(1), "A waiter starves.");
                do
                {
                    while (_server.Pending > 0)
                    {
                        _server.Answer();
                        _thread.Settle();
                    }

                    await ReturnAllAsync();
                    _thread.Settle();
                    await CheckAsync(int.MaxValue, 0);
                }
                while (_held.Count > 0);
                _time.Advance(TimeSpan.FromSeconds(1));
                _thread.Settle();
                await CheckAsync(int.MaxValue, 0);
            }

            await ReturnAllAsync();
            await _pool.DisposeAsync();
            Assert.Equal(0, _server.Live);
        }

        private async Task ReturnAllAsync()
        {
            foreach (var lease in _held.ToArray())
            {
                _held.Remove(lease);
                lease.Connection.EndUse();
                await lease.DisposeAsync();
            }
        }
    }
}
