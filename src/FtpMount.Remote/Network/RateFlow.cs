using System.Threading.Tasks.Sources;

namespace FtpMount.Remote.Network;

/// <summary>
/// The share that one transfer has of a <see cref="RateLimit"/>: before each block <see cref="WaitAsync"/>, after it <see cref="Charge"/>. Used by one
/// operation at a time; waiting does not allocate.
/// </summary>
public sealed class RateFlow : IValueTaskSource, IDisposable
{
    private readonly RateLimit _limit;
    private readonly Lane _lane;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private ManualResetValueTaskSourceCore<bool> _wait = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _token;
    private long _due = long.MinValue;
    private long _costAwaited;
    private bool _waiting;

    internal RateFlow(RateLimit limit, Lane lane)
    {
        _limit = limit;
        _lane = lane;
        _timer = limit.Time.CreateTimer(static flow => ((RateFlow)flow!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The most bytes to move at once, at least 1.</summary>
    public int Block => _limit.Block;

    /// <summary>Waits until the next block may be moved.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (IsDue())
                return ValueTask.CompletedTask;
            _wait.Reset();
            _waiting = true;
            _token = cancellationToken;
            Arm();
        }

        var result = new ValueTask(this, _wait.Version);
        // Last: it may call back at once.
        _cancellation = cancellationToken.UnsafeRegister(static flow => ((RateFlow)flow!).Cancel(), this);
        return result;
    }

    /// <summary>Pays for what was moved.</summary>
    /// <param name="bytes">How much it was, at least 0.</param>
    public void Charge(int bytes)
    {
        var due = _limit.Charge(bytes, _lane, out var costAwaited);
        lock (_lock)
        {
            _due = due;
            _costAwaited = costAwaited;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        Cancel();
    }

    void IValueTaskSource.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        _wait.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    private long Due => _lane == Lane.Prefetch ? _limit.Postpone(_due, _costAwaited) : _due;

    private bool IsDue()
    {
        var now = _limit.Time.GetTimestamp();
        return now >= _due && now >= Due;
    }

    private void Arm()
    {
        var wait = _limit.Time.GetElapsedTime(_limit.Time.GetTimestamp(), Due);
        // In whole milliseconds, as timers are, and never too early.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void Ring()
    {
        lock (_lock)
        {
            if (!_waiting)
                return;
            if (!IsDue())
            {
                Arm(); // it rang for an earlier wait, or somebody came first
                return;
            }

            _waiting = false;
        }

        _wait.SetResult(true);
    }

    private void Cancel()
    {
        lock (_lock)
        {
            if (!_waiting)
                return;
            _waiting = false;
        }

        _wait.SetException(new OperationCanceledException(_token));
    }
}
