using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// VM/CMS, the older (with the file mode, years counted from 1900) and z/VM:
/// <code>
/// LASTING  GLOBALV  A1 V        41        21          1  9/16/91 15:10:32
/// 70-ZVMFILE  TRACE   V        65      107        2 2005-10-04 15:28:42 060191
/// AUTHORS  A1     DIR         -         -          - 9/20/99 10:31:11
/// </code>
/// File name and file type are joined by a full stop, as FTP wants them. Records and blocks do not tell the length of the file.
/// </summary>
internal sealed class CmsListFormat : IListFormat
{
    private const int MostColumns = 9;

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        Span<Range> columns = stackalloc Range[MostColumns];
        var count = ListColumns.Split(line, columns);
        if (count < 7)
            return ListLineMeaning.Foreign;
        // The record format is where the columns can be told apart.
        var at = 1;
        while (at < 4 && !IsFormat(line[columns[at]]))
            at++;
        var isDirectory = at < 4 && line[columns[at]].SequenceEqual("DIR"u8);
        if (at == 4 || count < at + 6 || (!isDirectory && at == 1))
            return ListLineMeaning.Foreign;
        for (var i = at + 1; i <= at + 3; i++)
        {
            var number = line[columns[i]];
            if (!(isDirectory ? number.SequenceEqual("-"u8) : AsciiNumber.IsDigits(number)))
                return ListLineMeaning.Foreign;
        }

        if (!ListDate.TryParseNumbers(line[columns[at + 4]], out var first, out var second, out var third))
            return ListLineMeaning.Foreign;
        var (year, month, day) = first > 31 ? (first, second, third) : (third, first, second);
        if (ListDate.At(clock, year < 1000 ? ListDate.FullYear(year) : year, month, day, line[columns[at + 5]]) is not { } modified)
            return ListLineMeaning.Foreign;

        parsed.Modified = modified;
        if (isDirectory)
        {
            parsed.Kind = RemoteKind.Directory;
            parsed.Name = line[columns[0]];
        }
        else
        {
            parsed.Kind = RemoteKind.File;
            parsed.Name = (byte[])[.. line[columns[0]], (byte)'.', .. line[columns[1]]];
        }

        return ListLineMeaning.Entry;
    }

    private static bool IsFormat(ReadOnlySpan<byte> text) => text.SequenceEqual("V"u8) || text.SequenceEqual("F"u8) || text.SequenceEqual("DIR"u8);
}
