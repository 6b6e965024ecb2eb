using System.Diagnostics.CodeAnalysis;
using CsCheck;
using FtpMount.Remote.Network;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Remote.Tests.Network;

[SuppressMessage("Reliability", "CA2012", Justification = "Each wait is looked at until it is over and taken once; a task made of it would end only later, on another thread.")]
public sealed class RateLimitTests
{
    private const int Rate = 1_000_000;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 6, 15, 7, 59, 0, TimeSpan.Zero));

    private RateLimiter Limiter(params RateScheduleEntry[] entries) => new(new RateSchedule(entries), _time);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Moves blocks in every flow that may for a time, and counts what each moved.</summary>
    private long[] Run(TimeSpan duration, params RateFlow[] flows)
    {
        var moved = new long[flows.Length];
        var waits = new ValueTask?[flows.Length];
        var step = TimeSpan.FromMilliseconds(1);
        for (var passed = TimeSpan.Zero; passed < duration; passed += step)
        {
            for (var i = 0; i < flows.Length; i++)
            {
                while (true)
                {
                    waits[i] ??= flows[i].WaitAsync(Token);
                    if (!waits[i]!.Value.IsCompletedSuccessfully)
                        break;
                    waits[i]!.Value.GetAwaiter().GetResult();
                    waits[i] = null;
                    var count = Math.Min(flows[i].Block, 1 << 20);
                    flows[i].Charge(count);
                    moved[i] += count;
                    if (flows[i].Block > 1 << 20)
                        break; // no limit: one block a step is enough
                }
            }

            _time.Advance(step);
        }

        return moved;
    }

    [Fact]
    public void One_transfer_gets_the_rate_and_no_more()
    {
        using var flow = Limiter(new RateScheduleEntry(Rate, null)).Download.CreateFlow(Lane.Read);
        var moved = Run(TimeSpan.FromSeconds(10), flow)[0];
        Assert.InRange(moved, 10 * Rate, (10 * Rate) + (Rate / 4)); // 0.2 s in advance, and one block
    }

    [Fact]
    public void Transfers_share_the_rate_evenly()
    {
        var limit = Limiter(new RateScheduleEntry(Rate, null)).Download;
        using RateFlow a = limit.CreateFlow(Lane.Read), b = limit.CreateFlow(Lane.Read), c = limit.CreateFlow(Lane.Read);
        var moved = Run(TimeSpan.FromSeconds(10), a, b, c);
        Assert.InRange(moved.Sum(), 10 * Rate, (10 * Rate) + (Rate / 3));
        Assert.All(moved, bytes => Assert.InRange(bytes, moved.Sum() / 3 * 9 / 10, moved.Sum() / 3 * 11 / 10));
    }

    [Fact]
    public void What_was_not_used_is_not_saved_up()
    {
        using var flow = Limiter(new RateScheduleEntry(Rate, null)).Download.CreateFlow(Lane.Read);
        Run(TimeSpan.FromSeconds(1), flow);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.InRange(Run(TimeSpan.FromSeconds(1), flow)[0], Rate, Rate + (Rate / 4));
    }

    [Fact]
    public void The_directions_do_not_share()
    {
        var limiter = Limiter(new RateScheduleEntry(Rate, 2 * Rate));
        using RateFlow down = limiter.Download.CreateFlow(Lane.Read), up = limiter.Upload.CreateFlow(Lane.Write);
        var moved = Run(TimeSpan.FromSeconds(5), down, up);
        Assert.InRange(moved[0], 5 * Rate, 5.25 * Rate);
        Assert.InRange(moved[1], 10 * Rate, 10.5 * Rate);
    }

    [Fact]
    public void What_nobody_waits_for_yields_and_gets_the_rest()
    {
        var limit = Limiter(new RateScheduleEntry(Rate, null)).Download;
        using RateFlow read = limit.CreateFlow(Lane.Read), prefetch = limit.CreateFlow(Lane.Prefetch);
        var both = Run(TimeSpan.FromSeconds(10), read, prefetch);
        Assert.InRange(both[0], 10 * Rate, 10.25 * Rate);
        Assert.InRange(both[1], 0, Rate / 2); // what may go in advance
        Assert.InRange(Run(TimeSpan.FromSeconds(10), prefetch)[0], 9.5 * Rate, 10.25 * Rate);
    }

    [Fact]
    public void A_transfer_that_comes_late_waits_a_turn_and_not_for_the_others_to_end()
    {
        var limit = Limiter(new RateScheduleEntry(Rate, null)).Download;
        var busy = Enumerable.Range(0, 8).Select(_ => limit.CreateFlow(Lane.Read)).ToArray();
        Run(TimeSpan.FromSeconds(2), busy);
        using var late = limit.CreateFlow(Lane.Read);
        var moved = Run(TimeSpan.FromMilliseconds(400), [.. busy, late]);
        Assert.InRange(moved[8], 2 * late.Block, long.MaxValue);
        foreach (var flow in busy)
            flow.Dispose();
    }

    [Fact]
    public void A_timetable_changes_the_rate_of_transfers_under_way()
    {
        var limit = Limiter(
            new RateScheduleEntry(Rate, Rate, new TimeOnly(8, 0), new TimeOnly(18, 0)), new RateScheduleEntry(4 * Rate, 4 * Rate)).Download;
        using var flow = limit.CreateFlow(Lane.Read);
        Assert.InRange(Run(TimeSpan.FromMinutes(1), flow)[0], 240 * Rate, 241 * Rate);
        Assert.Equal(Rate, limit.BytesPerSecond);
        Assert.InRange(Run(TimeSpan.FromSeconds(10), flow)[0], 10 * Rate, 10.3 * Rate);
        _time.Advance(TimeSpan.FromHours(10));
        Assert.InRange(Run(TimeSpan.FromSeconds(10), flow)[0], 40 * Rate, 41 * Rate);
    }

    [Fact]
    public void Where_no_entry_holds_there_is_no_limit()
    {
        var limit = Limiter(new RateScheduleEntry(Rate, null, new TimeOnly(8, 0), new TimeOnly(18, 0))).Download;
        using var flow = limit.CreateFlow(Lane.Read);
        Assert.Null(limit.BytesPerSecond);
        Assert.Equal(int.MaxValue, flow.Block);
        flow.Charge(int.MaxValue);
        Assert.True(flow.WaitAsync(Token).IsCompletedSuccessfully);
        Assert.Null(Limiter(new RateScheduleEntry(Rate, null)).Upload.BytesPerSecond);
    }

    [Fact]
    public async Task A_wait_can_be_given_up_and_the_flow_used_again()
    {
        using var flow = Limiter(new RateScheduleEntry(Rate, null)).Download.CreateFlow(Lane.Read);
        flow.Charge(5 * Rate);
        using var source = new CancellationTokenSource();
        var waiting = flow.WaitAsync(source.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        var again = flow.WaitAsync(Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.7));
        Assert.False(again.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        await again;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await flow.WaitAsync(new CancellationToken(true)));
    }

    [Fact]
    public async Task A_flow_that_is_let_go_of_ends_its_wait()
    {
        var flow = Limiter(new RateScheduleEntry(Rate, null)).Download.CreateFlow(Lane.Read);
        flow.Charge(5 * Rate);
        var waiting = flow.WaitAsync(Token).AsTask();
        flow.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public void Waiting_does_not_allocate()
    {
        var time = new BareTime();
        using var flow = new RateLimiter(new RateSchedule([new RateScheduleEntry(Rate, null)]), time).Download.CreateFlow(Lane.Read);
        using var source = new CancellationTokenSource();
        long Turns(int turns)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < turns; i++)
            {
                flow.Charge(20 * flow.Block); // more than the burst
                var wait = flow.WaitAsync(source.Token);
                Assert.False(wait.IsCompleted);
                time.Ring(TimeSpan.FromSeconds(0.6));
                Assert.True(wait.IsCompleted);
                wait.GetAwaiter().GetResult();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        flow.Charge(Rate);
        time.Ring(TimeSpan.FromSeconds(1));
        Turns(5);
        Assert.Equal(0, Turns(1000));
    }

    [Fact]
    public void Any_mixture_of_blocks_stays_below_the_rate() => Gen.Select(Gen.Int[1000, 10_000_000], Gen.Int[1, 300_000].Array[1, 200], Gen.Int[1, 4]).Sample((rate, blocks, count) =>
    {
        var time = new FakeTimeProvider();
        var limit = new RateLimiter(new RateSchedule([new RateScheduleEntry(rate, rate)]), time).Upload;
        var flows = Enumerable.Range(0, count).Select(_ => limit.CreateFlow(Lane.Write)).ToArray();
        var start = time.GetUtcNow();
        var sum = 0L;
        for (var i = 0; i < blocks.Length; i++)
        {
            var flow = flows[i % count];
            var wait = flow.WaitAsync(CancellationToken.None);
            while (!wait.IsCompleted)
                time.Advance(TimeSpan.FromMilliseconds(5));
            wait.GetAwaiter().GetResult();
            // All that was moved before has been paid for, but for the burst and one block of each flow.
            var allowed = ((time.GetUtcNow() - start).TotalSeconds + 0.41) * rate;
            if (sum > allowed + ((count + 1) * 300_000L))
                return false;
            flow.Charge(blocks[i]);
            sum += blocks[i];
        }

        foreach (var flow in flows)
            flow.Dispose();
        return true;
    }, iter: 100, threads: 1);

    /// <summary>A clock with one timer, without an allocation of its own.</summary>
    private sealed class BareTime : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private object? _state;
        private long _now;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            _state = state;
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Ring(TimeSpan passed)
        {
            _now += passed.Ticks * (TimestampFrequency / TimeSpan.TicksPerSecond);
            _callback!(_state);
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
