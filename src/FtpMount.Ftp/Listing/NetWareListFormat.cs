using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// NetWare's trustee rights in the place of permissions, of Novell's and of HellSoft's servers:
/// <code>
/// d [RWCEAFMS] supervisor            512       Jan 16 18:53    login
/// -[RWCEMFA] supervisor         214059       Jan 01  2000    file
/// </code>
/// The rights are those of this user and no mode; names cannot begin with a space there, so the spaces in front of them are the column's.
/// </summary>
internal sealed class NetWareListFormat : IListFormat
{
    private const int MostColumns = 4;

    private static readonly SearchValues<byte> Rights = SearchValues.Create("RWCEAFMS- "u8);

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (line.Length < 12 || line[0] is not ((byte)'d' or (byte)'-'))
            return ListLineMeaning.Foreign;
        var open = line[1] == (byte)' ' ? 2 : 1;
        var close = line.IndexOf((byte)']');
        if (line[open] != (byte)'[' || close is < 3 or > 12 || line[(open + 1)..close].ContainsAnyExcept(Rights))
            return ListLineMeaning.Foreign;

        Span<Range> columns = stackalloc Range[MostColumns];
        var count = 0;
        var position = close + 1;
        while (count < MostColumns && ListColumns.TryTake(line, ref position, out var column))
        {
            if (count > 0
                && AsciiNumber.IsDigits(line[columns[count - 1]])
                && UnixListDate.TryParse(line, column.Start.Value, clock, out var modified, out var nameStart))
            {
                parsed.Kind = line[0] == (byte)'d' ? RemoteKind.Directory : RemoteKind.File;
                parsed.Size = AsciiNumber.ParseLong(line[columns[count - 1]]);
                parsed.Modified = modified;
                if (count == 2)
                    parsed.Owner = line[columns[0]];
                parsed.Name = ListName.LastSegment(line[nameStart..].TrimStart((byte)' '));
                return parsed.Name.IsEmpty ? ListLineMeaning.Foreign : ListLineMeaning.Entry;
            }

            columns[count++] = column;
        }

        return ListLineMeaning.Foreign;
    }
}
