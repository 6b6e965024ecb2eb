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
            if (_limit.Time.GetTimestamp() >= _due)
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
        var due = _limit.Charge(bytes, _lane);
        lock (_lock)
            _due = due;
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

    private void Arm()
    {
        var wait = _limit.Time.GetElapsedTime(_limit.Time.GetTimestamp(), _due);
        // In whole milliseconds, as timers are, and never too early.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void Ring()
    {
        lock (_lock)
        {
            if (!_waiting)
                return;
            if (_limit.Time.GetTimestamp() < _due)
            {
                Arm(); // it rang for an earlier wait
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
