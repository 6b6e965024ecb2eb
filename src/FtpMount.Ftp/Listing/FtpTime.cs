using System.Globalization;
using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>
/// The time format of MDTM, MFMT and the MLSx facts <c>modify</c> and <c>create</c>: <c>YYYYMMDDHHMMSS[.fraction]</c> in UTC
/// (RFC 3659 section 2.3).
/// </summary>
public static class FtpTime
{
    private const int WholeLength = 14;

    /// <summary>Parses a time. Its precision is one second, or what the digits of the fraction give, 100 ns at the finest.</summary>
    /// <param name="text">The whole text, without spaces around it.</param>
    /// <param name="time">The time in UTC. A leap second counts as the first second of the next minute.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out RemoteTime time)
    {
        time = default;
        if (text.Length < WholeLength
            || !AsciiNumber.TryParseDigits(text[..4], out var year)
            || !AsciiNumber.TryParseDigits(text[4..6], out var month)
            || !AsciiNumber.TryParseDigits(text[6..8], out var day)
            || !AsciiNumber.TryParseDigits(text[8..10], out var hour)
            || !AsciiNumber.TryParseDigits(text[10..12], out var minute)
            || !AsciiNumber.TryParseDigits(text[12..14], out var second)
            || second > 60
            || !ServerClock.TryGetTicks(year, month, day, hour, minute, out var ticks))
        {
            return false;
        }

        ticks += second * TimeSpan.TicksPerSecond;
        var precision = TimeSpan.TicksPerSecond;
        if (text.Length > WholeLength)
        {
            var fraction = text[(WholeLength + 1)..];
            if (text[WholeLength] != (byte)'.' || fraction.IsEmpty || fraction.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
                return false;
            foreach (var digit in fraction)
            {
                if (precision == 1)
                    break;
                precision /= 10;
                ticks += (digit - '0') * precision;
            }
        }

        if (ticks > DateTimeOffset.MaxValue.Ticks)
            return false;
        time = new RemoteTime(new DateTimeOffset(ticks, TimeSpan.Zero), new TimeSpan(precision));
        return true;
    }

    /// <summary>The time as <c>YYYYMMDDHHMMSS</c>, rounded down to the second.</summary>
    public static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
}
