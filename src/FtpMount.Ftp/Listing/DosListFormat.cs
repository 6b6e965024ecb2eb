using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The output of DIR, as IIS and other Windows servers give it:
/// <code>
/// 02-25-23  09:52PM       &lt;DIR>          name
/// 02-25-2023  21:52                 1234 name
/// 2023-02-25  21:52       &lt;SYMLINKD>     name [target]
/// </code>
/// The size is followed by one space, a mark such as <c>&lt;DIR></c> by ten (padded to 15 columns); what follows is the name.
/// </summary>
internal sealed class DosListFormat : IListFormat
{
    private const int MarkWidth = 15;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        var rest = line;
        if (!TryParseDate(ref rest, out var year, out var month, out var day)
            || !SkipSpaces(ref rest)
            || !TryParseTimeOfDay(ref rest, out var hour, out var minute)
            || !SkipSpaces(ref rest)
            || !clock.TryGetTime(year, month, day, hour, minute, 0, Minute, out var modified))
        {
            return false;
        }

        parsed.Modified = modified;
        return rest[0] == (byte)'<' ? TryParseMarked(rest, ref parsed) : TryParseFile(rest, ref parsed);
    }

    private static bool TryParseFile(ReadOnlySpan<byte> rest, ref ListLine parsed)
    {
        var end = rest.IndexOf((byte)' ');
        if (end <= 0 || end + 1 >= rest.Length)
            return false;
        var size = rest[..end];
        if (!AsciiNumber.IsDigits(size) && !(size[0] == (byte)'-' && AsciiNumber.IsDigits(size[1..])))
            return false;
        parsed.Kind = RemoteKind.File;
        parsed.Size = AsciiNumber.ParseLong(size);
        parsed.Name = rest[(end + 1)..];
        return true;
    }

    private static bool TryParseMarked(ReadOnlySpan<byte> rest, ref ListLine parsed)
    {
        var end = rest.IndexOf((byte)'>');
        if (end < 0 || end + 1 >= rest.Length || rest[end + 1] != (byte)' ')
            return false;
        var mark = rest[1..end];
        // Padded to the width where the server does so; then further spaces are the name's.
        var name = rest[(end + 1)..];
        var spaces = name.IndexOfAnyExcept((byte)' ');
        name = name[Math.Min(spaces < 0 ? name.Length : spaces, Math.Max(1, MarkWidth - (end + 1)))..];
        if (name.IsEmpty)
            return false;

        if (mark.SequenceEqual("DIR"u8))
        {
            parsed.Kind = RemoteKind.Directory;
            parsed.Name = name;
            return true;
        }

        if (!mark.SequenceEqual("JUNCTION"u8) && !mark.SequenceEqual("SYMLINK"u8) && !mark.SequenceEqual("SYMLINKD"u8))
            return false;
        parsed.Kind = RemoteKind.Symlink;
        parsed.Name = name;
        var bracket = name.LastIndexOf(" ["u8);
        if (bracket > 0 && name[^1] == (byte)']')
        {
            parsed.Name = name[..bracket];
            parsed.LinkTarget = name[(bracket + 2)..^1];
        }

        return true;
    }

    /// <summary><c>MM-DD-YY</c>, <c>MM-DD-YYYY</c> or <c>YYYY-MM-DD</c>, also with slashes.</summary>
    private static bool TryParseDate(ref ReadOnlySpan<byte> rest, out int year, out int month, out int day)
    {
        year = month = day = 0;
        var end = rest.IndexOf((byte)' ');
        if (end is not (8 or 10))
            return false;
        var date = rest[..end];
        var yearFirst = date[4] is (byte)'-' or (byte)'/';
        var separator = date[yearFirst ? 4 : 2];
        if (separator is not ((byte)'-' or (byte)'/') || (yearFirst && end != 10))
            return false;
        var (monthAt, dayAt, yearAt) = yearFirst ? (5, 8, 0..4) : (0, 3, 6..end);
        if (date[dayAt - 1] != separator || date[yearFirst ? 4 : 5] != separator
            || !AsciiNumber.TryParseDigits(date.Slice(monthAt, 2), out month)
            || !AsciiNumber.TryParseDigits(date.Slice(dayAt, 2), out day)
            || !AsciiNumber.TryParseDigits(date[yearAt], out year))
        {
            return false;
        }

        // Two digits: Windows' own window of 1970 to 2069 would hide nothing that FTP servers hold.
        if (end == 8)
            year += year < 70 ? 2000 : 1900;
        rest = rest[end..];
        return true;
    }

    /// <summary><c>HH:MM</c>, or <c>hh:MM</c> with <c>AM</c> or <c>PM</c> after it.</summary>
    private static bool TryParseTimeOfDay(ref ReadOnlySpan<byte> rest, out int hour, out int minute)
    {
        hour = minute = 0;
        if (rest.Length < 5 || rest[2] != (byte)':'
            || !AsciiNumber.TryParseDigits(rest[..2], out hour) || hour > 23
            || !AsciiNumber.TryParseDigits(rest[3..5], out minute) || minute > 59)
        {
            return false;
        }

        rest = rest[5..];
        if (rest.Length < 2 || (rest[1] | 0x20) != 'm')
            return true;
        var half = rest[0] | 0x20;
        if (half is not ('a' or 'p') || hour is < 1 or > 12)
            return false;
        hour = (hour % 12) + (half == 'p' ? 12 : 0);
        rest = rest[2..];
        return true;
    }

    private static bool SkipSpaces(ref ReadOnlySpan<byte> rest)
    {
        var spaces = rest.IndexOfAnyExcept((byte)' ');
        if (spaces <= 0)
            return false;
        rest = rest[spaces..];
        return true;
    }
}
