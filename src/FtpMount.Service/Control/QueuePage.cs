namespace FtpMount.Service.Control;

/// <summary>A part of what is not on the server yet; the queue may be long.</summary>
/// <param name="Root">The folder on the server that is mounted.</param>
/// <param name="Files">The files.</param>
/// <param name="IsLast">Whether nothing follows.</param>
public sealed record QueuePage(string Root, IReadOnlyList<UploadStatus> Files, bool IsLast);
