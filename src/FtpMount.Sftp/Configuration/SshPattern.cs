namespace FtpMount.Sftp.Configuration;

/// <summary>Patterns of ssh_config and known_hosts: <c>*</c> stands for any characters, <c>?</c> for one (ssh_config(5), PATTERNS).</summary>
internal static class SshPattern
{
    /// <summary>Whether a text matches a pattern, letter case apart.</summary>
    public static bool Matches(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        int t = 0, p = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || char.ToLowerInvariant(pattern[p]) == char.ToLowerInvariant(text[t])))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].Trim('*').IsEmpty;
    }

    /// <summary>Whether a text matches a list of patterns: at least one, and none that begins with <c>!</c>.</summary>
    public static bool MatchesList(string text, IEnumerable<string> patterns)
    {
        var found = false;
        foreach (var pattern in patterns)
        {
            if (pattern is ['!', .. var negated])
            {
                if (Matches(text, negated))
                    return false;
            }
            else
            {
                found |= Matches(text, pattern);
            }
        }

        return found;
    }
}
