using System.Buffers;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Sterling Commerce's Connect:Enterprise: flags and the protocol, the type, who sent it, the number of the batch, size, date, batch name:
/// <code>
/// -C--E-----FTP B BCC3I1       7670  1294495 Jan 13 07:42 name
/// </code>
/// </summary>
internal sealed class ConnectEnterpriseListFormat : IListFormat
{
    private const int FlagsLength = 13;

    private static readonly SearchValues<byte> Flags = SearchValues.Create("-ABCDEIMNPRTUX"u8);

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (line.Length <= FlagsLength || line[0] != (byte)'-' || line[FlagsLength] != (byte)' '
            || line[..10].ContainsAnyExcept(Flags) || line[10..FlagsLength].ContainsAnyExceptInRange((byte)'A', (byte)'Z'))
        {
            return ListLineMeaning.Foreign;
        }

        Span<Range> columns = stackalloc Range[6];
        if (ListColumns.Split(line, columns) < columns.Length
            || !AsciiNumber.IsDigits(line[columns[4]])
            || !UnixListDate.TryParse(line, columns[5].Start.Value, clock, out var modified, out var nameStart))
        {
            return ListLineMeaning.Foreign;
        }

        parsed.Kind = RemoteKind.File;
        parsed.Owner = line[columns[2]];
        parsed.Size = AsciiNumber.ParseLong(line[columns[4]]);
        parsed.Modified = modified;
        parsed.Name = line[nameStart..];
        return ListLineMeaning.Entry;
    }
}
