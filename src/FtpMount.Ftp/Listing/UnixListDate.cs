using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The date of a line of <c>ls -l</c>, which takes one to five columns:
/// <code>
/// Jan 31 23:59    31 Jan  2020    2020-01-31 23:59:58.123 +0100    Jan 31 23:59:58 2020    Oct 08, 2002 09:47
/// 26. Juli, 20:10    01-jun-99    09-26 13:45    24-04-2003 17:12    2004.07.15    4月 18日 2003年    11月12日 14時21分
/// </code>
/// </summary>
internal static class UnixListDate
{
    private static readonly SearchValues<byte> SignEnds = SearchValues.Create(" 0123456789"u8);

    /// <summary>Reads a date that begins at <paramref name="start"/>.</summary>
    /// <param name="line">The line.</param>
    /// <param name="start">Where the date begins, in the line.</param>
    /// <param name="clock">For dates without a year and for the time zone.</param>
    /// <param name="modified">The time; null when it is a date in a language that is not known.</param>
    /// <param name="nameStart">Where the name begins: after one space, because further ones are its own.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, int start, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        var position = start;
        if (!ListColumns.TryTake(line, ref position, out var firstColumn))
            return false;
        var first = line[firstColumn];
        if (first.Length == 10 && first[4] == (byte)'-' && first[7] == (byte)'-')
            return TryParseIso(line, first, position, clock, out modified, out nameStart);
        var afterFirst = position;
        if (!ListColumns.TryTake(line, ref position, out var secondColumn))
            return TryParseRare(line, start, clock, out modified, out nameStart);
        var second = line[secondColumn];
        // With a comma the year follows, and then the time.
        if (second[^1] == (byte)','
            || (!(MonthName.TryParse(first, out var month) && TryParseDay(second, out var day))
                && !(MonthName.TryParse(second, out month) && TryParseDay(first, out day))))
        {
            return TryParseRare(line, start, clock, out modified, out nameStart);
        }

        return TryParseYearOrTime(line, position, month, day, clock, out modified, out nameStart)
            || (afterFirst == firstColumn.End.Value && TryParseRare(line, start, clock, out modified, out nameStart));
    }

    /// <summary>What follows month and day: a time of day, a year, or both.</summary>
    private static bool TryParseYearOrTime(
        ReadOnlySpan<byte> line, int position, int month, int day, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        if (!ListColumns.TryTake(line, ref position, out var column))
            return false;
        var third = line[column];
        RemoteTime time;
        if (ListDate.TryParseTimeOfDay(third, out var hour, out var minute, out var second, out var precision))
        {
            // BSD's ls -lT: the time with seconds, then the year.
            var afterTime = position;
            if (precision == ListDate.Second
                && ListColumns.TryTake(line, ref position, out var yearColumn)
                && TryParseYear(line[yearColumn], out var exactYear)
                && position < line.Length)
            {
                if (!clock.TryGetTime(exactYear, month, day, hour, minute, second, precision, out time))
                    return false;
            }
            else
            {
                position = afterTime;
                if (!clock.TryGuessYear(month, day, hour, minute, second, precision, out time))
                    return false;
            }
        }
        else if (!TryParseYear(third, out var year) || !clock.TryGetTime(year, month, day, 0, 0, 0, ListDate.Day, out time))
        {
            return false;
        }

        modified = time;
        return TryEnd(line, position, out nameStart);
    }

    /// <summary><c>YYYY-MM-DD HH:MM[:SS[.fraction]] [+ZZZZ]</c>, as ls --time-style=long-iso and full-iso give it.</summary>
    private static bool TryParseIso(
        ReadOnlySpan<byte> line, ReadOnlySpan<byte> date, int position, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        if (!AsciiNumber.TryParseDigits(date[..4], out var year)
            || !AsciiNumber.TryParseDigits(date[5..7], out var month)
            || !AsciiNumber.TryParseDigits(date[8..], out var day)
            || !ListColumns.TryTake(line, ref position, out var timeColumn)
            || !ListDate.TryParseTimeOfDay(line[timeColumn], out var hour, out var minute, out var second, out var precision)
            || !ServerClock.TryGetTicks(year, month, day, hour, minute, out var ticks))
        {
            return false;
        }

        var offset = clock.UtcOffset;
        var afterTime = position;
        if (precision == ListDate.Second && ListColumns.TryTake(line, ref position, out var zoneColumn) && TryParseZone(line[zoneColumn], out var zone))
            offset = zone;
        else
            position = afterTime;
        if (!ServerClock.TryGetTime(ticks + (second * TimeSpan.TicksPerSecond), offset, precision, out var time))
            return false;
        modified = time;
        return TryEnd(line, position, out nameStart);
    }

    /// <summary>Everything that few servers send; the usual dates do not come here.</summary>
    private static bool TryParseRare(ReadOnlySpan<byte> line, int start, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        if (TryParseOneColumn(line, start, clock, out modified, out nameStart))
            return true;
        Span<Range> columns = stackalloc Range[4];
        var count = ListColumns.Split(line[start..], columns);
        if (count < 3)
            return false;
        var first = line[start..][columns[0]];
        var second = line[start..][columns[1]];
        var third = line[start..][columns[2]];
        var end = start + columns[2].End.Value;
        var day = 0;
        RemoteTime time;

        // MM-DD, then the year or the time.
        if (first.Length is 4 or 5
            && first.IndexOf((byte)'-') is var dash and (1 or 2)
            && AsciiNumber.TryParseDigits(first[..dash], out var month)
            && AsciiNumber.TryParseDigits(first[(dash + 1)..], out day))
        {
            return TryParseYearOrTime(line, start + columns[0].End.Value, month, day, clock, out modified, out nameStart);
        }

        // M D HH:MM, all in digits.
        if (AsciiNumber.TryParseDigits(first, out month) && month is >= 1 and <= 12
            && TryParseDay(second, out day)
            && ListDate.TryParseTimeOfDay(third, out var hour, out var minute, out _, out var precision)
            && clock.TryGuessYear(month, day, hour, minute, 0, precision, out time))
        {
            modified = time;
            return TryEnd(line, end, out nameStart);
        }

        if (TryParseNumbersWithSigns(line, start, clock, out modified, out nameStart))
            return true;

        // Month and day in any language and order, day and month with stops and commas.
        var known = (MonthName.TryParseAnyLanguage(first, out month) && TryParseDay(second, out day))
            || (MonthName.TryParseAnyLanguage(second, out month) && TryParseDay(first, out day));
        if (!known)
        {
            day = 0;
            month = 0;
            if (!(IsWord(first) && TryParseDay(second, out _)) && !(IsWord(second) && TryParseDay(first, out _)))
                return false;
        }

        // VShell: Oct 08, 2002 09:47
        if (count == 4 && TryParseYear(third, out var year) && second[^1] == (byte)','
            && ListDate.TryParseTimeOfDay(line[start..][columns[3]], out hour, out minute, out _, out precision))
        {
            if (known && clock.TryGetTime(year, month, day, hour, minute, 0, precision, out time))
                modified = time;
            return (!known || modified is not null) && TryEnd(line, start + columns[3].End.Value, out nameStart);
        }

        if (!known)
        {
            // A language that is not known: the entry is there, its time is not.
            return (TryParseYear(third, out _) || ListDate.TryParseTimeOfDay(third, out _, out _, out _, out _)) && TryEnd(line, end, out nameStart);
        }

        if (third.SequenceEqual("24:00"u8) && clock.TryGuessYear(month, day, 0, 0, 0, ListDate.Minute, out time))
        {
            modified = time with { Value = time.Value.AddDays(1) };
            return TryEnd(line, end, out nameStart);
        }

        // 00:0, for 00:00.
        if (third.Length == 4 && third[2] == (byte)':'
            && AsciiNumber.TryParseDigits(third[..2], out hour) && AsciiNumber.TryParseDigits(third[3..], out minute)
            && clock.TryGuessYear(month, day, hour, minute, 0, ListDate.Minute, out time))
        {
            modified = time;
            return TryEnd(line, end, out nameStart);
        }

        return TryParseYearOrTime(line, start + columns[1].End.Value, month, day, clock, out modified, out nameStart);
    }

    /// <summary>The whole date in one column, with or without a time of day behind it.</summary>
    private static bool TryParseOneColumn(ReadOnlySpan<byte> line, int start, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        var position = start;
        if (!ListColumns.TryTake(line, ref position, out var column) || position >= line.Length)
            return false;
        var text = line[column];
        int year, month, day;
        var dateOnly = false;
        if (ListDate.TryParseDayMonthYear(text, out year, out month, out day))
        {
            dateOnly = true;
        }
        else if (text.Length is 9 or 10 && ListDate.TryParseNumbers(text, out var first, out month, out var last))
        {
            (year, day) = first > 31 ? (first, last) : (last, first);
            if (year < 1000)
                return false;
            dateOnly = text.Contains((byte)'.');
        }
        else
        {
            return false;
        }

        var afterDate = position;
        if (ListColumns.TryTake(line, ref position, out var timeColumn) && position < line.Length
            && ListDate.At(clock, year, month, day, line[timeColumn]) is { } exact)
        {
            modified = exact;
            return TryEnd(line, position, out nameStart);
        }

        if (!dateOnly || !clock.TryGetTime(year, month, day, 0, 0, 0, ListDate.Day, out var time))
            return false;
        modified = time;
        // Without a time of day the column is padded.
        nameStart = line.Length - line[afterDate..].TrimStart((byte)' ').Length;
        return nameStart < line.Length;
    }

    /// <summary>
    /// Numbers with signs for year, month, day, hour and minute behind them, in Chinese, Japanese or Korean: <c>4月 18日 2003年</c>, <c>2005年 1月 6日</c>, <c>2001 6月 18</c>,
    /// <c>11月12日 14時21分</c>. Which bytes the signs are depends on the charset; it does not matter.
    /// </summary>
    private static bool TryParseNumbersWithSigns(ReadOnlySpan<byte> line, int start, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        Span<int> numbers = stackalloc int[4];
        var count = 0;
        var yearAt = -1;
        var hasSign = false;
        var position = start;
        while (count < 4)
        {
            var digits = line[position..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits is < 1 or > 4 || !AsciiNumber.TryParseDigits(line.Slice(position, digits), out numbers[count]))
                return false;
            var after = position + digits;
            // The second byte of a sign may be an ASCII letter (Shift_JIS).
            var sign = after < line.Length && line[after] >= 0x80 ? line[after..].IndexOfAny(SignEnds) : 0;
            if (sign < 0 || after == line.Length)
                return false;
            hasSign |= sign > 0;
            if (digits == 4)
                yearAt = count;
            // HH:MM ends it.
            if (sign == 0 && line[after] == (byte)':')
            {
                var end = after + line[after..].IndexOf((byte)' ');
                if (count != 2 || yearAt >= 0 || !hasSign || end < after
                    || !ListDate.TryParseTimeOfDay(line[position..end], out var hour, out var minute, out _, out var precision)
                    || !clock.TryGuessYear(numbers[0], numbers[1], hour, minute, 0, precision, out var recent))
                {
                    return false;
                }

                modified = recent;
                return TryEnd(line, end, out nameStart);
            }

            count++;
            position = after + sign;
            if (count == 3 && yearAt is 0 or 2)
                break;
            position += line[position..].IndexOfAnyExcept((byte)' ') is var blanks and > 0 ? blanks : 0;
            if (count == 2 && yearAt == 1)
                return false;
        }

        RemoteTime time;
        var ok = count == 3
            ? clock.TryGetTime(numbers[yearAt], numbers[yearAt == 0 ? 1 : 0], numbers[yearAt == 0 ? 2 : 1], 0, 0, 0, ListDate.Day, out time)
            : clock.TryGuessYear(numbers[0], numbers[1], numbers[2], numbers[3], 0, ListDate.Minute, out time);
        if (!ok || !hasSign || position >= line.Length || line[position - (count == 4 && line[position] != (byte)' ' ? 1 : 0)] != (byte)' ')
            return false;
        modified = time;
        if (count == 4)
            position -= line[position] == (byte)' ' ? 0 : 1;
        return TryEnd(line, position, out nameStart);
    }

    /// <summary>One space parts the date from the name; the spaces after it are the name's own.</summary>
    private static bool TryEnd(ReadOnlySpan<byte> line, int position, out int nameStart)
    {
        nameStart = position + 1;
        return nameStart < line.Length;
    }

    /// <summary>Whether it can be the name of a month: letters of any script, a stop or a comma at the end.</summary>
    private static bool IsWord(ReadOnlySpan<byte> text)
    {
        text = text.TrimEnd(".,"u8);
        if (text.Length < 2)
            return false;
        foreach (var b in text)
        {
            if (b < 0x80 && (uint)((b | 0x20) - 'a') > 'z' - 'a')
                return false;
        }

        return true;
    }

    private static bool TryParseDay(ReadOnlySpan<byte> text, out int day)
    {
        // German and Nordic locales write "31."
        if (text.Length > 1 && text[^1] is (byte)'.' or (byte)',')
            text = text[..^1];
        return AsciiNumber.TryParseDigits(text, out day) && text.Length <= 2 && day is >= 1 and <= 31;
    }

    private static bool TryParseYear(ReadOnlySpan<byte> text, out int year) =>
        AsciiNumber.TryParseDigits(text, out year) && text.Length == 4 && year > 0;

    /// <summary><c>+HHMM</c> or <c>-HHMM</c>.</summary>
    private static bool TryParseZone(ReadOnlySpan<byte> text, out TimeSpan zone)
    {
        zone = default;
        if (text.Length != 5 || text[0] is not ((byte)'+' or (byte)'-')
            || !AsciiNumber.TryParseDigits(text[1..3], out var hours) || hours > 14
            || !AsciiNumber.TryParseDigits(text[3..], out var minutes) || minutes > 59)
        {
            return false;
        }

        zone = new TimeSpan(hours, minutes, 0);
        if (text[0] == (byte)'-')
            zone = -zone;
        return true;
    }
}
