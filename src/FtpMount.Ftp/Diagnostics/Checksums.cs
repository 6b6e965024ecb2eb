using System.Globalization;
using System.Security.Cryptography;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>The commands by which servers tell a checksum, and what they should tell.</summary>
internal static class Checksums
{
    /// <summary>The reversed polynomial of ISO 3309, as zip and XCRC use it.</summary>
    private const uint Polynomial = 0xEDB88320;

    /// <summary>The commands: HASH (draft-bryan-ftp-hash), and those of Globalscape and others.</summary>
    public static readonly string[] Verbs = ["HASH", "XCRC", "XMD5", "XSHA1", "XSHA256", "MD5"];

    /// <summary>All checksums of a content that a server may mean, in hexadecimal; with and without the leading zeros of a CRC.</summary>
    public static IReadOnlyList<(string Algorithm, string Value)> Of(byte[] content) =>
    [
        ("SHA-512", Convert.ToHexString(SHA512.HashData(content))),
        ("SHA-256", Convert.ToHexString(SHA256.HashData(content))),
        ("SHA-1", Convert.ToHexString(SHA1.HashData(content))),
        ("MD5", Convert.ToHexString(MD5.HashData(content))),
        ("CRC-32", Crc32(content).ToString("X8", CultureInfo.InvariantCulture)),
        ("CRC-32", Crc32(content).ToString("X", CultureInfo.InvariantCulture)),
    ];

    /// <summary>CRC-32 (ISO 3309).</summary>
    public static uint Crc32(ReadOnlySpan<byte> content)
    {
        var crc = uint.MaxValue;
        foreach (var value in content)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (uint.IsOddInteger(crc) ? Polynomial : 0);
        }

        return ~crc;
    }
}
