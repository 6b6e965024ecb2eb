using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>A checksum of content that comes in pieces, as servers compute them.</summary>
internal sealed class ContentChecksum : IDisposable
{
    private readonly IncrementalHash? _hash;
    private uint _crc = uint.MaxValue;

    private ContentChecksum(ChecksumAlgorithm algorithm, IncrementalHash? hash)
    {
        Algorithm = algorithm;
        _hash = hash;
    }

    /// <summary>Which one it is.</summary>
    public ChecksumAlgorithm Algorithm { get; }

    /// <summary>Begins one.</summary>
    [SuppressMessage("Security", "CA5350:Do not use weak cryptographic algorithms", Justification = "It guards against accidents, and the server has no other.")]
    [SuppressMessage("Security", "CA5351:Do not use broken cryptographic algorithms", Justification = "It guards against accidents, and the server has no other.")]
    public static ContentChecksum Create(ChecksumAlgorithm algorithm) => new(algorithm, algorithm switch
    {
        ChecksumAlgorithm.Sha256 => IncrementalHash.CreateHash(HashAlgorithmName.SHA256),
        ChecksumAlgorithm.Sha1 => IncrementalHash.CreateHash(HashAlgorithmName.SHA1),
        ChecksumAlgorithm.Md5 => IncrementalHash.CreateHash(HashAlgorithmName.MD5),
        _ => null,
    });

    /// <summary>The next bytes.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        if (_hash is not null)
            _hash.AppendData(content);
        else
            _crc = Crc32.Append(_crc, content);
    }

    /// <summary>The checksum of all bytes so far, most significant byte first. Afterwards it begins anew.</summary>
    public byte[] Finish()
    {
        if (_hash is not null)
            return _hash.GetHashAndReset();
        var value = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(value, ~_crc);
        _crc = uint.MaxValue;
        return value;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash?.Dispose();
}
