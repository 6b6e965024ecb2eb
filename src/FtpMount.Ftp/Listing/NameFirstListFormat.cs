using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Formats that begin with the name, which then has no spaces:
/// <code>
/// CMT             &lt;DIR>           11-21-94        10:17           SuperTCP
/// test.txt           12 Nov  6 1996 14:21 -rwa                   NetManage Chameleon
/// config        1014196  06/03/04  Thur.   10:20:03              Nortel's wfFtp
/// README            763  Feb  3 18:21  Information about ...     /bin/dls; bin/ with a dash or = for its size
/// </code>
/// </summary>
internal sealed class NameFirstListFormat : IListFormat
{
    private const int MostColumns = 7;

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        Span<Range> columns = stackalloc Range[MostColumns];
        var count = ListColumns.Split(line, columns);
        if (count < 4 || columns[0].Start.Value != 0)
            return ListLineMeaning.Foreign;
        columns = columns[..count];
        var name = line[columns[0]];
        var size = line[columns[1]];
        var isDirectory = size.SequenceEqual("<DIR>"u8);
        if (!isDirectory && !AsciiNumber.IsDigits(size) && !size.SequenceEqual("-"u8) && !size.SequenceEqual("="u8))
            return ListLineMeaning.Foreign;
        isDirectory |= ListName.TryTrimSlash(ref name);
        if (!isDirectory && !AsciiNumber.IsDigits(size))
            return ListLineMeaning.Foreign;

        var at = isDirectory && count > 5 && !AsciiNumber.IsDigits(size) && !size.SequenceEqual("<DIR>"u8) && IsCount(line, columns) ? 3 : 2;
        if (!TryReadNumericDate(line, columns[2..], clock, ref parsed) && !TryReadNamedDate(line, columns[at..], clock, ref parsed))
            return ListLineMeaning.Foreign;
        parsed.Kind = isDirectory ? RemoteKind.Directory : RemoteKind.File;
        parsed.Size = isDirectory ? null : AsciiNumber.ParseLong(size);
        parsed.Name = name;
        return ListLineMeaning.Entry;
    }

    /// <summary>dls shows the number of entries of a directory before the date; a day may stand there, too.</summary>
    private static bool IsCount(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns) =>
        AsciiNumber.IsDigits(line[columns[2]]) && MonthName.TryParse(line[columns[3]], out _) && AsciiNumber.IsDigits(line[columns[4]])
        && line[columns[5]].Contains((byte)':');

    private static bool TryReadNumericDate(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        if (!ListDate.TryParseNumbers(line[columns[0]], out var month, out var day, out var year) || line[columns[0]].Contains((byte)'.'))
            return false;
        // Nortel puts the day of the week in between.
        var time = columns.Length > 2 && line[columns[1]] is [.., (byte)'.'] ? 2 : 1;
        if (columns.Length <= time || columns.Length > time + 2 || ListDate.At(clock, year < 1000 ? ListDate.FullYear(year) : year, month, day, line[columns[time]]) is not { } modified)
            return false;
        parsed.Modified = modified;
        return true;
    }

    private static bool TryReadNamedDate(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        if (columns.Length < 3)
            return false;
        if (!(MonthName.TryParse(line[columns[0]], out var month) && AsciiNumber.TryParseDigits(line[columns[1]], out var day))
            && !(MonthName.TryParse(line[columns[1]], out month) && AsciiNumber.TryParseDigits(line[columns[0]], out day)))
        {
            return false;
        }

        var third = line[columns[2]];
        if (third.Length == 4 && AsciiNumber.TryParseDigits(third, out var year))
        {
            if (columns.Length > 3 && ListDate.At(clock, year, month, day, line[columns[3]]) is { } exact)
            {
                parsed.Modified = exact;
                return true;
            }

            if (!clock.TryGetTime(year, month, day, 0, 0, 0, ListDate.Day, out var date))
                return false;
            parsed.Modified = date;
            return true;
        }

        var colon = third.IndexOf((byte)':');
        if (colon < 1 || !ListDate.TryParseTimeOfDay(third, out var hour, out var minute, out var second, out var precision)
            || !clock.TryGuessYear(month, day, hour, minute, second, precision, out var recent))
        {
            return false;
        }

        parsed.Modified = recent;
        return true;
    }
}
