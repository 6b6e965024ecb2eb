namespace FtpMount.Remote.Pool;

/// <summary>
/// The pauses between attempts at something that failed: doubling, bounded, and shortened at random by up to half, so that many clients of a
/// server that comes back do not come all at once. Not thread-safe: its owner's lock protects it.
/// </summary>
/// <param name="shortest">The pause after the first failure.</param>
/// <param name="longest">The longest pause.</param>
/// <param name="jitter">The randomness.</param>
public sealed class RetryBackoff(TimeSpan shortest, TimeSpan longest, Random jitter)
{
    /// <summary>More failures than this make no difference.</summary>
    private const int MostFailures = 30;

    private int _failures;

    /// <summary>No attempt before this time on its owner's clock.</summary>
    public TimeSpan NotBefore { get; private set; } = TimeSpan.MinValue;

    /// <summary>Whether the last attempt failed.</summary>
    public bool IsFailing => _failures > 0;

    /// <summary>An attempt failed. Failures of attempts that ran side by side count once.</summary>
    /// <param name="now">The time on its owner's clock.</param>
    public void Failed(TimeSpan now)
    {
        if (now < NotBefore)
            return;
        NotBefore = now + Pause(_failures);
        _failures = Math.Min(_failures + 1, MostFailures);
    }

    /// <summary>An attempt succeeded.</summary>
    public void Succeeded()
    {
        _failures = 0;
        NotBefore = TimeSpan.MinValue;
    }

    /// <summary>The pause before the next attempt.</summary>
    /// <param name="failures">How many attempts had failed before the one that failed last; 0 or more.</param>
    public TimeSpan Pause(int failures)
    {
        var full = Math.Min(shortest.TotalMilliseconds * Math.Pow(2, Math.Min(failures, MostFailures)), longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (1 - (jitter.NextDouble() / 2)));
    }
}
