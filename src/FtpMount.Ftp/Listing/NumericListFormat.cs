using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// What stat(2) says in numbers: mode in octal with the kind, owner, group, size, seconds since 1970:
/// <code>
/// 0100644   500  101   12345    123456789       name
/// </code>
/// </summary>
internal sealed class NumericListFormat : IListFormat
{
    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (line.Length < 7 || line[0] != (byte)'0')
            return ListLineMeaning.Foreign;
        Span<Range> columns = stackalloc Range[6];
        if (ListColumns.Split(line, columns) < columns.Length || line[columns[0]] is not [(byte)'0', var high, _, _, _, _, ..])
            return ListLineMeaning.Foreign;
        var mode = line[columns[0]];
        for (var i = 1; i <= 4; i++)
        {
            if (!AsciiNumber.IsDigits(line[columns[i]]))
                return ListLineMeaning.Foreign;
        }

        parsed.Kind = (mode.Length, high, mode[2]) switch
        {
            (7, (byte)'1', (byte)'0') => RemoteKind.File,
            (7, (byte)'1', (byte)'2') => RemoteKind.Symlink,
            (6, (byte)'4', _) => RemoteKind.Directory,
            _ => RemoteKind.Other,
        };
        parsed.Mode = AsciiNumber.ParseMode(mode);
        parsed.Owner = line[columns[1]];
        parsed.Group = line[columns[2]];
        parsed.Size = parsed.Kind == RemoteKind.File ? AsciiNumber.ParseLong(line[columns[3]]) : null;
        parsed.Modified = EplfListFormat.FromUnixTime(line[columns[4]]);
        parsed.Name = ListColumns.After(line, columns[4]);
        return parsed.Mode is null ? ListLineMeaning.Foreign : ListLineMeaning.Entry;
    }
}
