using System.Text;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>A path as the kernel takes it: bytes, in no charset, ended by a NUL.</summary>
public readonly struct FilePath
{
    private readonly byte[]? _terminated;

    private FilePath(byte[] terminated) => _terminated = terminated;

    /// <summary>The bytes with the NUL, for a system call.</summary>
    public ReadOnlySpan<byte> Terminated => _terminated ?? [0];

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => Terminated[..^1];

    /// <summary>The path of these bytes.</summary>
    public static FilePath FromBytes(ReadOnlySpan<byte> bytes)
    {
        byte[] terminated = new byte[bytes.Length + 1];
        bytes.CopyTo(terminated);
        return new FilePath(terminated);
    }

    /// <summary>The path of this text in UTF-8.</summary>
    public static implicit operator FilePath(string path) => FromBytes(Encoding.UTF8.GetBytes(path));

    /// <summary>The entry of a directory.</summary>
    public static FilePath operator /(FilePath directory, FilePath name) => FromBytes([.. directory.Bytes, (byte)'/', .. name.Bytes]);

    /// <summary>The path with something added at its end, such as a slash.</summary>
    public static FilePath operator +(FilePath path, string suffix) => FromBytes([.. path.Bytes, .. Encoding.UTF8.GetBytes(suffix)]);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (Rune rune in Encoding.UTF8.GetString(Bytes).EnumerateRunes())
        {
            if (rune.Value < ' ' || rune == Rune.ReplacementChar)
                text.Append('?');
            else
                text.Append(rune);
        }
        return text.ToString();
    }
}
