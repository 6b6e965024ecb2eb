using System.Globalization;

namespace FtpMount.Service.Options;

/// <summary>
/// Sizes as people write them: <c>512M</c>, <c>10G</c>, <c>1.5T</c>, <c>65536</c>. The suffixes K, M, G, T are powers of 1024; a following <c>B</c> or
/// <c>iB</c> is allowed; case does not matter.
/// </summary>
public static class ByteSize
{
    private const string Suffixes = "KMGT";

    /// <summary>Parses a size.</summary>
    /// <param name="text">For example <c>10G</c>.</param>
    /// <param name="bytes">The size in bytes, 0 or more, rounded to whole bytes.</param>
    /// <returns>False when it is not a size or does not fit 63 bits.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        bytes = 0;
        text = text.Trim();
        if (text.EndsWith("iB", StringComparison.OrdinalIgnoreCase) && text.Length > 2 && Suffixes.Contains(char.ToUpperInvariant(text[^3]), StringComparison.Ordinal))
            text = text[..^2];
        else if (text.EndsWith("B", StringComparison.OrdinalIgnoreCase) && text.Length > 1)
            text = text[..^1];
        var scale = 1L;
        if (text.Length > 0 && Suffixes.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) is var power and >= 0)
        {
            scale = 1L << (10 * (power + 1));
            text = text[..^1];
        }

        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue / scale)
            return false;
        bytes = (long)decimal.Round(number * scale);
        return true;
    }

    /// <summary>The size for a person: <c>0 B</c>, <c>1.5 GiB</c>; three digits at most before the unit.</summary>
    public static string Format(long bytes)
    {
        if (bytes < 1024)
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        double value = bytes;
        var unit = -1;
        do
        {
            value /= 1024;
            unit++;
        }
        while (value >= 999.5 && unit < Suffixes.Length - 1);
        return string.Create(CultureInfo.InvariantCulture, $"{value.ToString(value < 9.95 ? "0.#" : "0", CultureInfo.InvariantCulture)} {Suffixes[unit]}iB");
    }
}
