using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// z/OS (MVS) outside of its UNIX file system: datasets, members of a partitioned dataset, load modules and jobs. HFS and zFS are listed like <c>ls -l</c>.
/// <code>
/// Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
/// WYOSPT 3420   2003/05/21  1  200  FB      80  8053  PS  DATA.SET
/// Migrated                                                OLD.DATA.SET
///  Name     VV.MM   Created       Changed      Size  Init   Mod   Id
/// MEMBER    01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001
/// JOBNAME  JOBID    OWNER    STATUS CLASS
/// IBMUSER2 JOB01906 IBMUSER  OUTPUT A        RC=0000 3 spool files
/// </code>
/// A partitioned dataset is a directory. Sizes are in tracks or lines and count as unknown; a dataset's date is that of its last use, not of a change. A job is a file
/// with the name of its id, which is what RETR wants. A line with a name and nothing else is a member only after the headline of members.
/// </summary>
internal sealed class ZosListFormat : IListFormat
{
    private const int MostColumns = 10;

    private Section _section;

    private enum Section
    {
        None,
        Datasets,
        Members,
        Modules,
        Jobs,
    }

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (IsHeadline(line))
            return ListLineMeaning.Nothing;
        Span<Range> columns = stackalloc Range[MostColumns];
        columns = columns[..ListColumns.Split(line, columns)];
        if (columns.IsEmpty)
            return ListLineMeaning.Foreign;
        return TryReadDataset(line, columns, ref parsed)
            || TryReadMember(line, columns, clock, ref parsed)
            || TryReadModule(line, columns, ref parsed)
            || TryReadJob(line, columns, ref parsed)
                ? ListLineMeaning.Entry
                : _section == Section.None ? ListLineMeaning.Foreign : ListLineMeaning.Nothing;
    }

    private bool IsHeadline(ReadOnlySpan<byte> line)
    {
        var text = line.Trim((byte)' ');
        var section = text.StartsWith("Volume Unit "u8) ? Section.Datasets
            : text.StartsWith("Name "u8) && text.IndexOf(" VV.MM "u8) > 0 ? Section.Members
            : text.StartsWith("Name "u8) && text.IndexOf(" TTR "u8) > 0 ? Section.Modules
            : text.StartsWith("JOBNAME "u8) && text.IndexOf(" JOBID"u8) > 0 ? Section.Jobs
            : Section.None;
        if (section != Section.None)
            _section = section;
        return section != Section.None;
    }

    private bool TryReadDataset(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        if (columns.Length < 2 || _section is not (Section.None or Section.Datasets))
            return false;
        var first = line[columns[0]];
        var last = line[columns[^1]];
        var organisation = line[columns[^2]];
        var isWhole = columns.Length >= 7 && (IsReferred(line[columns[2]]) || line[columns[2]].SequenceEqual("**NONE**"u8));
        if (isWhole && IsOrganisation(organisation))
            parsed.Kind = organisation.StartsWith("PO"u8) ? RemoteKind.Directory : RemoteKind.File;
        else if (first.SequenceEqual("Pseudo"u8) && columns.Length == 3 && organisation.SequenceEqual("Directory"u8))
            parsed.Kind = RemoteKind.Directory;
        else if (columns.Length == 2 && (first.SequenceEqual("Migrated"u8) || first.SequenceEqual("MIGRATED"u8) || first.SequenceEqual("ARCIVE"u8)))
            parsed.Kind = RemoteKind.File;
        else if (columns.Length is 3 or 4 && organisation.SequenceEqual("VSAM"u8) && first.Length <= 6)
            parsed.Kind = RemoteKind.Other;
        else if (columns.Length == 3 && (organisation.SequenceEqual("Tape"u8) || organisation.SequenceEqual("TAPE"u8)) && first.Length <= 6)
            parsed.Kind = RemoteKind.File;
        else if (columns.Length == 4 && first.SequenceEqual("User"u8) && organisation.SequenceEqual("connector"u8))
            parsed.Kind = RemoteKind.Other;
        else if (_section == Section.Datasets && columns.Length == 2 && (first.SequenceEqual("GDG"u8) || first.SequenceEqual("VSAM"u8) || first.SequenceEqual("PATH"u8)))
            parsed.Kind = RemoteKind.Other;
        else
            return false;
        // In quotes when it does not begin with the working directory.
        parsed.Name = last.Length > 2 && last[0] == (byte)'\'' && last[^1] == (byte)'\'' ? last[1..^1] : last;
        return true;
    }

    private bool TryReadMember(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        const int LongestMember = 8;
        var name = line[columns[0]];
        if (columns.Length == 1)
        {
            if (_section != Section.Members || name.Length > LongestMember)
                return false;
        }
        else if (_section is Section.None or Section.Members
            && columns.Length >= 5
            && line[columns[1]] is [_, _, (byte)'.', _, _]
            && ListDate.TryParseNumbers(line[columns[2]], out _, out _, out _)
            && ListDate.TryParseNumbers(line[columns[3]], out var year, out var month, out var day)
            && ListDate.At(clock, year, month, day, line[columns[4]]) is { } changed)
        {
            parsed.Modified = changed;
            if (columns.Length == 9)
                parsed.Owner = line[columns[8]];
        }
        else
        {
            return false;
        }

        parsed.Kind = RemoteKind.File;
        parsed.Name = name;
        return true;
    }

    /// <summary>Name, size and place in the library, both in six hexadecimal digits; the size is that in storage.</summary>
    private bool TryReadModule(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        if (columns.Length < 4 || _section is not (Section.None or Section.Modules) || !IsHexadecimal(line[columns[1]]) || !IsHexadecimal(line[columns[2]]))
            return false;
        parsed.Kind = RemoteKind.File;
        parsed.Name = line[columns[0]];
        return true;
    }

    private bool TryReadJob(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        if (columns.Length < 4 || _section is not (Section.None or Section.Jobs) || !IsJobId(line[columns[1]]))
            return false;
        // With the older interface the owner is not shown.
        var status = line[columns[2]];
        if (!IsStatus(status))
        {
            if (!IsStatus(line[columns[3]]))
                return false;
            parsed.Owner = status;
        }

        parsed.Kind = RemoteKind.File;
        parsed.Name = line[columns[1]];
        return true;
    }

    private static bool IsReferred(ReadOnlySpan<byte> text) => text is [_, _, _, _, (byte)'/', _, _, (byte)'/', _, _] && AsciiNumber.IsDigits(text[..4]);

    private static bool IsOrganisation(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("PS"u8) || text.SequenceEqual("PO"u8) || text.SequenceEqual("PO-E"u8) || text.SequenceEqual("PS-E"u8) || text.SequenceEqual("PSU"u8)
        || text.SequenceEqual("POU"u8) || text.SequenceEqual("DA"u8) || text.SequenceEqual("VS"u8) || text.SequenceEqual("IS"u8) || text.SequenceEqual("PS-L"u8);

    private static bool IsHexadecimal(ReadOnlySpan<byte> text)
    {
        if (text.Length != 6)
            return false;
        foreach (var b in text)
        {
            if (!char.IsAsciiHexDigitUpper((char)b))
                return false;
        }

        return true;
    }

    private static bool IsJobId(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyInRange((byte)'0', (byte)'9');
        return digits is 1 or 3 && text.Length is >= 5 and <= 8 && AsciiNumber.IsDigits(text[digits..])
            && (text[0] is (byte)'J' or (byte)'S' or (byte)'T');
    }

    private static bool IsStatus(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("INPUT"u8) || text.SequenceEqual("ACTIVE"u8) || text.SequenceEqual("OUTPUT"u8) || text.SequenceEqual("HELD"u8);
}
