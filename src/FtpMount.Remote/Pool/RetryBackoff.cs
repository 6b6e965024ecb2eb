namespace FtpMount.Remote.Pool;

/// <summary>
/// The pauses between attempts to reach a server: doubling, bounded, and shortened at random by up to half, so that many clients of a
/// server that comes back do not come all at once. Not thread-safe: the pool's lock protects it.
/// </summary>
internal sealed class RetryBackoff(ConnectionPoolOptions options, Random jitter)
{
    private int _failures;

    /// <summary>No attempt before this time on the pool's clock.</summary>
    public TimeSpan NotBefore { get; private set; } = TimeSpan.MinValue;

    /// <summary>Whether the last attempt failed.</summary>
    public bool IsFailing => _failures > 0;

    /// <summary>An attempt failed. Failures of attempts that ran side by side count once.</summary>
    public void Failed(TimeSpan now)
    {
        if (now < NotBefore)
            return;
        NotBefore = now + Pause(_failures);
        _failures = Math.Min(_failures + 1, 30);
    }

    /// <summary>An attempt succeeded.</summary>
    public void Succeeded()
    {
        _failures = 0;
        NotBefore = TimeSpan.MinValue;
    }

    /// <summary>The pause after <paramref name="failures"/> earlier failures.</summary>
    public TimeSpan Pause(int failures)
    {
        var full = Math.Min(options.RetryDelay.TotalMilliseconds * Math.Pow(2, failures), options.MaximumRetryDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (1 - (jitter.NextDouble() / 2)));
    }
}
