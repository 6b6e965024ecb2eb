using System.Globalization;
using System.Text;
using FtpMount.Remote;

namespace FtpMount.Vfs.Queue;

/// <summary>Names of the server as names on this machine's disk.</summary>
internal static class LocalNames
{
    /// <summary>Where a file of the server is put below a folder: at its path from the mounted folder on, or its whole path when it lies outside. Bytes that are no text become <c>%E9</c>.</summary>
    public static string Below(string directory, RemotePath path, RemotePath root)
    {
        var relative = path.IsAtOrBelow(root) && !root.IsRoot ? path.Value[root.Value.Length..] : path.Value;
        return System.IO.Path.Combine([directory, .. relative.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Readable)]);
    }

    /// <summary>A lone surrogate stands for a byte that is not text in the server's charset (<see cref="NameCodec"/>); .NET would make U+FFFD of each, and one name of two.</summary>
    private static string Readable(string name)
    {
        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
                text.Append(name[i]).Append(name[++i]);
            else if (char.IsSurrogate(name[i]))
                text.Append(CultureInfo.InvariantCulture, $"%{name[i] & 0xFF:X2}");
            else
                text.Append(name[i]);
        }

        return text.ToString();
    }
}
