using System.Diagnostics.CodeAnalysis;

namespace FtpMount.Ftp.Certificates;

/// <summary>Finds the private key among the sections of a PEM file (RFC 7468), which may hold certificates and parameters as well.</summary>
internal static class PemKey
{
    /// <summary>The label of PKCS#8.</summary>
    public const string Plain = "PRIVATE KEY";

    /// <summary>The label of encrypted PKCS#8.</summary>
    public const string Encrypted = "ENCRYPTED PRIVATE KEY";

    private static readonly string[] Labels = [Encrypted, Plain, "RSA PRIVATE KEY", "EC PRIVATE KEY"];

    /// <summary>Finds which kind of key is there.</summary>
    /// <param name="text">The file.</param>
    /// <param name="label">The section's label.</param>
    /// <param name="isOldEncryption">Encrypted as RFC 1421 says (<c>Proc-Type: 4,ENCRYPTED</c>), with a key derived by one round of MD5.</param>
    public static bool TryFind(string text, [NotNullWhen(true)] out string? label, out bool isOldEncryption)
    {
        label = Labels.FirstOrDefault(name => Section(text, name).Length > 0);
        isOldEncryption = label is not null && Section(text, label).Contains("Proc-Type:", StringComparison.Ordinal);
        return label is not null;
    }

    /// <summary>The section with its boundaries; empty when there is none.</summary>
    public static ReadOnlySpan<char> Section(string text, string label)
    {
        var begin = text.IndexOf($"-----BEGIN {label}-----", StringComparison.Ordinal);
        var boundary = $"-----END {label}-----";
        var end = begin < 0 ? -1 : text.IndexOf(boundary, begin, StringComparison.Ordinal);
        return end < 0 ? default : text.AsSpan(begin..(end + boundary.Length));
    }

    /// <summary>The bytes of a section.</summary>
    /// <exception cref="ArgumentException">It is not PEM.</exception>
    public static byte[] Decode(string text, string label)
    {
        var section = Section(text, label);
        var fields = System.Security.Cryptography.PemEncoding.Find(section);
        return Convert.FromBase64String(section[fields.Base64Data].ToString());
    }
}
