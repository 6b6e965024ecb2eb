namespace FtpMount.Ftp.Tests.Fuzz;

/// <summary>
/// Turns real input into input that is nearly real: one to eight small changes, mostly of the kind that a parser is likely to stumble over.
/// The same seed gives the same inputs.
/// </summary>
internal sealed class Mutator(byte[][] corpus, int seed)
{
    /// <summary>Bounds the growth by repetition.</summary>
    private const int LongestInput = 64 * 1024;

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            " ", "  ", ";", "; ", "=", "\"", "\"\"", "(", ")", "|", "|||", ",", ".", "..", "/", "../", "./", " -> ", "\r", "\n", "\r\n", "\0", "\t", "-", "+", ":", "<DIR>",
            "220 ", "220-", "226 ", "999", "000", "0", "-1", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999999", "0x10", "1e9", "Jan", "Feb 29", "Dec 31 23:59",
            "24:00", "23:60", "0000", "9999", "10000101000000", "type=", "size=", "modify=", "OS.unix=slink:", "perm=", "UNIX.mode=", "total ", "%s%n", "\u001b[2J",
        }.Select(System.Text.Encoding.ASCII.GetBytes),
        [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF], [0xE2, 0x80, 0xA8], [0x81], [0x87, 0x54],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next input.</summary>
    public byte[] Next()
    {
        var input = new List<byte>(Pick(corpus));
        for (var changes = _random.Next(1, 9); changes > 0; changes--)
            Change(input);
        return [.. input];
    }

    private void Change(List<byte> input)
    {
        var at = _random.Next(input.Count + 1);
        var length = Math.Min(_random.Next(1, 1 << _random.Next(1, 6)), input.Count - at);
        switch (_random.Next(10))
        {
            case 0 when at < input.Count:
                input[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < input.Count:
                input[at] = (byte)_random.Next(256);
                break;
            case 2:
                input.Insert(at, (byte)_random.Next(256));
                break;
            case 3:
                input.RemoveRange(at, length);
                break;
            case 4:
                input.InsertRange(_random.Next(input.Count + 1), input.GetRange(at, length));
                break;
            case 5:
                input.RemoveRange(at, input.Count - at);
                break;
            case 6:
                var other = Pick(corpus);
                var from = _random.Next(other.Length + 1);
                input.RemoveRange(at, input.Count - at);
                input.AddRange(other[from..]);
                break;
            case 7 when length > 0:
                var part = input.GetRange(at, length);
                for (var times = 1 << _random.Next(9); times > 0 && input.Count + length <= LongestInput; times--)
                    input.InsertRange(at, part);
                break;
            case 8:
                input.RemoveRange(at, length);
                input.InsertRange(at, Pick(Tokens));
                break;
            default:
                input.InsertRange(at, Pick(Tokens));
                break;
        }
    }

    private byte[] Pick(byte[][] from) => from[_random.Next(from.Length)];
}
