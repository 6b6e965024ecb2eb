using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp.Session;

/// <summary>The reply to statvfs@openssh.com (OpenSSH PROTOCOL section 4.4).</summary>
/// <param name="Total">Size of the file system in bytes.</param>
/// <param name="Available">What an ordinary user may still write, in bytes.</param>
/// <param name="AvailableFiles">How many files an ordinary user may still make; the largest value where the file system does not count them.</param>
/// <param name="IsReadOnly">SSH_FXE_STATVFS_ST_RDONLY.</param>
internal readonly record struct SftpSpace(long Total, long Available, ulong AvailableFiles, bool IsReadOnly)
{
    /// <summary>Reads the eleven fields.</summary>
    public static SftpSpace Read(ReadOnlySpan<byte> body)
    {
        var reader = new SftpPacketReader(body);
        reader.ReadUInt64(); // f_bsize
        var fragment = reader.ReadUInt64();
        var blocks = reader.ReadUInt64();
        reader.ReadUInt64(); // f_bfree
        var available = reader.ReadUInt64();
        var files = reader.ReadUInt64();
        reader.ReadUInt64(); // f_ffree
        var availableFiles = reader.ReadUInt64();
        reader.ReadUInt64(); // f_fsid
        var flags = reader.ReadUInt64();
        reader.ReadUInt64(); // f_namemax
        return new SftpSpace(Bytes(blocks, fragment), Bytes(available, fragment), files == 0 ? ulong.MaxValue : availableFiles, (flags & 1) != 0);
    }

    private static long Bytes(ulong blocks, ulong size) => (long)UInt128.Min((UInt128)blocks * size, (UInt128)long.MaxValue);
}
