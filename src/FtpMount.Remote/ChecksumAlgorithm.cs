namespace FtpMount.Remote;

/// <summary>A checksum that a server can compute of a file.</summary>
public enum ChecksumAlgorithm
{
    /// <summary>SHA-256 (FIPS 180-4), 32 bytes.</summary>
    Sha256,

    /// <summary>SHA-1 (FIPS 180-4), 20 bytes.</summary>
    Sha1,

    /// <summary>MD5 (RFC 1321), 16 bytes.</summary>
    Md5,

    /// <summary>CRC-32 as in ZIP and Ethernet (ISO 3309), 4 bytes.</summary>
    Crc32,
}
