using System.Text;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// Reads the lines of one LIST. The format is the server's own (RFC 959 section 4.1.3): each known one is tried, the one that fitted
/// last first. Lines are given in their order: in some formats one depends on those before it. Not thread-safe; one per listing.
/// </summary>
public sealed class ListLineParser
{
    private readonly NameCodec _codec;
    private readonly TimeProvider _time;
    private readonly TimeSpan _serverUtcOffset;
    private readonly RepeatedText _owner;
    private readonly RepeatedText _group;
    private IListFormat _format = UnixListFormat.Instance;

    /// <summary>All formats, the stricter before the looser; made when the first line comes that is not like <c>ls -l</c>.</summary>
    private IListFormat[]? _formats;

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
    /// The entry; null for <c>.</c> and <c>..</c>. A size that is negative, does not fit or is shown in other units than bytes is null. The time's precision is a day, a minute
    /// or a second, as the line shows it.
    /// </param>
    /// <returns>
    /// False when the line is no entry: a headline (<c>total 12</c>), an older version of a file, an unknown format, or a name that no file can have (<c>/</c> or NUL in it).
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
            UniqueId = parsed.UniqueId.IsEmpty ? null : Encoding.Latin1.GetString(parsed.UniqueId),
        };
        return true;
    }

    private bool TryParseFormat(ReadOnlySpan<byte> line, ref ListLine parsed)
    {
        var clock = new ServerClock(_time.GetUtcNow(), _serverUtcOffset);
        var meaning = _format.Read(line, clock, ref parsed);
        if (meaning != ListLineMeaning.Foreign)
            return meaning == ListLineMeaning.Entry;
        foreach (var format in _formats ??= MakeFormats())
        {
            if (format == _format)
                continue;
            parsed = default;
            meaning = format.Read(line, clock, ref parsed);
            if (meaning == ListLineMeaning.Foreign)
                continue;
            _format = format;
            return meaning == ListLineMeaning.Entry;
        }

        return false;
    }

    private static IListFormat[] MakeFormats() =>
    [
        UnixListFormat.Instance,
        DosListFormat.Instance,
        new EplfListFormat(),
        new NetWareListFormat(),
        new VmsListFormat(),
        new TandemListFormat(),
        new ZosListFormat(),
        new Os400ListFormat(),
        new CmsListFormat(),
        new NumericListFormat(),
        new SizeFirstListFormat(),
        new Os9ListFormat(),
        new ConnectEnterpriseListFormat(),
        new NameFirstListFormat(),
    ];
}
