namespace FtpMount.Vfs;

/// <summary>How far <see cref="VirtualFileSystem.DrainAsync"/> is.</summary>
/// <param name="Files">Files that were pending at its start.</param>
/// <param name="FilesDone">Those tried since, sent or not.</param>
/// <param name="Bytes">Bytes of all of them.</param>
/// <param name="BytesSent">Bytes sent of them.</param>
public sealed record DrainProgress(int Files, int FilesDone, long Bytes, long BytesSent);
