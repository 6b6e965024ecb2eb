using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Formats that begin with the size:
/// <code>
///                  0           DIR   02-11-103  16:15  name       OS/2 (attributes, years counted from 1900)
/// 206876  Apr 04, 2000 21:06 name                                 VShell; a slash ends a directory
/// 2048    Feb-28-1998  05:23:30   name &lt;DIR>                      VxWorks, instruments of Shibasoku
/// </code>
/// </summary>
internal sealed class SizeFirstListFormat : IListFormat
{
    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        Span<Range> columns = stackalloc Range[6];
        var count = ListColumns.Split(line, columns);
        if (count < 4 || !AsciiNumber.IsDigits(line[columns[0]]))
            return ListLineMeaning.Foreign;
        columns = columns[..count];
        var read = TryReadOs2(line, columns, clock, ref parsed) || TryReadVShell(line, columns, clock, ref parsed) || TryReadVxWorks(line, columns, clock, ref parsed);
        if (!read || parsed.Name.IsEmpty)
            return ListLineMeaning.Foreign;
        parsed.Size = parsed.Kind == RemoteKind.File ? AsciiNumber.ParseLong(line[columns[0]]) : null;
        return ListLineMeaning.Entry;
    }

    private static bool TryReadOs2(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        parsed.Kind = RemoteKind.File;
        var at = 1;
        for (; at < columns.Length && !line[columns[at]].ContainsAnyExceptInRange((byte)'A', (byte)'Z'); at++)
        {
            var mark = line[columns[at]];
            if (mark.SequenceEqual("DIR"u8))
                parsed.Kind = RemoteKind.Directory;
            else if (mark.ContainsAnyExcept("ARHS"u8))
                return false;
        }

        if (at + 2 >= columns.Length
            || !ListDate.TryParseNumbers(line[columns[at]], out var month, out var day, out var year)
            || !line[columns[at]].Contains((byte)'-')
            || ListDate.At(clock, year < 1000 ? ListDate.FullYear(year) : year, month, day, line[columns[at + 1]]) is not { } modified)
        {
            return false;
        }

        parsed.Modified = modified;
        parsed.Name = ListColumns.After(line, columns[at + 1]);
        return true;
    }

    private static bool TryReadVShell(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        if (columns.Length < 6
            || !MonthName.TryParse(line[columns[1]], out var month)
            || line[columns[2]] is not [.., (byte)',']
            || !AsciiNumber.TryParseDigits(line[columns[2]][..^1], out var day)
            || !AsciiNumber.TryParseDigits(line[columns[3]], out var year)
            || ListDate.At(clock, year, month, day, line[columns[4]]) is not { } modified)
        {
            return false;
        }

        parsed.Modified = modified;
        parsed.Name = line[(columns[4].End.Value + 1)..];
        var name = parsed.Name;
        parsed.Kind = ListName.TryTrimSlash(ref name) ? RemoteKind.Directory : RemoteKind.File;
        parsed.Name = name;
        return true;
    }

    private static bool TryReadVxWorks(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        var date = line[columns[1]];
        if (date is not [_, _, _, (byte)'-', _, _, (byte)'-', _, _, _, _]
            || !MonthName.TryParse(date[..3], out var month)
            || !AsciiNumber.TryParseDigits(date[4..6], out var day)
            || !AsciiNumber.TryParseDigits(date[7..], out var year)
            || ListDate.At(clock, year, month, day, line[columns[2]]) is not { } modified)
        {
            return false;
        }

        parsed.Modified = modified;
        parsed.Kind = RemoteKind.File;
        var name = ListColumns.After(line, columns[2]).TrimEnd((byte)' ');
        if (name.EndsWith(" <DIR>"u8))
        {
            parsed.Kind = RemoteKind.Directory;
            name = name[..^" <DIR>".Length].TrimEnd((byte)' ');
        }

        parsed.Name = name;
        return true;
    }
}
