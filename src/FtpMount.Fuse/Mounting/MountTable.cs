using System.Text;

namespace FtpMount.Fuse.Mounting;

/// <summary>
/// The mounts of this process's namespace, from <c>/proc/self/mountinfo</c> (proc(5)). The only way to look at a mount without
/// touching it: any call on the mount point itself may wait for the very process that asks.
/// </summary>
internal static class MountTable
{
    private const string File = "/proc/self/mountinfo";

    /// <summary>What is mounted at a path, the topmost; null when nothing is.</summary>
    /// <param name="path">An absolute path without symbolic links.</param>
    public static MountTableEntry? Find(string path)
    {
        MountTableEntry? found = null;

        // Read as bytes: names in it need not be UTF-8.
        foreach (var line in Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(File)).Split('\n'))
        {
            if (TryParse(line, out var entry) && entry!.MountPoint == path)
                found = entry;
        }

        return found;
    }

    /// <summary>Parses a line; names are unescaped. False when it is none.</summary>
    /// <param name="line">The line, one char for each byte.</param>
    /// <param name="entry">The entry.</param>
    public static bool TryParse(string line, out MountTableEntry? entry)
    {
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        entry = null;
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-");
        if (separator < 6 || fields.Length < separator + 3)
            return false;
        entry = new MountTableEntry(fields[2], Unescape(fields[4]), Unescape(fields[separator + 1]), Unescape(fields[separator + 2]));
        return true;
    }

    /// <summary>Space, tab, newline and backslash are written as three octal digits after a backslash.</summary>
    private static string Unescape(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) && IsOctal(text[i + 3]))
            {
                bytes.Add((byte)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.Add((byte)text[i]);
            }
        }

        return Encoding.UTF8.GetString(bytes.ToArray());

        static bool IsOctal(char c) => c is >= '0' and <= '7';
    }
}
