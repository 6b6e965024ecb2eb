using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// EPLF, Easily Parsed LIST Format (cr.yp.to/ftp/list/eplf.html), of anonftpd and publicfile:
/// <code>
/// +i8388621.48594,m825718503,r,s280,up644,&lt;tab>name
/// </code>
/// Facts end with commas: <c>i</c> identity, <c>m</c> seconds since 1970 in UTC, <c>/</c> a directory to CWD into, <c>r</c> a file to RETR, <c>s</c> bytes, <c>up</c>
/// permissions. The name begins after the first tab.
/// </summary>
internal sealed class EplfListFormat : IListFormat
{
    /// <inheritdoc/>
    public ListLineMeaning Read(ReadOnlySpan<byte> line, ServerClock clock, ref ListLine parsed)
    {
        if (line.IsEmpty || line[0] != (byte)'+')
            return ListLineMeaning.Foreign;
        var tab = line.IndexOf((byte)'\t');
        if (tab < 0 || tab + 1 == line.Length)
            return ListLineMeaning.Foreign;
        parsed.Name = line[(tab + 1)..];
        parsed.Kind = RemoteKind.Other;
        var facts = line[1..tab];
        while (!facts.IsEmpty)
        {
            var comma = facts.IndexOf((byte)',');
            var fact = comma < 0 ? facts : facts[..comma];
            facts = comma < 0 ? [] : facts[(comma + 1)..];
            if (fact.IsEmpty)
                continue;
            var value = fact[1..];
            switch (fact[0])
            {
                case (byte)'/':
                    parsed.Kind = RemoteKind.Directory;
                    break;
                case (byte)'r' when parsed.Kind == RemoteKind.Other:
                    parsed.Kind = RemoteKind.File;
                    break;
                case (byte)'s':
                    parsed.Size = AsciiNumber.ParseLong(value);
                    break;
                case (byte)'m':
                    parsed.Modified = FromUnixTime(value);
                    break;
                case (byte)'i':
                    parsed.UniqueId = value;
                    break;
                case (byte)'u' when value.Length > 1 && value[0] == (byte)'p':
                    parsed.Mode = AsciiNumber.ParseMode(value[1..]);
                    break;
            }
        }

        return ListLineMeaning.Entry;
    }

    /// <summary>Seconds since 1970, or null when there is no such time.</summary>
    internal static RemoteTime? FromUnixTime(ReadOnlySpan<byte> text) =>
        AsciiNumber.ParseLong(text) is { } seconds
        && seconds <= (DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond
            ? new RemoteTime(DateTimeOffset.FromUnixTimeSeconds(seconds), ListDate.Second)
            : null;
}
