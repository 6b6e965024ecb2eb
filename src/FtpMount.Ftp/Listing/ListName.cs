namespace FtpMount.Ftp.Listing;

/// <summary>Names as servers put them into listings.</summary>
internal static class ListName
{
    /// <summary>
    /// The name at the end of a path that begins with a slash (OS/400 and NetWare show those); anything else as it is, so that a name with a slash inside is still refused.
    /// </summary>
    public static ReadOnlySpan<byte> LastSegment(ReadOnlySpan<byte> text) =>
        !text.IsEmpty && text[0] == (byte)'/' ? text[(text.LastIndexOf((byte)'/') + 1)..] : text;

    /// <summary>Takes the slash off that marks a directory; false when there is none, or nothing else.</summary>
    public static bool TryTrimSlash(ref ReadOnlySpan<byte> text)
    {
        if (text.Length < 2 || text[^1] != (byte)'/')
            return false;
        text = text[..^1];
        return true;
    }
}
