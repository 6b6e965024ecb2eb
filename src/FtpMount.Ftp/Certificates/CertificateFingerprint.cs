using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace FtpMount.Ftp.Certificates;

/// <summary>The SHA-256 digest of a certificate's DER encoding, which identifies it as a whole (names, dates, key and signature).</summary>
public readonly record struct CertificateFingerprint
{
    private const string Prefix = "SHA256:";
    private const string OpenSslPrefix = "SHA256 Fingerprint=";

    private readonly string? _hex;

    private CertificateFingerprint(string hex) => _hex = hex;

    /// <summary>The fingerprint of a certificate.</summary>
    /// <param name="certificate">Its DER encoding.</param>
    public static CertificateFingerprint Of(ReadOnlySpan<byte> certificate) => new(Convert.ToHexString(SHA256.HashData(certificate)));

    /// <summary>
    /// Understands <c>SHA256:</c> (or nothing, or what <c>openssl x509 -fingerprint -sha256</c> prints) before 64 hexadecimal digits, with or without colons
    /// between the bytes, or before the base64 text (43 characters, or 44 with its padding) that SSH tools write.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out CertificateFingerprint fingerprint)
    {
        fingerprint = default;
        if (text is null)
            return false;
        var digest = text.Trim();
        foreach (var prefix in (ReadOnlySpan<string>)[OpenSslPrefix, Prefix])
        {
            if (digest.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                digest = digest[prefix.Length..];
                break;
            }
        }

        const int HexDigits = SHA256.HashSizeInBytes * 2;
        const int WithColons = HexDigits + SHA256.HashSizeInBytes - 1;
        if (digest.Length == WithColons && HasColonsBetweenBytes(digest))
            digest = digest.Replace(":", "", StringComparison.Ordinal);
        if (digest.Length == HexDigits && digest.All(char.IsAsciiHexDigit))
        {
            fingerprint = new CertificateFingerprint(digest.ToUpperInvariant());
            return true;
        }

        const int Base64Length = 44;
        if (digest.Length == Base64Length - 1)
            digest += "=";
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes + 1];
        if (digest.Length != Base64Length || !Convert.TryFromBase64String(digest, bytes, out var count) || count != SHA256.HashSizeInBytes)
            return false;
        fingerprint = new CertificateFingerprint(Convert.ToHexString(bytes[..count]));
        return true;
    }

    /// <summary><c>SHA256:</c> and the bytes in hexadecimal with colons, as openssl prints them.</summary>
    public override string ToString() => _hex is null ? "" : Prefix + string.Join(':', _hex.Chunk(2).Select(pair => new string(pair)));

    private static bool HasColonsBetweenBytes(string text)
    {
        for (var i = 2; i < text.Length; i += 3)
        {
            if (text[i] != ':')
                return false;
        }

        return true;
    }
}
