using System.Globalization;
using System.Text;

namespace FtpMount.Ftp.Tests.Fuzz;

/// <summary>Real input of real servers, one per line of an embedded file, with <c>\\ \r \n \xHH</c> as escapes.</summary>
internal static class FuzzCorpus
{
    /// <summary>Reads <c>Corpus/name.txt</c>.</summary>
    public static byte[][] Load(string name)
    {
        using var stream = typeof(FuzzCorpus).Assembly.GetManifestResourceStream($"Fuzz/{name}.txt")
            ?? throw new InvalidOperationException($"There is no corpus {name}.");
        using var reader = new StreamReader(stream);
        var entries = new List<byte[]>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && !line.StartsWith('#'))
                entries.Add(Unescape(line));
        }

        return [.. entries];
    }

    /// <summary>The input as one line that can be added to a corpus.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            _ = b switch
            {
                (byte)'\\' => text.Append("\\\\"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\n' => text.Append("\\n"),
                >= 0x20 and < 0x7F => text.Append((char)b),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}"),
            };
        }

        return text.ToString();
    }

    /// <summary>The bytes of an escaped line.</summary>
    public static byte[] Unescape(string line)
    {
        var bytes = new List<byte>(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                var length = char.IsHighSurrogate(line[i]) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(line.Substring(i, length)));
                i += length - 1;
                continue;
            }

            switch (line[++i])
            {
                case 'r':
                    bytes.Add((byte)'\r');
                    break;
                case 'n':
                    bytes.Add((byte)'\n');
                    break;
                case 'x':
                    bytes.Add(byte.Parse(line.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                default:
                    bytes.Add((byte)line[i]);
                    break;
            }
        }

        return [.. bytes];
    }
}
