using System.Text;

namespace FtpMount.Service.Secrets;

/// <summary>
/// The netrc file of ftp(1): <c>machine NAME login USER password SECRET account ACCOUNT</c>, <c>default ...</c>, <c>macdef NAME</c> up to an empty line.
/// White space separates; as in curl a value may stand in double quotes with backslash escapes, and a line that begins with <c>#</c> is a comment.
/// </summary>
public sealed class Netrc
{
    private Netrc(IReadOnlyList<NetrcEntry> entries) => Entries = entries;

    /// <summary>The entries in their order.</summary>
    public IReadOnlyList<NetrcEntry> Entries { get; }

    /// <summary>Parses the text of a netrc file. Words that mean nothing are skipped, as ftp(1) does.</summary>
    public static Netrc Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<NetrcEntry>();
        NetrcEntry? current = null;
        var position = 0;
        while (NextWord(text, ref position) is { } word)
        {
            switch (word)
            {
                case "machine" or "default":
                    if (current is not null)
                        entries.Add(current);
                    current = new NetrcEntry(word == "machine" ? NextWord(text, ref position) ?? "" : null, null, null, null);
                    break;
                case "login":
                    current = current is null ? null : current with { Login = NextWord(text, ref position) };
                    break;
                case "password":
                    current = current is null ? null : current with { Password = NextWord(text, ref position) };
                    break;
                case "account":
                    current = current is null ? null : current with { Account = NextWord(text, ref position) };
                    break;
                case "macdef":
                    SkipMacro(text, ref position);
                    break;
                default:
                    break;
            }
        }

        if (current is not null)
            entries.Add(current);
        return new Netrc(entries);
    }

    /// <summary>
    /// The first entry for a host: its name must be equal but for case, and when <paramref name="user"/> is given its login must be the same or absent.
    /// A <c>default</c> fits every host, wherever it stands it is the last choice.
    /// </summary>
    public NetrcEntry? Find(string host, string? user)
    {
        bool Fits(NetrcEntry entry) => user is null || entry.Login is null || entry.Login == user;
        return Entries.FirstOrDefault(e => e.Machine is not null && e.Machine.Equals(host, StringComparison.OrdinalIgnoreCase) && Fits(e))
            ?? Entries.FirstOrDefault(e => e.Machine is null && Fits(e));
    }

    private static string? NextWord(string text, ref int position)
    {
        while (true)
        {
            while (position < text.Length && char.IsWhiteSpace(text[position]))
                position++;
            if (position >= text.Length)
                return null;
            if (text[position] != '#' || !IsFirstOfLine(text, position))
                break;
            var end = text.IndexOf('\n', position);
            position = end < 0 ? text.Length : end;
        }

        if (text[position] == '"')
            return QuotedWord(text, ref position);
        var start = position;
        while (position < text.Length && !char.IsWhiteSpace(text[position]))
            position++;
        return text[start..position];
    }

    private static string QuotedWord(string text, ref int position)
    {
        var word = new StringBuilder();
        for (position++; position < text.Length; position++)
        {
            var c = text[position];
            if (c == '"')
            {
                position++;
                break;
            }

            if (c == '\\' && position + 1 < text.Length)
                c = text[++position] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other };
            word.Append(c);
        }

        return word.ToString();
    }

    /// <summary>The macro's name and body end at the first empty line.</summary>
    private static void SkipMacro(string text, ref int position)
    {
        while (position < text.Length)
        {
            var end = text.IndexOf('\n', position);
            var line = end < 0 ? text[position..] : text[position..end];
            position = end < 0 ? text.Length : end + 1;
            if (line.Trim().Length == 0)
                return;
        }
    }

    private static bool IsFirstOfLine(string text, int position)
    {
        while (position > 0 && text[position - 1] is ' ' or '\t')
            position--;
        return position == 0 || text[position - 1] == '\n';
    }
}
