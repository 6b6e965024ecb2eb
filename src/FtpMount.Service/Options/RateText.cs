using System.Globalization;
using FtpMount.Remote.Network;

namespace FtpMount.Service.Options;

/// <summary>
/// Limits of rate as people write them: <c>1M</c> (each direction), <c>2M:512K</c> (down and up), <c>off</c>, and timetables of such entries with <c>;</c> between
/// them: <c>08:00-18:00=1M:512K;22:00-06:00=off;4M</c>, with days in front where wanted: <c>mon-fri/08:00-18:00=1M;sat/2M</c>. The first entry that includes
/// the time holds.
/// </summary>
public static class RateText
{
    private const long SmallestRate = 1024;
    private const string Example = "write for example limit-rate=1M, limit-rate=2M:512K or limit-rate=08:00-18:00=1M:512K;off";

    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>Parses limits.</summary>
    /// <exception cref="UsageException">Says what is wrong.</exception>
    public static RateSchedule Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<RateScheduleEntry>();
        foreach (var item in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            entries.Add(ParseEntry(item));
        return entries.Count > 0 ? new RateSchedule(entries) : throw Wrong(text, "it is empty");
    }

    private static RateScheduleEntry ParseEntry(string item)
    {
        DayOfWeek? firstDay = null, lastDay = null;
        TimeOnly? from = null, to = null;
        var rest = item;
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0)
        {
            var days = rest[..slash].Split('-');
            if (days.Length > 2)
                throw Wrong(item, "days are one, or two with - between them");
            firstDay = Day(item, days[0]);
            lastDay = Day(item, days[^1]);
            rest = rest[(slash + 1)..];
        }

        var equals = rest.IndexOf('=', StringComparison.Ordinal);
        if (equals >= 0)
        {
            if (rest[..equals].Split('-') is not [var begin, var end])
                throw Wrong(item, "times are two with - between them, from 00:00 to 24:00");
            from = Time(item, begin);
            to = Time(item, end);
            rest = rest[(equals + 1)..];
        }

        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var download = Rate(item, colon < 0 ? rest : rest[..colon]);
        var upload = colon < 0 ? download : Rate(item, rest[(colon + 1)..]);
        return new RateScheduleEntry(download, upload, from, to, firstDay, lastDay);
    }

    private static long? Rate(string item, string text)
    {
        if (text.Trim().Equals("off", StringComparison.OrdinalIgnoreCase))
            return null;
        var number = text.Trim();
        if (!ByteSize.TryParse(number, out var rate))
            throw Wrong(item, $"'{text}' is no number of bytes a second");
        return rate >= SmallestRate ? rate : throw Wrong(item, "the least is 1K; no limit is written off");
    }

    private static TimeOnly Time(string item, string text)
    {
        if (text == "24:00")
            return TimeOnly.MinValue;
        return TimeOnly.TryParseExact(text, ["HH:mm", "H:mm"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : throw Wrong(item, $"'{text}' is no time of day");
    }

    private static DayOfWeek Day(string item, string text)
    {
        var index = Array.FindIndex(Days, day => day.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase));
        return index >= 0 ? (DayOfWeek)index : throw Wrong(item, $"'{text}' is no day; days are {string.Join(", ", Days)}");
    }

    private static UsageException Wrong(string text, string why) => new($"limit-rate={text}: {why}; {Example}");
}
