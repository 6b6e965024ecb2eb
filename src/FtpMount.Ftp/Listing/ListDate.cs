using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>Dates and times of day as they stand in one column of a listing.</summary>
internal static class ListDate
{
    public static readonly TimeSpan Day = TimeSpan.FromDays(1);
    public static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary><c>HH:MM</c>, <c>HH:MM:SS</c> or <c>HH:MM:SS.fraction</c>; the fraction is dropped.</summary>
    /// <param name="text">The column.</param>
    /// <param name="hour">0 to 23.</param>
    /// <param name="minute">0 to 59.</param>
    /// <param name="second">0 to 60.</param>
    /// <param name="precision">A minute or a second.</param>
    public static bool TryParseTimeOfDay(ReadOnlySpan<byte> text, out int hour, out int minute, out int second, out TimeSpan precision)
    {
        minute = second = 0;
        precision = Minute;
        var colon = text.IndexOf((byte)':');
        if (!AsciiNumber.TryParseDigits(text[..Math.Max(0, colon)], out hour) || colon > 2 || hour > 23)
            return false;
        text = text[(colon + 1)..];
        if (text.Length < 2 || !AsciiNumber.TryParseDigits(text[..2], out minute) || minute > 59)
            return false;
        if (text.Length == 2)
            return true;
        precision = Second;
        if (text.Length < 5 || text[2] != (byte)':' || !AsciiNumber.TryParseDigits(text[3..5], out second) || second > 60)
            return false;
        return text.Length == 5 || (text[5] == (byte)'.' && AsciiNumber.IsDigits(text[6..]));
    }

    /// <summary>Three numbers between <c>-</c>, <c>/</c> or <c>.</c>, the same one twice, as they stand.</summary>
    public static bool TryParseNumbers(ReadOnlySpan<byte> text, out int first, out int second, out int third)
    {
        first = second = third = 0;
        var at = text.IndexOfAny((byte)'-', (byte)'/', (byte)'.');
        if (at is < 1 or > 4)
            return false;
        var separator = text[at];
        var rest = text[(at + 1)..];
        var next = rest.IndexOf(separator);
        return next is 1 or 2
            && rest.Length - next - 1 is >= 1 and <= 4
            && AsciiNumber.TryParseDigits(text[..at], out first)
            && AsciiNumber.TryParseDigits(rest[..next], out second)
            && AsciiNumber.TryParseDigits(rest[(next + 1)..], out third);
    }

    /// <summary><c>D-MON-YY</c> or <c>DD-Mon-YYYY</c>.</summary>
    /// <param name="text">The column.</param>
    /// <param name="year">The year.</param>
    /// <param name="month">The month; 0 when its three letters are no English month.</param>
    /// <param name="day">The day.</param>
    public static bool TryParseDayMonthYear(ReadOnlySpan<byte> text, out int year, out int month, out int day)
    {
        year = month = 0;
        var dash = text.IndexOf((byte)'-');
        if (!AsciiNumber.TryParseDigits(text[..Math.Max(0, dash)], out day) || dash > 2 || day is < 1 or > 31)
            return false;
        text = text[(dash + 1)..];
        if (text.Length is not (6 or 8) || text[3] != (byte)'-' || text[..3].ContainsAnyExceptInRange((byte)'A', (byte)'z'))
            return false;
        if (!MonthName.TryParse(text[..3], out month))
            month = 0;
        if (!AsciiNumber.TryParseDigits(text[4..], out year))
            return false;
        if (text.Length == 6)
            year = FullYear(year);
        return true;
    }

    /// <summary>The year that is meant by two digits, or by three of a program that counts from 1900.</summary>
    public static int FullYear(int year) => year switch
    {
        < 70 => year + 2000,
        < 1000 => year + 1900,
        _ => year,
    };

    /// <summary>The instant of a date and a time of day in columns of their own; null when there is no such day.</summary>
    public static RemoteTime? At(ServerClock clock, int year, int month, int day, ReadOnlySpan<byte> timeOfDay) =>
        TryParseTimeOfDay(timeOfDay, out var hour, out var minute, out var second, out var precision)
        && clock.TryGetTime(year, month, day, hour, minute, second, precision, out var time)
            ? time
            : null;
}
