using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The output of <c>ls -l</c>, as most servers give it:
/// <code>
/// -rwsr-xr-x+  1 owner group     1234 Jan 31 23:59 name
/// lrwxrwxrwx   1 0     0            6 Dec 31  2020 name -> target
/// crw-rw----   1 root  dialout 4,  64 2020-12-31 23:59 name
/// </code>
/// The columns before the date vary (no link count, no group, groups with spaces), so the date (<see cref="UnixListDate"/>) is what is looked for: the first one that
/// follows a number. After the date comes one space, and then the name with all its spaces.
/// </summary>
internal sealed class UnixListFormat : IListFormat
{
    /// <summary>Shared: it remembers nothing.</summary>
    public static readonly UnixListFormat Instance = new();

    private const int PermissionsLength = 10;

    /// <summary>Permissions, links, owner, group, size and its two parts for devices, with room for spaces in names of groups.</summary>
    private const int MostColumns = 12;

    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (!TryParsePermissions(line, out var kind, out var mode, out var isDevice))
            return line.StartsWith("total "u8) && AsciiNumber.IsDigits(line["total "u8.Length..]) ? ListLineMeaning.Nothing : ListLineMeaning.Foreign;
        var position = PermissionsLength;
        // An ACL, a SELinux context, extended attributes.
        if (position < line.Length && line[position] is (byte)'+' or (byte)'.' or (byte)'@')
            position++;
        // A link count of three digits leaves no space.
        if (position >= line.Length || (line[position] != (byte)' ' && !char.IsAsciiDigit((char)line[position])))
            return ListLineMeaning.Foreign;

        parsed.Kind = kind;
        parsed.Mode = mode;
        Span<Range> columns = stackalloc Range[MostColumns];
        var count = 0;
        while (count < MostColumns && ListColumns.TryTake(line, ref position, out var column))
        {
            if (count > 0
                && IsSize(line[columns[count - 1]])
                && UnixListDate.TryParse(line, column.Start.Value, clock, out var modified, out var nameStart))
            {
                parsed.Modified = modified;
                parsed.Size = isDevice ? null : AsciiNumber.ParseLong(line[columns[count - 1]]);
                SetOwner(line, columns[..count], ref parsed);
                SetName(line[nameStart..], ref parsed);
                return ListLineMeaning.Entry;
            }

            columns[count++] = column;
        }

        return TryReadCrowded(line, columns[..count], clock, ref parsed) || TryReadDateless(line, columns[..count], ref parsed)
            ? ListLineMeaning.Entry
            : ListLineMeaning.Foreign;
    }

    /// <summary>A size that is rounded (<c>33.5k</c>) or that runs into the group (<c>longgroup123456</c>), before a date. Neither tells the length of the file.</summary>
    private static bool TryReadCrowded(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ServerClock clock, ref ListLine parsed)
    {
        for (var i = 1; i < columns.Length; i++)
        {
            var size = line[columns[i - 1]];
            var isRounded = size[^1] is (byte)'k' or (byte)'K' or (byte)'M' or (byte)'G' && char.IsAsciiDigit((char)size[0]);
            if ((isRounded || char.IsAsciiDigit((char)size[^1]))
                && UnixListDate.TryParse(line, columns[i].Start.Value, clock, out var modified, out var nameStart)
                && modified is not null)
            {
                parsed.Modified = modified;
                if (isRounded)
                    SetOwner(line, columns[..i], ref parsed);
                SetName(line[nameStart..], ref parsed);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Links, owner, group, size and name without a date, of uClinux and of measuring instruments. What could be a date that is not understood is no such line: half of the
    /// date would be taken for a part of the name.
    /// </summary>
    private static bool TryReadDateless(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        const int Columns = 4;
        if (columns.Length <= Columns || !AsciiNumber.IsDigits(line[columns[0]]) || !AsciiNumber.IsDigits(line[columns[3]]))
            return false;
        foreach (var column in columns[Columns..])
        {
            var text = line[column];
            var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (text.Contains((byte)':') || (digits < 0 && text.Length is 1 or 2 or 4) || (digits > 0 && text[digits] >= 0x80))
                return false;
        }

        parsed.Size = AsciiNumber.ParseLong(line[columns[3]]);
        SetOwner(line, columns[..Columns], ref parsed);
        SetName(line[columns[Columns].Start.Value..], ref parsed);
        return true;
    }

    private static bool TryParsePermissions(ReadOnlySpan<byte> line, out RemoteKind kind, out int mode, out bool isDevice)
    {
        kind = RemoteKind.Other;
        mode = 0;
        isDevice = false;
        if (line.Length < PermissionsLength)
            return false;
        switch (line[0])
        {
            case (byte)'-' or (byte)'C': // contiguous file
                kind = RemoteKind.File;
                break;
            case (byte)'d':
                kind = RemoteKind.Directory;
                break;
            case (byte)'l':
                kind = RemoteKind.Symlink;
                break;
            case (byte)'b' or (byte)'c':
                isDevice = true;
                break;
            case (byte)'p' or (byte)'s' or (byte)'D' or (byte)'P' or (byte)'n' or (byte)'m' or (byte)'w':
                break;
            default:
                return false;
        }

        for (var shift = 6; shift >= 0; shift -= 3)
        {
            var triple = line.Slice(7 - shift, 3);
            if (triple[0] is not ((byte)'r' or (byte)'-') || triple[1] is not ((byte)'w' or (byte)'-'))
                return false;
            if (triple[0] == (byte)'r')
                mode |= 4 << shift;
            if (triple[1] == (byte)'w')
                mode |= 2 << shift;
            // Set-user-id, set-group-id and sticky are shown in the place of the x they stand above; L and l: mandatory locking.
            var special = shift switch { 6 => 0x800, 3 => 0x400, _ => 0x200 };
            switch (triple[2])
            {
                case (byte)'-':
                    break;
                case (byte)'x':
                    mode |= 1 << shift;
                    break;
                case (byte)'s' when shift > 0:
                case (byte)'t' when shift == 0:
                    mode |= special | (1 << shift);
                    break;
                case (byte)'S' or (byte)'l' or (byte)'L' when shift > 0:
                case (byte)'T' when shift == 0:
                    mode |= special;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>A size, a device number, or a size that overflowed on the server and became negative.</summary>
    private static bool IsSize(ReadOnlySpan<byte> column)
    {
        if (column.Length > 1 && column[0] == (byte)'-')
            column = column[1..];
        if (AsciiNumber.IsDigits(column))
            return true;
        var comma = column.IndexOf((byte)',');
        return comma > 0 && AsciiNumber.IsDigits(column[..comma]) && AsciiNumber.IsDigits(column[(comma + 1)..]);
    }

    /// <summary>Owner and group from the columns before the date: <c>[links] [owner [group]] size</c>, where a device has two columns of size.</summary>
    private static void SetOwner(ReadOnlySpan<byte> line, scoped ReadOnlySpan<Range> columns, ref ListLine parsed)
    {
        // NetPresenz shows the sizes of both forks of a file before their sum, and "folder" for a directory.
        if (columns.Length == 3 && AreForks(line[columns[0]], line[columns[1]], line[columns[2]]))
            return;
        columns = columns[..^1];
        if (columns.Length > 0 && line[columns[^1]] is [.., (byte)','])
            columns = columns[..^1]; // the major number of a device
        if (columns.Length > 0 && AsciiNumber.IsDigits(line[columns[0]]))
            columns = columns[1..];
        if (columns.Length == 1 && line[columns[0]].SequenceEqual("folder"u8))
            return;
        // With more than two, some name has spaces, and nobody can tell which.
        if (columns.Length is not (1 or 2))
            return;
        parsed.Owner = line[columns[0]];
        if (columns.Length == 2)
            parsed.Group = line[columns[1]];
    }

    /// <summary>Whether the third is the sum of the others, and the first is more than any number of links is likely to be.</summary>
    private static bool AreForks(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> sum) =>
        AsciiNumber.TryParseDigits(first, out var one) && AsciiNumber.TryParseDigits(second, out var two) && AsciiNumber.TryParseDigits(sum, out var both)
        && one > 100 && one + two == both;

    /// <summary>
    /// Parts <c>name -> target</c>. Both may hold an arrow: the size of a link is the length of its target, which decides; else the first arrow does.
    /// </summary>
    private static void SetName(ReadOnlySpan<byte> text, ref ListLine parsed)
    {
        parsed.Name = text;
        if (parsed.Kind != RemoteKind.Symlink)
            return;
        var arrow = " -> "u8;
        var first = text.IndexOf(arrow);
        if (first < 0)
            return;
        var at = first;
        if (parsed.Size is { } size && text.Length - size - arrow.Length is > 0 and var exact && exact > first
            && text[(int)exact..].StartsWith(arrow))
        {
            at = (int)exact;
        }

        parsed.Name = text[..at];
        parsed.LinkTarget = text[(at + arrow.Length)..];
    }
}
