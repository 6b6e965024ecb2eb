namespace FtpMount.Vfs.Namespace;

/// <summary>The monotonic clock in which cached knowledge expires. Instants are timestamps of <see cref="TimeProvider.GetTimestamp"/>.</summary>
internal sealed class Clock(TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <summary>The source, for wall-clock times and timers.</summary>
    public TimeProvider Time => time;

    /// <summary>This instant.</summary>
    public long Now => time.GetTimestamp();

    /// <summary>The wall clock, UTC.</summary>
    public DateTime UtcNow => time.GetUtcNow().UtcDateTime;

    /// <summary>The instant that lies <paramref name="span"/> after <paramref name="instant"/>.</summary>
    public long After(long instant, TimeSpan span) =>
        instant + (long)((span < Longest ? span : Longest).TotalSeconds * time.TimestampFrequency);

    /// <summary>How long from <paramref name="now"/> to <paramref name="instant"/>; zero when it has passed.</summary>
    public TimeSpan Remaining(long now, long instant) =>
        instant <= now ? TimeSpan.Zero : TimeSpan.FromTicks((long)((instant - now) * ((double)TimeSpan.TicksPerSecond / time.TimestampFrequency)));
}
