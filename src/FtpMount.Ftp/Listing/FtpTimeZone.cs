namespace FtpMount.Ftp.Listing;

/// <summary>The difference between two clocks, when it can be one of time zones: a multiple of a quarter of an hour, of at most fifteen hours.</summary>
internal static class FtpTimeZone
{
    /// <summary>How far <paramref name="local"/> is ahead of <paramref name="other"/>, to the quarter of an hour.</summary>
    /// <returns>Null when it is no difference of time zones.</returns>
    public static TimeSpan? OffsetBetween(DateTimeOffset local, DateTimeOffset other)
    {
        const double Quarter = 15;
        var minutes = Math.Round((local - other).TotalMinutes / Quarter) * Quarter;
        return Math.Abs(minutes) > TimeSpan.FromHours(15).TotalMinutes ? null : TimeSpan.FromMinutes(minutes);
    }
}
