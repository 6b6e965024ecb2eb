namespace FtpMount.Service.Control;

/// <summary>How much of what was pending has been sent.</summary>
/// <param name="Files">Files that were pending.</param>
/// <param name="FilesDone">Those tried since, sent or not.</param>
/// <param name="Bytes">Their sizes together.</param>
/// <param name="BytesSent">Bytes handed to the server so far.</param>
public sealed record UploadProgress(int Files, int FilesDone, long Bytes, long BytesSent);
