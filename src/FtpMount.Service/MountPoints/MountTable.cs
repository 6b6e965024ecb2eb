using System.Text;

namespace FtpMount.Service.MountPoints;

/// <summary>
/// What is mounted where, from <c>/proc/self/mountinfo</c>. Reading it touches no mount, so it works however dead one is.
/// </summary>
public sealed class MountTable
{
    private MountTable(IReadOnlyList<MountInfoEntry> entries) => Entries = entries;

    /// <summary>All mounts, oldest first; of those at one path the last is the one that is seen.</summary>
    public IReadOnlyList<MountInfoEntry> Entries { get; }

    /// <summary>Reads the mounts that this process sees.</summary>
    public static MountTable Read() => Parse(File.ReadAllText("/proc/self/mountinfo"));

    /// <summary>Parses the text of a mountinfo file; lines of another form are left out.</summary>
    public static MountTable Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<MountInfoEntry>();
        foreach (var line in text.Split('\n'))
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
            var fields = line.Split(' ');
            var hyphen = fields.Length < 7 ? -1 : Array.IndexOf(fields, "-", 6);
            if (hyphen < 0 || hyphen + 3 >= fields.Length)
                continue;
            entries.Add(new MountInfoEntry(Unescape(fields[4]), Unescape(fields[hyphen + 1]), Unescape(fields[hyphen + 2]), fields[5], fields[hyphen + 3]));
        }

        return new MountTable(entries);
    }

    /// <summary>The mount that is seen at exactly this canonical path, or null.</summary>
    public MountInfoEntry? At(string mountPoint) => Entries.LastOrDefault(e => e.MountPoint == mountPoint);

    /// <summary>Space, tab, newline and backslash are written as three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
            return field;
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && field.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }

        return text.ToString();
    }
}
