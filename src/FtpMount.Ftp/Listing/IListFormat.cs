namespace FtpMount.Ftp.Listing;

/// <summary>
/// One of the formats of LIST in the wild (RFC 959 leaves it to the server). It is strict: a line that does not fit entirely belongs to another format. A format
/// in which a line depends on those before it (headlines, names over two lines) remembers them; an instance belongs to one listing then.
/// </summary>
internal interface IListFormat
{
    /// <summary>Reads one line, without its line end. The name is not judged here.</summary>
    ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed);
}
