using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The output of <c>ls -l</c>, as most servers give it:
/// <code>
/// -rwsr-xr-x+  1 owner group     1234 Jan 31 23:59 name
/// lrwxrwxrwx   1 0     0            6 Dec 31  2020 name -> target
/// crw-rw----   1 root  dialout 4,  64 2020-12-31 23:59 name
/// </code>
/// The columns before the date vary (no link count, no group, groups with spaces), so the date is what is looked for: the first one that
/// follows a number. After the date comes one space, and then the name with all its spaces.
/// </summary>
internal sealed class UnixListFormat : IListFormat
{
    private const int PermissionsLength = 10;

    /// <summary>Permissions, links, owner, group, size and its two parts for devices, with room for spaces in names of groups.</summary>
    private const int MostColumns = 12;

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (!TryParsePermissions(line, out var kind, out var mode, out var isDevice))
            return false;
        var position = PermissionsLength;
        // An ACL, a SELinux context, extended attributes.
        if (position < line.Length && line[position] is (byte)'+' or (byte)'.' or (byte)'@')
            position++;
        if (position >= line.Length || line[position] != (byte)' ')
            return false;

        Span<Range> columns = stackalloc Range[MostColumns];
        var count = 0;
        while (count < MostColumns && TryTakeColumn(line, ref position, out var column))
        {
            if (count > 0
                && IsSize(line[columns[count - 1]])
                && TryParseDate(line, column.Start.Value, clock, out var modified, out var nameStart))
            {
                parsed.Kind = kind;
                parsed.Mode = mode;
                parsed.Modified = modified;
                parsed.Size = isDevice ? null : AsciiNumber.ParseLong(line[columns[count - 1]]);
                SetOwner(line, columns[..count], ref parsed);
                SetName(line[nameStart..], ref parsed);
                return true;
            }

            columns[count++] = column;
        }

        return false;
    }

    private static bool TryParsePermissions(ReadOnlySpan<byte> line, out RemoteKind kind, out int mode, out bool isDevice)
    {
        kind = RemoteKind.Other;
        mode = 0;
        isDevice = false;
        if (line.Length < PermissionsLength)
            return false;
        switch (line[0])
        {
            case (byte)'-' or (byte)'C': // contiguous file
                kind = RemoteKind.File;
                break;
            case (byte)'d':
                kind = RemoteKind.Directory;
                break;
            case (byte)'l':
                kind = RemoteKind.Symlink;
                break;
            case (byte)'b' or (byte)'c':
                isDevice = true;
                break;
            case (byte)'p' or (byte)'s' or (byte)'D' or (byte)'P' or (byte)'n' or (byte)'m' or (byte)'w':
                break;
            default:
                return false;
        }

        for (var shift = 6; shift >= 0; shift -= 3)
        {
            var triple = line.Slice(7 - shift, 3);
            if (triple[0] is not ((byte)'r' or (byte)'-') || triple[1] is not ((byte)'w' or (byte)'-'))
                return false;
            if (triple[0] == (byte)'r')
                mode |= 4 << shift;
            if (triple[1] == (byte)'w')
                mode |= 2 << shift;
            // Set-user-id, set-group-id and sticky are shown in the place of the x they stand above; L and l: mandatory locking.
            var special = shift switch { 6 => 0x800, 3 => 0x400, _ => 0x200 };
            switch (triple[2])
            {
                case (byte)'-':
                    break;
                case (byte)'x':
                    mode |= 1 << shift;
                    break;
                case (byte)'s' when shift > 0:
                case (byte)'t' when shift == 0:
                    mode |= special | (1 << shift);
                    break;
                case (byte)'S' or (byte)'l' or (byte)'L' when shift > 0:
                case (byte)'T' when shift == 0:
                    mode |= special;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool TryTakeColumn(ReadOnlySpan<byte> line, ref int position, out Range column)
    {
        column = default;
        var spaces = line[position..].IndexOfAnyExcept((byte)' ');
        if (spaces < 0)
            return false;
        var start = position + spaces;
        var length = line[start..].IndexOf((byte)' ');
        position = length < 0 ? line.Length : start + length;
        column = start..position;
        return true;
    }

    /// <summary>A size, a device number, or a size that overflowed on the server and became negative.</summary>
    private static bool IsSize(ReadOnlySpan<byte> column)
    {
        if (column.Length > 1 && column[0] == (byte)'-')
            column = column[1..];
        if (AsciiNumber.IsDigits(column))
            return true;
        var comma = column.IndexOf((byte)',');
        return comma > 0 && AsciiNumber.IsDigits(column[..comma]) && AsciiNumber.IsDigits(column[(comma + 1)..]);
    }

    /// <summary>Reads a date that begins at <paramref name="start"/>, in any of the known orders.</summary>
    private static bool TryParseDate(ReadOnlySpan<byte> line, int start, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        var position = start;
        if (!TryTakeColumn(line, ref position, out var firstColumn))
            return false;
        var first = line[firstColumn];
        if (first.Length == 10 && first[4] == (byte)'-' && first[7] == (byte)'-')
            return TryParseIsoDate(line, first, position, clock, out modified, out nameStart);

        if (!TryTakeColumn(line, ref position, out var secondColumn))
            return false;
        var second = line[secondColumn];
        if (!(MonthName.TryParse(first, out var month) && TryParseDay(second, out var day))
            && !(MonthName.TryParse(second, out month) && TryParseDay(first, out day)))
        {
            return false;
        }

        if (!TryTakeColumn(line, ref position, out var thirdColumn))
            return false;
        var third = line[thirdColumn];
        RemoteTime time;
        if (TryParseTimeOfDay(third, out var hour, out var minute, out var secondOfMinute, out var precision))
        {
            // BSD's ls -lT: the time with seconds, then the year.
            var afterTime = position;
            if (precision == Second
                && TryTakeColumn(line, ref position, out var yearColumn)
                && TryParseYear(line[yearColumn], out var exactYear)
                && position < line.Length)
            {
                if (!clock.TryGetTime(exactYear, month, day, hour, minute, secondOfMinute, precision, out time))
                    return false;
            }
            else
            {
                position = afterTime;
                if (!clock.TryGuessYear(month, day, hour, minute, secondOfMinute, precision, out time))
                    return false;
            }
        }
        else if (!TryParseYear(third, out var year) || !clock.TryGetTime(year, month, day, 0, 0, 0, Day, out time))
        {
            return false;
        }

        modified = time;
        return TryEndDate(line, position, out nameStart);
    }

    /// <summary><c>YYYY-MM-DD HH:MM[:SS[.fraction]] [+ZZZZ]</c>, as ls --time-style=long-iso and full-iso give it.</summary>
    private static bool TryParseIsoDate(
        ReadOnlySpan<byte> line, ReadOnlySpan<byte> date, int position, ServerClock clock, out RemoteTime? modified, out int nameStart)
    {
        modified = null;
        nameStart = 0;
        if (!AsciiNumber.TryParseDigits(date[..4], out var year)
            || !AsciiNumber.TryParseDigits(date[5..7], out var month)
            || !AsciiNumber.TryParseDigits(date[8..], out var day)
            || !TryTakeColumn(line, ref position, out var timeColumn)
            || !TryParseTimeOfDay(line[timeColumn], out var hour, out var minute, out var second, out var precision)
            || !ServerClock.TryGetTicks(year, month, day, hour, minute, out var ticks))
        {
            return false;
        }

        var offset = clock.UtcOffset;
        var afterTime = position;
        if (precision == Second && TryTakeColumn(line, ref position, out var zoneColumn) && TryParseZone(line[zoneColumn], out var zone))
            offset = zone;
        else
            position = afterTime;
        if (!ServerClock.TryGetTime(ticks + (second * TimeSpan.TicksPerSecond), offset, precision, out var time))
            return false;
        modified = time;
        return TryEndDate(line, position, out nameStart);
    }

    /// <summary>One space parts the date from the name; the spaces after it are the name's own.</summary>
    private static bool TryEndDate(ReadOnlySpan<byte> line, int position, out int nameStart)
    {
        nameStart = position + 1;
        return nameStart < line.Length;
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

    /// <summary><c>HH:MM</c>, <c>HH:MM:SS</c> or <c>HH:MM:SS.fraction</c>; the fraction is dropped.</summary>
    private static bool TryParseTimeOfDay(ReadOnlySpan<byte> text, out int hour, out int minute, out int second, out TimeSpan precision)
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

    /// <summary>Owner and group from the columns before the date: <c>[links] [owner [group]] size</c>, where a device has two columns of size.</summary>
    private static void SetOwner(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        columns = columns[..^1];
        if (columns.Length > 0 && line[columns[^1]] is [.., (byte)','])
            columns = columns[..^1]; // the major number of a device
        if (columns.Length > 0 && AsciiNumber.IsDigits(line[columns[0]]))
            columns = columns[1..];
        // With more than two, some name has spaces, and nobody can tell which.
        if (columns.Length is not (1 or 2))
            return;
        parsed.Owner = line[columns[0]];
        if (columns.Length == 2)
            parsed.Group = line[columns[1]];
    }

    /// <summary>
    /// Parts <c>name -> target</c>. Both may hold an arrow: the size of a link is the length of its target, which decides; else the first arrow does.
    /// </summary>
    private static void SetName(ReadOnlySpan<byte> text, ref ListLine parsed)
    {
        parsed.Name = text;
        if (parsed.Kind != RemoteKind.Symlink)
            return;
        var arrow = " -> "u8;
        var first = text.IndexOf(arrow);
        if (first < 0)
            return;
        var at = first;
        if (parsed.Size is { } size && text.Length - size - arrow.Length is > 0 and var exact && exact > first
            && text[(int)exact..].StartsWith(arrow))
        {
            at = (int)exact;
        }

        parsed.Name = text[..at];
        parsed.LinkTarget = text[(at + arrow.Length)..];
    }
}
