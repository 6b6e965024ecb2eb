namespace FtpMount.Vfs.Pins;

/// <summary>How far the download of what is pinned is.</summary>
/// <param name="Files">Files found so far.</param>
/// <param name="FilesDone">Those that are here.</param>
/// <param name="Bytes">Bytes of all of them.</param>
/// <param name="BytesDone">Bytes that are here, as far as known.</param>
public sealed record PinProgress(int Files, int FilesDone, long Bytes, long BytesDone);
