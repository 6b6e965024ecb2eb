using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Reads the lines of one LIST. The format is the server's own (RFC 959 section 4.1.3): each known one is tried, the one that fitted
/// last first. Not thread-safe; one per listing.
/// </summary>
public sealed class ListLineParser
{
    // Tried in this order: the stricter before the looser. A new format is a new type in this list.
    private static readonly IListFormat[] Formats = [new UnixListFormat(), new DosListFormat()];

    private readonly NameCodec _codec;
    private readonly TimeProvider _time;
    private readonly TimeSpan _serverUtcOffset;
    private readonly RepeatedText _owner;
    private readonly RepeatedText _group;
    private IListFormat _format = Formats[0];

    /// <summary>Creates a parser.</summary>
    /// <param name="codec">The charset of names.</param>
    /// <param name="time">Tells the present year, which listings leave out.</param>
    /// <param name="serverUtcOffset">What the server's wall clock shows in listings minus UTC.</param>
    public ListLineParser(NameCodec codec, TimeProvider time, TimeSpan serverUtcOffset)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(time);
        _codec = codec;
        _time = time;
        _serverUtcOffset = serverUtcOffset;
        _owner = new RepeatedText(codec);
        _group = new RepeatedText(codec);
    }

    /// <summary>Reads one line, without its line end. Never throws, whatever the bytes.</summary>
    /// <param name="line">The line.</param>
    /// <param name="entry">
    /// The entry; null for <c>.</c> and <c>..</c>. A size that is negative or does not fit is null. The time's precision is a day, a minute
    /// or a second, as the line shows it.
    /// </param>
    /// <returns>
    /// False when the line is no entry: a headline (<c>total 12</c>), an unknown format, or a name that no file can have (<c>/</c> or NUL in it).
    /// </returns>
    public bool TryParse(ReadOnlySpan<byte> line, out RemoteEntry? entry)
    {
        entry = null;
        var parsed = default(ListLine);
        if (!TryParseFormat(line, ref parsed))
            return false;
        if (parsed.Name.SequenceEqual("."u8) || parsed.Name.SequenceEqual(".."u8))
            return true;

        var name = _codec.Decode(parsed.Name);
        if (!RemotePath.IsValidName(name))
            return false;
        var userId = AsciiNumber.ParseUInt(parsed.Owner);
        var groupId = AsciiNumber.ParseUInt(parsed.Group);
        entry = new RemoteEntry
        {
            Name = name,
            Kind = parsed.Kind,
            Size = parsed.Size,
            Modified = parsed.Modified,
            Mode = parsed.Mode,
            UserId = userId,
            GroupId = groupId,
            Owner = userId is null ? _owner.Decode(parsed.Owner) : null,
            Group = groupId is null ? _group.Decode(parsed.Group) : null,
            LinkTarget = LinkTargetText.Decode(parsed.LinkTarget, _codec),
        };
        return true;
    }

    private bool TryParseFormat(ReadOnlySpan<byte> line, ref ListLine parsed)
    {
        var clock = new ServerClock(_time.GetUtcNow(), _serverUtcOffset);
        if (_format.TryParse(line, clock, ref parsed))
            return true;
        foreach (var format in Formats)
        {
            if (format == _format)
                continue;
            parsed = default;
            if (format.TryParse(line, clock, ref parsed))
            {
                _format = format;
                return true;
            }
        }

        return false;
    }
}
