using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// OS/400 (IBM i):
/// <code>
/// QSYS            77824 02/23/00 15:09:55 *DIR       QOpenSys/
/// PEP               422 04/03/24 14:06:26 *STMF      readme
/// CFT             45056 04/12/14 14:19:31 *FILE      ANTHONY1.FILE
/// CFT                                     *MEM       ANTHONY1.FILE/ANTHONY1.MBR
/// </code>
/// The order of day, month and year is the job's (QDATFMT) and is not shown. Each date of the listing that cannot be in some order rules it out; while more than one is
/// possible and they disagree, the time counts as unknown. A database file is a file (RETR gives its first member); its members, shown with a slash, are not listed, and its
/// size is that of its storage, not of what RETR gives.
/// </summary>
internal sealed class Os400ListFormat : IListFormat
{
    private const int MonthFirst = 1;
    private const int DayFirst = 2;
    private const int YearFirst = 4;

    private int _orders = MonthFirst | DayFirst | YearFirst;

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        var star = line.IndexOf(" *"u8);
        if (star < 1)
            return ListLineMeaning.Foreign;
        Span<Range> columns = stackalloc Range[6];
        var count = ListColumns.Split(line, columns);
        var at = count > 1 && line[columns[1]][0] == (byte)'*' ? 1 : 4;
        if (count < at + 2 || columns[at].Start.Value != star + 1)
            return ListLineMeaning.Foreign;
        var type = line[columns[at]];
        if (type.Length < 3 || type[1..].ContainsAnyExceptInRange((byte)'A', (byte)'Z'))
            return ListLineMeaning.Foreign;
        if (at == 1)
            return type.SequenceEqual("*MEM"u8) ? ListLineMeaning.Nothing : ListLineMeaning.Foreign;

        if (!AsciiNumber.IsDigits(line[columns[1]])
            || !ListDate.TryParseNumbers(line[columns[2]], out var first, out var second, out var third)
            || !ListDate.TryParseTimeOfDay(line[columns[3]], out _, out _, out _, out _))
        {
            return ListLineMeaning.Foreign;
        }

        parsed.Owner = line[columns[0]];
        parsed.Modified = ReadTime(first, second, third, line[columns[3]], clock);
        var name = ListColumns.After(line, columns[4]);
        var hasSlash = ListName.TryTrimSlash(ref name);
        parsed.Name = ListName.LastSegment(name);
        parsed.Kind = KindOf(type, hasSlash);
        if (parsed.Kind == RemoteKind.File && !type.SequenceEqual("*FILE"u8))
            parsed.Size = AsciiNumber.ParseLong(line[columns[1]]);
        return parsed.Name.IsEmpty ? ListLineMeaning.Foreign : ListLineMeaning.Entry;
    }

    private static RemoteKind KindOf(ReadOnlySpan<byte> type, bool hasSlash) =>
        hasSlash || type.SequenceEqual("*DIR"u8) || type.SequenceEqual("*DDIR"u8) || type.SequenceEqual("*LIB"u8) || type.SequenceEqual("*FLR"u8) ? RemoteKind.Directory
        : type.SequenceEqual("*SYMLNK"u8) ? RemoteKind.Symlink
        : type.SequenceEqual("*STMF"u8) || type.SequenceEqual("*DSTMF"u8) || type.SequenceEqual("*FILE"u8) || type.SequenceEqual("*DOC"u8) || type.SequenceEqual("*USRSPC"u8)
            || type.SequenceEqual("*MBR"u8) || type.SequenceEqual("*SAVF"u8) ? RemoteKind.File
        : RemoteKind.Other;

    private RemoteTime? ReadTime(int first, int second, int third, ReadOnlySpan<byte> timeOfDay, ServerClock clock)
    {
        RemoteTime? found = null;
        var disagree = false;
        var possible = 0;
        for (var order = MonthFirst; order <= YearFirst; order <<= 1)
        {
            if ((_orders & order) == 0)
                continue;
            var (year, month, day) = order switch
            {
                MonthFirst => (third, first, second),
                DayFirst => (third, second, first),
                _ => (first, second, third),
            };
            if (year < 1000)
                year = ListDate.FullYear(year);
            if (ListDate.At(clock, year, month, day, timeOfDay) is not { } time || clock.IsFuture(time))
                continue;
            possible |= order;
            disagree |= found is { } other && other != time;
            found ??= time;
        }

        if (possible != 0)
            _orders = possible;
        return disagree ? null : found;
    }
}
