namespace FtpMount.Remote.Network;

/// <summary>
/// The limit of one direction: a token bucket, kept as the time at which it is full again (the generic cell rate algorithm). A transfer moves a small block, is
/// charged for it, and waits until its turn has come: turns are given in the order of the charges, so that transfers under way share the rate evenly. What
/// nobody waits for (<see cref="Lane.Prefetch"/>) goes only when the other lanes leave something. Thread-safe.
/// </summary>
public sealed class RateLimit
{
    /// <summary>Blocks that fit into a second: the smaller they are, the shorter is a turn.</summary>
    private const int BlocksPerSecond = 50;

    private const int SmallestBlock = 4 * 1024;
    private const int LargestBlock = 1024 * 1024;

    /// <summary>What was not used may be used within this time: timers come late.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(200);

    private readonly RateSchedule _schedule;
    private readonly Func<RateScheduleEntry, long?> _direction;
    private readonly Lock _lock = new();
    private readonly long _burst;
    private long? _rate;
    private long _rateKnownUntil = long.MinValue;

    /// <summary>When everything that was moved has been paid for.</summary>
    private long _paid;

    /// <summary>When everything that was moved for those who wait has been paid for.</summary>
    private long _paidAwaited;

    /// <summary>The cost of all that was moved for those who wait.</summary>
    private long _costAwaited;

    internal RateLimit(RateSchedule schedule, Func<RateScheduleEntry, long?> direction, TimeProvider time)
    {
        _schedule = schedule;
        _direction = direction;
        Time = time;
        _burst = (long)(Burst.TotalSeconds * time.TimestampFrequency);
        _paid = _paidAwaited = time.GetTimestamp() - _burst;
    }

    /// <summary>The rate that holds now; null when there is no limit.</summary>
    public long? BytesPerSecond
    {
        get
        {
            lock (_lock)
                return RateAt(Time.GetTimestamp());
        }
    }

    internal TimeProvider Time { get; }

    /// <summary>The share of one transfer. It costs one allocation; moving blocks through it costs none.</summary>
    /// <param name="lane">Who waits.</param>
    public RateFlow CreateFlow(Lane lane) => new(this, lane);

    /// <summary>The most bytes to move at once.</summary>
    internal int Block => BytesPerSecond is { } rate
        ? (int)Math.Clamp(rate / BlocksPerSecond, Math.Min(SmallestBlock, rate), LargestBlock)
        : int.MaxValue;

    /// <summary>Pays for what was moved.</summary>
    /// <param name="bytes">How much it was.</param>
    /// <param name="lane">Who waits.</param>
    /// <param name="costAwaited">For <see cref="Postpone"/>.</param>
    /// <returns>The timestamp from which on the flow may move the next block.</returns>
    internal long Charge(int bytes, Lane lane, out long costAwaited)
    {
        lock (_lock)
        {
            var now = Time.GetTimestamp();
            costAwaited = _costAwaited;
            if (RateAt(now) is not { } rate)
                return now;
            var cost = (long)((Int128)bytes * Time.TimestampFrequency / rate);
            var oldest = now - _burst;
            _paid = Math.Max(_paid, oldest) + cost;
            if (lane == Lane.Prefetch)
                return _paid;
            _costAwaited += cost;
            return _paidAwaited = Math.Max(_paidAwaited, oldest) + cost;
        }
    }

    /// <summary>When the turn comes of a flow that nobody waits for: later by what others moved meanwhile that somebody waited for.</summary>
    /// <param name="due">What <see cref="Charge"/> gave it.</param>
    /// <param name="costAwaited">What <see cref="Charge"/> gave it.</param>
    internal long Postpone(long due, long costAwaited)
    {
        lock (_lock)
            return Math.Min(due + (_costAwaited - costAwaited), Math.Max(due, _paid));
    }

    private long? RateAt(long now)
    {
        if (now < _rateKnownUntil)
            return _rate;
        var local = Time.GetLocalNow().DateTime;
        _rate = _schedule.At(local) is { } entry ? _direction(entry) : null;
        var restOfMinute = TimeSpan.FromMinutes(1) - new TimeSpan(0, 0, 0, local.Second, local.Millisecond);
        _rateKnownUntil = _schedule.IsTimed ? now + (long)(restOfMinute.TotalSeconds * Time.TimestampFrequency) : long.MaxValue;
        return _rate;
    }
}
