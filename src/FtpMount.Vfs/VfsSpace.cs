namespace FtpMount.Vfs;

/// <summary>The answer to statfs.</summary>
/// <param name="TotalBytes">Size of the file system in bytes.</param>
/// <param name="AvailableBytes">What may still be stored, in bytes.</param>
/// <param name="BlockSize">Preferred transfer size in bytes.</param>
/// <param name="MaximumNameLength">Longest name in bytes.</param>
public readonly record struct VfsSpace(long TotalBytes, long AvailableBytes, int BlockSize, int MaximumNameLength);
