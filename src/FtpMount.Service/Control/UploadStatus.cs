namespace FtpMount.Service.Control;

/// <summary>A file that is not on the server yet.</summary>
/// <param name="Path">Its path on the server.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="BytesSent">How much was sent.</param>
/// <param name="Error">Why the last attempt failed; null when none did.</param>
public sealed record UploadStatus(string Path, long Bytes, long BytesSent, string? Error);
