namespace FtpMount.Vfs;

/// <summary>The answer to an open.</summary>
/// <param name="Handle">To be given back by <see cref="IVirtualFileSystem.ReleaseAsync"/> exactly once.</param>
/// <param name="KeepCache">Whether what the platform's page cache holds of this file is still its content.</param>
/// <param name="DirectIo">Whether the platform's page cache must be left out for this handle.</param>
public readonly record struct VfsOpenReply(VfsHandle Handle, bool KeepCache, bool DirectIo);
