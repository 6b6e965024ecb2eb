using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// OpenVMS, by the servers of TCP/IP Services (UCX), MultiNet, TCPware and CMU:
/// <code>
/// Directory DKA0:[ANONYMOUS]
/// LOGIN.COM;2              1/16         28-SEP-2006 09:20:32  [GROUP,OWNER]    (RWED,RWED,RE,)
/// PUB.DIR;1                2  25-JAN-2004 07:11 [ANONYMOUS] (RWE,RE,RE,RE)
/// A_NAME_THAT_IS_TOO_LONG_FOR_ITS_COLUMN.TXT;1
///                        213/216  29-JAN-1996 03:33  [OWNER]  (RWED,RWED,,)
/// Total of 710 blocks in 12 files.
/// </code>
/// The columns after the name come in several orders, so each tells by its form what it is. The size is in blocks of 512 bytes, which is not the length of the file:
/// it counts as unknown. Versions: a name without <c>;n</c> means the newest, which a listing shows first; older ones are left out.
/// </summary>
internal sealed class VmsListFormat : IListFormat
{
    private const int LongestVersion = 5;

    private static readonly SearchValues<byte> NoOwner = SearchValues.Create("%<>()[]:;"u8);

    /// <summary>The name of a line that ended after it.</summary>
    private byte[]? _pending;

    /// <summary>The name with its type of the entry before, to know its older versions.</summary>
    private byte[] _last = [];

    /// <summary>Whether a line of this listing was of this format.</summary>
    private bool _established;

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        var position = 0;
        if (!ListColumns.TryTake(line, ref position, out var first))
            return ListLineMeaning.Foreign;
        if (_pending is { } pending)
        {
            _pending = null;
            if (TryReadAttributes(line, clock, ref parsed))
                return Name(pending, ref parsed);
        }

        if (first.Start.Value != 0)
            return ListLineMeaning.Foreign;
        var name = line[first];
        if (TryTrimVersion(ref name))
        {
            if (position == line.Length || line[position..].TrimStart(" \t"u8).IsEmpty)
            {
                _pending = name.ToArray();
                return Established();
            }

            return TryReadAttributes(line[position..], clock, ref parsed) ? Name(name, ref parsed) : ListLineMeaning.Foreign;
        }

        if (IsHeadline(line))
            return Established();
        if (!_established)
            return ListLineMeaning.Foreign;
        if (line[0] == (byte)'(' && line[^1] == (byte)')')
            return ListLineMeaning.Nothing; // a protection that did not fit into its line
        if (name.Length == line.Length && name.Contains((byte)'.'))
        {
            _pending = name.ToArray();
            return ListLineMeaning.Nothing;
        }

        return ListLineMeaning.Foreign;
    }

    private static bool IsHeadline(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("Total of "u8))
            return true;
        if (line.StartsWith("Directory "u8))
            line = line["Directory "u8.Length..];
        // DEVICE:[DIRECTORY.SUBDIRECTORY]
        var bracket = line.IndexOf(":["u8);
        return bracket > 0 && line[^1] == (byte)']' && !line[..bracket].Contains((byte)' ');
    }

    /// <summary><c>;n</c> at the end.</summary>
    private static bool TryTrimVersion(ref ReadOnlySpan<byte> name)
    {
        var semicolon = name.LastIndexOf((byte)';');
        if (semicolon < 1 || name.Length - semicolon - 1 is < 1 or > LongestVersion || !AsciiNumber.IsDigits(name[(semicolon + 1)..]))
            return false;
        name = name[..semicolon];
        return true;
    }

    /// <summary>The columns after the name, in any order. A date is wanted, or the system's reason why the attributes are not shown.</summary>
    private static bool TryReadAttributes(ReadOnlySpan<byte> text, ServerClock clock, ref ListLine parsed)
    {
        text = text.Trim(" \t"u8);
        if (text.IsEmpty)
            return false;
        // %RMS-E-PRV, <%SYSTEM-F-NOPRIV, and the text alone.
        if (text[0] == (byte)'%' || text.StartsWith("<%"u8)
            || text.StartsWith("insufficient privilege"u8) || text.StartsWith("No privilege"u8))
        {
            return true;
        }

        var hasDate = false;
        int year = 0, month = 0, day = 0;
        var timeOfDay = ReadOnlySpan<byte>.Empty;
        while (!text.IsEmpty)
        {
            var length = text[0] switch
            {
                (byte)'[' => text.IndexOfAny((byte)']', (byte)'('),
                (byte)'(' => text.IndexOf((byte)')'),
                _ => text.IndexOfAny((byte)' ', (byte)'\t'),
            };
            if (text[0] is (byte)'[' or (byte)'(')
            {
                if (length < 0)
                    return false;
                // An owner that was too long for its column has lost its bracket.
                var isCut = text[length] == (byte)'(';
                if (text[0] == (byte)'[')
                    SetOwner(text[1..length].TrimEnd((byte)' '), ref parsed);
                else if (!TrySetMode(text[1..length], ref parsed))
                    return false;
                text = text[(isCut ? length : length + 1)..].TrimStart(" \t"u8);
                continue;
            }

            var column = length < 0 ? text : text[..length];
            text = length < 0 ? [] : text[length..].TrimStart(" \t"u8);
            if (!hasDate && ListDate.TryParseDayMonthYear(column, out year, out month, out day))
                hasDate = true;
            else if (hasDate && timeOfDay.IsEmpty && ListDate.TryParseTimeOfDay(column, out _, out _, out _, out _))
                timeOfDay = column;
            else if (!IsBlocks(column) && !TrySetBareOwner(column, hasDate, ref parsed))
                return false;
        }

        if (!hasDate)
            return false;
        // A month in another language: the day is not guessed.
        if (month != 0)
        {
            if (!clock.TryGetTime(year, month, day, 0, 0, 0, ListDate.Day, out var date))
                return false;
            parsed.Modified = timeOfDay.IsEmpty ? date : ListDate.At(clock, year, month, day, timeOfDay) ?? date;
        }

        return true;
    }

    /// <summary><c>n</c>, <c>n/m</c> (used and allocated) or <c>nKB</c>.</summary>
    private static bool IsBlocks(ReadOnlySpan<byte> column)
    {
        var slash = column.IndexOf((byte)'/');
        if (slash > 0)
            return AsciiNumber.IsDigits(column[..slash]) && AsciiNumber.IsDigits(column[(slash + 1)..]);
        if (column.Length > 2 && column[^1] == (byte)'B')
            column = column[..^2];
        return AsciiNumber.IsDigits(column);
    }

    private static void SetOwner(ReadOnlySpan<byte> text, ref ListLine parsed)
    {
        var comma = text.IndexOf((byte)',');
        parsed.Owner = text[(comma + 1)..];
        parsed.Group = comma < 0 ? [] : text[..comma];
    }

    private static bool TrySetBareOwner(ReadOnlySpan<byte> column, bool hasDate, ref ListLine parsed)
    {
        if (!hasDate || !parsed.Owner.IsEmpty || column.ContainsAny(NoOwner))
            return false;
        parsed.Owner = column;
        return true;
    }

    /// <summary><c>system,owner,group,world</c>, each some of RWED: the last three are what a mode has.</summary>
    private static bool TrySetMode(ReadOnlySpan<byte> text, ref ListLine parsed)
    {
        var mode = 0;
        var field = 0;
        foreach (var letter in text)
        {
            var bit = letter switch
            {
                (byte)'R' => 4,
                (byte)'W' => 2,
                (byte)'E' => 1,
                (byte)'D' or (byte)' ' => 0,
                (byte)',' => -1,
                _ => -2,
            };
            if (bit == -2)
                return false;
            if (bit == -1)
                field++;
            else if (field is >= 1 and <= 3)
                mode |= bit << (6 - ((field - 1) * 3));
        }

        if (field == 3)
            parsed.Mode = mode;
        return field <= 3;
    }

    private ListLineMeaning Established()
    {
        _established = true;
        return ListLineMeaning.Nothing;
    }

    private ListLineMeaning Name(ReadOnlySpan<byte> name, ref ListLine parsed)
    {
        _established = true;
        // CMU shows the directory, too.
        name = name[(name.LastIndexOf((byte)']') + 1)..];
        TryTrimVersion(ref name);
        if (name.SequenceEqual(_last))
            return ListLineMeaning.Nothing;
        _last = name.ToArray();
        parsed.Kind = RemoteKind.File;
        parsed.Name = _last;
        if (name.Length > 4 && name[^4] == (byte)'.' && (name[^3] | 0x20) == 'd' && (name[^2] | 0x20) == 'i' && (name[^1] | 0x20) == 'r')
        {
            parsed.Kind = RemoteKind.Directory;
            parsed.Name = _last.AsSpan(0, name.Length - 4);
        }

        return parsed.Name.IsEmpty ? ListLineMeaning.Foreign : ListLineMeaning.Entry;
    }
}
