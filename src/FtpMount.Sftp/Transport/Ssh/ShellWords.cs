using System.Text;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>Splits a command as a shell does: at blanks, with single quotes, double quotes and backslashes. Nothing is expanded.</summary>
public static class ShellWords
{
    /// <summary>The words.</summary>
    /// <exception cref="FormatException">A quote is not closed, or a backslash ends the text.</exception>
    public static List<string> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new List<string>();
        var word = new StringBuilder();
        var isWord = false;
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quote == '\'' && c != '\'')
            {
                word.Append(c);
            }
            else if (c == '\\')
            {
                if (++i == text.Length)
                    throw new FormatException("A backslash stands at the end.");
                // Between double quotes it is an ordinary character unless it protects one of these.
                if (quote == '"' && text[i] is not ('"' or '\\' or '$' or '`'))
                    word.Append('\\');
                word.Append(text[i]);
                isWord = true;
            }
            else if (c == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && c is '\'' or '"' && quote == '\0')
            {
                quote = c;
                isWord = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (isWord)
                    words.Add(word.ToString());
                word.Clear();
                isWord = false;
            }
            else
            {
                word.Append(c);
                isWord = true;
            }
        }

        if (quote != '\0')
            throw new FormatException("A quote is not closed.");
        if (isWord)
            words.Add(word.ToString());
        return words;
    }
}
