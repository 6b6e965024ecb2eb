using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Turns the local times of a listing into instants. LIST shows the server's wall clock, and for recent files no year.
/// </summary>
/// <param name="Now">The present time.</param>
/// <param name="UtcOffset">What the server's wall clock shows minus UTC.</param>
internal readonly record struct ServerClock(DateTimeOffset Now, TimeSpan UtcOffset)
{
    /// <summary>How far ahead of us a server's clock may be. An entry shown later than this is from the year before.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromDays(1);

    /// <summary>The ticks of a calendar time; false when there is no such day or time.</summary>
    public static bool TryGetTicks(int year, int month, int day, int hour, int minute, out long ticks)
    {
        ticks = 0;
        if ((uint)(year - 1) >= 9999 || (uint)(month - 1) >= 12 || (uint)hour >= 24 || (uint)minute >= 60
            || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        ticks = new DateTime(year, month, day).Ticks + (hour * TimeSpan.TicksPerHour) + (minute * TimeSpan.TicksPerMinute);
        return true;
    }

    /// <summary>The instant at which the server's wall clock shows this time.</summary>
    public bool TryGetTime(int year, int month, int day, int hour, int minute, int second, TimeSpan precision, out RemoteTime time)
    {
        time = default;
        if ((uint)second > 60 || !TryGetTicks(year, month, day, hour, minute, out var ticks))
            return false;
        return TryGetTime(ticks + (second * TimeSpan.TicksPerSecond), UtcOffset, precision, out time);
    }

    /// <summary>The instant of a wall clock's ticks.</summary>
    public static bool TryGetTime(long localTicks, TimeSpan utcOffset, TimeSpan precision, out RemoteTime time)
    {
        time = default;
        var ticks = localTicks - utcOffset.Ticks;
        if (ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks)
            return false;
        time = new RemoteTime(new DateTimeOffset(ticks, TimeSpan.Zero), precision);
        return true;
    }

    /// <summary>Whether a time is later than the server's clock can be.</summary>
    public bool IsFuture(RemoteTime time) => time.Value - Now > Tolerance;

    /// <summary>
    /// The time of an entry that is shown without its year: in the latest year in which it is not more than a day in the future.
    /// 29 February goes back to the last leap year.
    /// </summary>
    public bool TryGuessYear(int month, int day, int hour, int minute, int second, TimeSpan precision, out RemoteTime time)
    {
        // Around the new year the server's year may be one more than ours. Leap years are at most eight years apart.
        var latest = Math.Min(9999, Now.Year + 1);
        for (var year = latest; year >= Math.Max(1, latest - 9); year--)
        {
            if (TryGetTime(year, month, day, hour, minute, second, precision, out time) && time.Value - Tolerance <= Now)
                return true;
        }

        time = default;
        return false;
    }
}
