using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The output of DIR, as IIS and other Windows servers give it:
/// <code>
/// 02-25-23  09:52PM       &lt;DIR>          name
/// 02-25-2023  21:52                 1234 name
/// 2023-02-25  21:52       &lt;SYMLINKD>     name [target]
/// 2002-09-02  19:06                9,730 name
/// 97-10-14    03:34p     &lt;DIR>   name
/// </code>
/// Windows CE sends the first form with 24 hours.
/// The size is followed by one space, a mark such as <c>&lt;DIR></c> by ten (padded to 15 columns); what follows is the name.
/// </summary>
internal sealed class DosListFormat : IListFormat
{
    private const int MarkWidth = 15;

    /// <summary>Shared: it remembers nothing.</summary>
    public static readonly DosListFormat Instance = new();

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        var rest = line;
        if (!TryParseDate(ref rest, out var year, out var month, out var day)
            || !SkipSpaces(ref rest)
            || !TryParseTimeOfDay(ref rest, out var hour, out var minute, out var second, out var precision)
            || !SkipSpaces(ref rest)
            || !clock.TryGetTime(year, month, day, hour, minute, second, precision, out var modified))
        {
            return ListLineMeaning.Foreign;
        }

        parsed.Modified = modified;
        return (rest[0] == (byte)'<' ? TryParseMarked(rest, ref parsed) : TryParseFile(rest, ref parsed)) ? ListLineMeaning.Entry : ListLineMeaning.Foreign;
    }

    private static bool TryParseFile(ReadOnlySpan<byte> rest, ref ListLine parsed)
    {
        var end = rest.IndexOf((byte)' ');
        if (end <= 0 || end + 1 >= rest.Length)
            return false;
        var size = rest[..end];
        if (!AsciiNumber.IsDigits(size) && !(size[0] == (byte)'-' && AsciiNumber.IsDigits(size[1..])) && !IsGrouped(size))
            return false;
        parsed.Kind = RemoteKind.File;
        parsed.Size = size.Contains((byte)',') ? ParseGrouped(size) : AsciiNumber.ParseLong(size);
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

    /// <summary><c>9,730</c>: one to three digits, then groups of three.</summary>
    private static bool IsGrouped(ReadOnlySpan<byte> size)
    {
        var head = size.Length % 4;
        if (head == 0 || size.Length < 5 || !AsciiNumber.IsDigits(size[..head]))
            return false;
        for (size = size[head..]; !size.IsEmpty; size = size[4..])
        {
            if (size[0] != (byte)',' || !AsciiNumber.IsDigits(size[1..4]))
                return false;
        }

        return true;
    }

    private static long? ParseGrouped(ReadOnlySpan<byte> size)
    {
        Span<byte> digits = stackalloc byte[20];
        var length = 0;
        foreach (var b in size)
        {
            if (b == (byte)',')
                continue;
            if (length == digits.Length)
                return null;
            digits[length++] = b;
        }

        return AsciiNumber.ParseLong(digits[..length]);
    }

    /// <summary>
    /// <c>MM-DD-YY</c>, <c>MM-DD-YYYY</c> or <c>YYYY-MM-DD</c>, also with slashes; the year in two digits or counted from 1900, and other orders where a number above 31 or
    /// 12 shows them.
    /// </summary>
    private static bool TryParseDate(ref ReadOnlySpan<byte> rest, out int year, out int month, out int day)
    {
        year = month = day = 0;
        var end = rest.IndexOf((byte)' ');
        if (end is < 8 or > 10 || !ListDate.TryParseNumbers(rest[..end], out var first, out var second, out var third) || rest[..end].Contains((byte)'.'))
            return false;
        (year, month, day) = first > 31 ? (first, second, third)
            : first > 12 && second <= 12 ? (third, second, first)
            : (third, first, second);
        // Two digits: Windows' own window of 1970 to 2069 would hide nothing that FTP servers hold.
        if (year < 1000)
            year = ListDate.FullYear(year);
        rest = rest[end..];
        return true;
    }

    /// <summary><c>HH:MM</c> or <c>HH:MM:SS</c>, or <c>hh:MM</c> with <c>AM</c>, <c>PM</c>, <c>a</c> or <c>p</c> after it.</summary>
    private static bool TryParseTimeOfDay(ref ReadOnlySpan<byte> rest, out int hour, out int minute, out int second, out TimeSpan precision)
    {
        var end = rest.IndexOf((byte)' ');
        hour = minute = second = 0;
        precision = default;
        if (end < 5)
            return false;
        var text = rest[..end];
        var half = 0;
        if ((text[^1] | 0x20) == 'm')
            text = text[..^1];
        if ((text[^1] | 0x20) is 'a' or 'p')
        {
            half = text[^1] | 0x20;
            text = text[..^1];
        }

        if (text.Length < 5 || text[2] != (byte)':' || !ListDate.TryParseTimeOfDay(text, out hour, out minute, out second, out precision))
            return false;
        if (half != 0)
        {
            if (hour is < 1 or > 12)
                return false;
            hour = (hour % 12) + (half == 'p' ? 12 : 0);
        }

        rest = rest[end..];
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
