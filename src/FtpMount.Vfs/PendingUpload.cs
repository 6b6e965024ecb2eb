using FtpMount.Remote;

namespace FtpMount.Vfs;

/// <summary>A file with content that is not on the server yet.</summary>
/// <param name="Path">Where it belongs.</param>
/// <param name="Bytes">Its length in bytes.</param>
/// <param name="BytesSent">How much of it the present or last attempt has sent.</param>
/// <param name="LastError">Why the last attempt failed, in words; null when none has.</param>
public sealed record PendingUpload(RemotePath Path, long Bytes, long BytesSent, string? LastError);
