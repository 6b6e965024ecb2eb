using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Requests;

/// <summary>Seconds and nanoseconds since 1970 (negative before) to and from <see cref="DateTime"/> in UTC, whose ticks are 100 ns.</summary>
internal static class KernelTime
{
    private const long EpochTicks = 621_355_968_000_000_000;
    private const int NanosecondsPerTick = 100;

    /// <summary>The kernel's form of a time.</summary>
    public static (ulong Seconds, uint Nanoseconds) From(DateTime time)
    {
        var (seconds, ticks) = Math.DivRem(time.Ticks - EpochTicks, TimeSpan.TicksPerSecond);
        if (ticks < 0)
        {
            seconds--;
            ticks += TimeSpan.TicksPerSecond;
        }

        return ((ulong)seconds, (uint)(ticks * NanosecondsPerTick));
    }

    /// <summary>The time, or false when it lies outside the years 1 to 9999 or has no valid nanoseconds.</summary>
    public static bool TryParse(ulong seconds, uint nanoseconds, out DateTime time)
    {
        const long FirstSecond = -EpochTicks / TimeSpan.TicksPerSecond;
        const long EndSecond = 3_155_378_976_000_000_000 / TimeSpan.TicksPerSecond + FirstSecond;
        var signed = (long)seconds;
        if (signed < FirstSecond || signed >= EndSecond || nanoseconds >= 1_000_000_000)
        {
            time = default;
            return false;
        }

        time = new DateTime(EpochTicks + signed * TimeSpan.TicksPerSecond + nanoseconds / NanosecondsPerTick, DateTimeKind.Utc);
        return true;
    }

    /// <summary>The kernel's form of a time-out; a negative one is none.</summary>
    public static (ulong Seconds, uint Nanoseconds) From(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return (0, 0);
        var (seconds, ticks) = Math.DivRem(timeout.Ticks, TimeSpan.TicksPerSecond);
        return ((ulong)seconds, (uint)(ticks * NanosecondsPerTick));
    }

    /// <summary>The same for <c>fuse_statx</c>.</summary>
    public static FuseStatxTime ToStatx(DateTime time)
    {
        var (seconds, nanoseconds) = From(time);
        return new FuseStatxTime { Seconds = (long)seconds, Nanoseconds = nanoseconds };
    }
}
