using System.Text;

namespace FtpMount.Sftp.Configuration;

/// <summary>One line of a configuration file: a keyword and its arguments, split as OpenSSH does (quotes, backslashes, <c>=</c>, comments).</summary>
/// <param name="Keyword">In lower case.</param>
/// <param name="Arguments">Without quotes.</param>
/// <param name="Origin">File and line, for messages.</param>
internal sealed record SshConfigLine(string Keyword, IReadOnlyList<string> Arguments, string Origin)
{
    /// <summary>Parses a line.</summary>
    /// <returns>Null for an empty line or a comment.</returns>
    /// <exception cref="SshConfigException">A quote is not closed, or there is no argument.</exception>
    public static SshConfigLine? Parse(string line, string origin)
    {
        var text = line.AsSpan().Trim(" \t\r\f");
        if (text.IsEmpty || text[0] == '#')
            return null;
        var end = text.IndexOfAny(" \t=");
        if (end < 0)
            throw new SshConfigException(origin, $"{text} has no argument");
        var keyword = text[..end].ToString().ToLowerInvariant();
        var rest = text[end..].TrimStart(" \t");
        if (rest is ['=', ..])
            rest = rest[1..].TrimStart(" \t");
        var arguments = Split(rest, origin);
        return arguments.Count > 0 ? new SshConfigLine(keyword, arguments, origin) : throw new SshConfigException(origin, $"{keyword} has no argument");
    }

    /// <summary>Splits arguments.</summary>
    private static List<string> Split(ReadOnlySpan<char> text, string origin)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] is ' ' or '\t')
            {
                i++;
                continue;
            }

            if (text[i] == '#')
                break;
            word.Clear();
            var quote = '\0';
            for (; i < text.Length; i++)
            {
                var c = text[i];
                // A backslash protects a quote, a backslash and, outside of quotes, a space; before anything else it is itself.
                if (c == '\\' && i + 1 < text.Length && (text[i + 1] is '\'' or '"' or '\\' || (quote == '\0' && text[i + 1] == ' ')))
                    word.Append(text[++i]);
                else if (quote == '\0' && c is ' ' or '\t' && quote == '\0')
                    break;
                else if (quote == '\0' && c is '"' or '\'' && quote == '\0')
                    quote = c;
                else if (quote != '\0' && c == quote)
                    quote = '\0';
                else
                    word.Append(c);
            }

            if (quote != '\0')
                throw new SshConfigException(origin, "a quote is not closed");
            words.Add(word.ToString());
        }

        return words;
    }
}
