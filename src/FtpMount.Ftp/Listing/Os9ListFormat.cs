using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Microware OS-9: owner, date (year first) and time, attributes (for others, then for the owner), sector, size, name:
/// <code>
/// 20.20 07/03/29 1026 d-ewrewr 2650 85920 name
/// </code>
/// </summary>
internal sealed class Os9ListFormat : IListFormat
{
    private static readonly SearchValues<byte> Attributes = SearchValues.Create("dsewr-"u8);

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        Span<Range> columns = stackalloc Range[7];
        if (ListColumns.Split(line, columns) < columns.Length)
            return ListLineMeaning.Foreign;
        var owner = line[columns[0]];
        var dot = owner.IndexOf((byte)'.');
        var time = line[columns[2]];
        var attributes = line[columns[3]];
        if (dot < 1 || !AsciiNumber.IsDigits(owner[..dot]) || !AsciiNumber.IsDigits(owner[(dot + 1)..])
            || !ListDate.TryParseNumbers(line[columns[1]], out var year, out var month, out var day)
            || time.Length != 4 || !AsciiNumber.TryParseDigits(time[..2], out var hour) || !AsciiNumber.TryParseDigits(time[2..], out var minute)
            || attributes.Length != 8 || attributes.ContainsAnyExcept(Attributes)
            || !AsciiNumber.IsDigits(line[columns[5]])
            || !clock.TryGetTime(ListDate.FullYear(year), month, day, hour, minute, 0, ListDate.Minute, out var modified))
        {
            return ListLineMeaning.Foreign;
        }

        parsed.Kind = attributes[0] == (byte)'d' ? RemoteKind.Directory : RemoteKind.File;
        parsed.Group = owner[..dot];
        parsed.Owner = owner[(dot + 1)..];
        parsed.Modified = modified;
        parsed.Mode = (Bits(attributes[5..8]) << 6) | Bits(attributes[2..5]);
        parsed.Size = parsed.Kind == RemoteKind.File ? AsciiNumber.ParseLong(line[columns[5]]) : null;
        parsed.Name = ListColumns.After(line, columns[5]);
        return ListLineMeaning.Entry;
    }

    /// <summary>From <c>ewr</c>.</summary>
    private static int Bits(ReadOnlySpan<byte> text) =>
        (text[2] == (byte)'r' ? 4 : 0) | (text[1] == (byte)'w' ? 2 : 0) | (text[0] == (byte)'e' ? 1 : 0);
}
