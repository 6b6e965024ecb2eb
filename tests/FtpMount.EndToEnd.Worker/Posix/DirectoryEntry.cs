namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary>One record of getdents64(2).</summary>
/// <param name="Name">The name.</param>
/// <param name="Inode">d_ino.</param>
/// <param name="Type">d_type: 4 directory, 8 regular file, 10 link, 0 unknown.</param>
/// <param name="Next">d_off: where the next entry is read from.</param>
public sealed record DirectoryEntry(FilePath Name, ulong Inode, byte Type, long Next)
{
    /// <summary>Whether it is <c>.</c> or <c>..</c>.</summary>
    public bool IsDot => Name.Bytes.SequenceEqual("."u8) || Name.Bytes.SequenceEqual(".."u8);
}
