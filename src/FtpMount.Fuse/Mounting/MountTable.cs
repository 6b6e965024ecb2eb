using System.Text;

namespace FtpMount.Fuse.Mounting;

/// <summary>
/// What is mounted where in this process's namespace, from <c>/proc/self/mountinfo</c> (proc_pid_mountinfo(5)). The only way to look at a mount without
/// touching it: any call on the mount point itself may wait for the very process that asks.
/// </summary>
public sealed class MountTable
{
    private MountTable(IReadOnlyList<MountTableEntry> entries) => Entries = entries;

    /// <summary>All mounts, oldest first; of those at one path the last is the one that is seen.</summary>
    public IReadOnlyList<MountTableEntry> Entries { get; }

    /// <summary>Reads the mounts that this process sees.</summary>
    public static MountTable Read() => Parse(Encoding.Latin1.GetString(File.ReadAllBytes("/proc/self/mountinfo")));

    /// <summary>Parses the text of a mountinfo file; lines of another form are left out.</summary>
    /// <param name="text">The text, one char for each byte: the names in it need not be UTF-8.</param>
    public static MountTable Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var entries = new List<MountTableEntry>();
        foreach (var line in text.Split('\n'))
        {
            if (TryParseLine(line, out var entry))
                entries.Add(entry!);
        }

        return new MountTable(entries);
    }

    /// <summary>The mount that is seen at exactly this path, or null.</summary>
    /// <param name="mountPoint">An absolute path without symbolic links.</param>
    public MountTableEntry? At(string mountPoint) => Entries.LastOrDefault(entry => entry.MountPoint == mountPoint);

    private static bool TryParseLine(string line, out MountTableEntry? entry)
    {
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        entry = null;
        var fields = line.Split(' ');
        var hyphen = fields.Length < 7 ? -1 : Array.IndexOf(fields, "-", 6);
        if (hyphen < 0 || hyphen + 3 >= fields.Length)
            return false;
        entry = new MountTableEntry(fields[2], Unescape(fields[4]), Unescape(fields[hyphen + 1]), Unescape(fields[hyphen + 2]), fields[5], Unescape(fields[hyphen + 3]));
        return true;
    }

    /// <summary>Space, tab, newline and backslash are written as three octal digits after a backslash.</summary>
    private static string Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                bytes.Add((byte)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.Add((byte)text[i]);
            }
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
