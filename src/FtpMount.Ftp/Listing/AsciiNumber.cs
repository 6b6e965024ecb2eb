using System.Buffers.Text;

namespace FtpMount.Ftp.Listing;

/// <summary>Numbers in listings: digits only, without signs, spaces or separators, the whole text or nothing.</summary>
internal static class AsciiNumber
{
    /// <summary>Whether the text is one digit or more.</summary>
    public static bool IsDigits(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    /// <summary>Parses one to nine digits.</summary>
    public static bool TryParseDigits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        if (text.Length is 0 or > 9)
            return false;
        foreach (var b in text)
        {
            var digit = b - '0';
            if ((uint)digit > 9)
                return false;
            value = (value * 10) + digit;
        }

        return true;
    }

    /// <summary>Parses digits; null when there are others or the value does not fit: an absurd size is an unknown size.</summary>
    public static long? ParseLong(ReadOnlySpan<byte> text) =>
        IsDigits(text) && Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : null;

    /// <summary>Parses digits; null when there are others or the value does not fit.</summary>
    public static uint? ParseUInt(ReadOnlySpan<byte> text) => ParseLong(text) is { } value && value <= uint.MaxValue ? (uint)value : null;

    /// <summary>Octal permission bits; what lies above them (the kind, as stat(2) has it) is dropped. Null when it is no octal number.</summary>
    public static int? ParseMode(ReadOnlySpan<byte> text)
    {
        if (text.Length is 0 or > 10)
            return null;
        var mode = 0;
        foreach (var b in text)
        {
            if (b is < (byte)'0' or > (byte)'7')
                return null;
            mode = (mode << 3) | (b - '0');
        }

        return mode & 0xFFF;
    }
}
