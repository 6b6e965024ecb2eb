namespace FtpMount.Ftp.Listing;

/// <summary>
/// One of the formats of LIST in the wild (RFC 959 leaves it to the server). Stateless. It is strict: a line that does not fit entirely
/// belongs to another format.
/// </summary>
internal interface IListFormat
{
    /// <summary>Reads one line, without its line end. The name is not judged here.</summary>
    bool TryParse(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed);
}
