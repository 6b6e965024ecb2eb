using FtpMount.Remote;

namespace FtpMount.Vfs.WriteBack;

/// <summary>What a stored file must have.</summary>
/// <param name="Algorithm">Which checksum.</param>
/// <param name="Value">Its value, most significant byte first.</param>
/// <param name="Size">Of how many bytes, from the first on.</param>
internal sealed record StoredChecksum(ChecksumAlgorithm Algorithm, byte[] Value, long Size);
