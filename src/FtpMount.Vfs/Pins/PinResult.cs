using FtpMount.Remote;

namespace FtpMount.Vfs.Pins;

/// <summary>What is here of what was pinned.</summary>
/// <param name="Files">Files that are here whole.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Failed">Files and folders that could not be brought here, with the reason.</param>
public sealed record PinResult(int Files, long Bytes, IReadOnlyList<(RemotePath Path, string Reason)> Failed);
