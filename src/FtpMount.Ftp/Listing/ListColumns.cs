namespace FtpMount.Ftp.Listing;

/// <summary>The columns of a line: what stands between spaces and tabs.</summary>
internal static class ListColumns
{
    private const byte Space = (byte)' ';
    private const byte Tab = (byte)'\t';

    /// <summary>Splits a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="columns">Where the columns go; when there are more, the first ones.</param>
    /// <returns>How many there are, at most as many as fit.</returns>
    public static int Split(ReadOnlySpan<byte> line, Span<Range> columns)
    {
        var count = 0;
        for (var position = 0; count < columns.Length && TryTake(line, ref position, out var column); count++)
            columns[count] = column;
        return count;
    }

    /// <summary>Takes the next column at or after a position, and moves the position behind it.</summary>
    public static bool TryTake(ReadOnlySpan<byte> line, ref int position, out Range column)
    {
        column = default;
        var blanks = line[position..].IndexOfAnyExcept(Space, Tab);
        if (blanks < 0)
            return false;
        var start = position + blanks;
        var length = line[start..].IndexOfAny(Space, Tab);
        position = length < 0 ? line.Length : start + length;
        column = start..position;
        return true;
    }

    /// <summary>What follows a column, without the blanks in front of it.</summary>
    public static ReadOnlySpan<byte> After(ReadOnlySpan<byte> line, Range column) => line[column.End.Value..].TrimStart(" \t"u8);
}
