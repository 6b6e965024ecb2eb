using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Tandem (HP NonStop) Guardian. The owner is group and user number, the quoted letters are its own kind of permissions (RWEP), an O marks a file that is open:
/// <code>
/// File         Code             EOF  Last Modification    Owner  RWEP
/// IARPTS        101            16354 18-Mar-08 15:09:12 244, 10 "nnnn"
/// TACLCSTM   O  101              101  4-Mar-01 23:50:06 255,255 "oooo"
/// </code>
/// </summary>
internal sealed class TandemListFormat : IListFormat
{
    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (line.StartsWith("File "u8) && line.IndexOf(" EOF "u8) > 0)
            return ListLineMeaning.Nothing;
        var trimmed = line.TrimEnd((byte)' ');
        if (trimmed.Length < 6 || trimmed[^1] != (byte)'"' || trimmed[^6] != (byte)'"')
            return ListLineMeaning.Foreign;
        Span<Range> columns = stackalloc Range[9];
        var count = ListColumns.Split(line, columns);
        var at = count > 2 && line[columns[1]].SequenceEqual("O"u8) ? 2 : 1;
        if (count < at + 6
            || !AsciiNumber.IsDigits(line[columns[at]])
            || !AsciiNumber.IsDigits(line[columns[at + 1]])
            || !ListDate.TryParseDayMonthYear(line[columns[at + 2]], out var year, out var month, out var day)
            || ListDate.At(clock, year, month, day, line[columns[at + 3]]) is not { } modified)
        {
            return ListLineMeaning.Foreign;
        }

        parsed.Kind = RemoteKind.File;
        parsed.Name = line[columns[0]];
        parsed.Size = AsciiNumber.ParseLong(line[columns[at + 1]]);
        parsed.Modified = modified;
        var owner = line[columns[at + 4].Start.Value..^6].Trim("\" "u8);
        var comma = owner.IndexOf((byte)',');
        if (comma > 0)
        {
            parsed.Group = owner[..comma];
            parsed.Owner = owner[(comma + 1)..].Trim((byte)' ');
        }

        return ListLineMeaning.Entry;
    }
}
