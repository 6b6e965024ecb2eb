using System.Globalization;
using System.Text;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Tests.Fuzz;
using FtpMount.Remote;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Listing;

/// <summary>
/// Lines of listings as servers sent them, with what they mean; <c>Corpus/listings.txt</c> says where each comes from.
/// <code>
/// > a line before, which the next one depends on
/// | a line of LIST          ! a line of MLSD        (\xHH, \r, \n and \\ are escapes)
/// = file size=12 time=2024-02-29T23:59 mode=0644 owner=root name=as it is
/// </code>
/// Facts that are not there are unknown. The time shows its precision: a day, a minute, a second or less. <c>none</c> stands for a line that is no entry, <c>self</c>
/// for the directory itself and its parent.
/// </summary>
internal static class ListingCorpus
{
    /// <summary>When the lines are read: it decides the year of those that show none.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 17, 0, 0, TimeSpan.Zero);

    /// <summary>All lines: the number of the line in the file, those before it, the line itself (with its mark), what it means.</summary>
    public static IReadOnlyList<ListingCase> All { get; } = [.. Read()];

    /// <summary>What the parser makes of a case, as the file has it.</summary>
    public static string Meaning(ListingCase item)
    {
        var line = FuzzCorpus.Unescape(item.Line[2..]);
        if (item.Line[0] == '!')
        {
            if (!MlsxEntryParser.TryParse(line, NameCodec.Utf8, out var parsed))
                return "none";
            return parsed.Type is MlsxType.CurrentDirectory or MlsxType.ParentDirectory ? "self" : Describe(parsed.Entry);
        }

        var parser = new ListLineParser(NameCodec.Utf8, new FakeTimeProvider(Now), TimeSpan.Zero);
        foreach (var before in item.Before)
            _ = parser.TryParse(FuzzCorpus.Unescape(before[2..]), out _);
        if (!parser.TryParse(line, out var entry))
            return "none";
        return entry is null ? "self" : Describe(entry);
    }

    private static string Describe(RemoteEntry entry)
    {
        var text = new StringBuilder(entry.Kind.ToString().ToLowerInvariant());
        Add("size", entry.Size);
        Add("time", entry.Modified is { } time ? Describe(time) : null);
        Add("mode", entry.Mode is { } mode ? "0" + Convert.ToString(mode, 8).PadLeft(3, '0') : null);
        Add("uid", entry.UserId);
        Add("gid", entry.GroupId);
        Add("owner", entry.Owner);
        Add("group", entry.Group);
        Add("unique", entry.UniqueId);
        Add("perm", entry.Permissions?.ToString().Replace(", ", "+", StringComparison.Ordinal));
        Add("target", entry.LinkTarget);
        Add("name", FuzzCorpus.Escape(NameCodec.Utf8.Encode(entry.Name)));
        return text.ToString();

        void Add(string fact, object? value)
        {
            if (value is not null)
                text.Append(CultureInfo.InvariantCulture, $" {fact}={value}");
        }
    }

    private static string Describe(RemoteTime time) => time.Value.UtcDateTime.ToString(
        time.Precision == TimeSpan.FromDays(1) ? "yyyy-MM-dd"
        : time.Precision == TimeSpan.FromMinutes(1) ? "yyyy-MM-ddTHH:mm"
        : time.Precision == TimeSpan.FromSeconds(1) ? "yyyy-MM-ddTHH:mm:ss"
        : "yyyy-MM-ddTHH:mm:ss.fff",
        CultureInfo.InvariantCulture);

    private static IEnumerable<ListingCase> Read()
    {
        using var stream = typeof(ListingCorpus).Assembly.GetManifestResourceStream("Listing/listings.txt")
            ?? throw new InvalidOperationException("The corpus of listings is missing.");
        using var reader = new StreamReader(stream);
        var before = new List<string>();
        string? line = null;
        for (var number = 1; reader.ReadLine() is { } text; number++)
        {
            if (text.Length == 0 || text[0] == '#')
                continue;
            switch (text[0])
            {
                case '>':
                    before.Add(text);
                    break;
                case '|' or '!':
                    line = text;
                    break;
                case '=' when line is not null:
                    yield return new ListingCase(number, [.. before], line, text[2..]);
                    before.Clear();
                    line = null;
                    break;
                default:
                    throw new FormatException($"Line {number} of the corpus of listings makes no sense: {text}");
            }
        }
    }
}
