namespace FtpMount.Service.Control;

/// <summary>How an unmount ended.</summary>
/// <param name="Unmounted">Whether the mount is out of the tree.</param>
/// <param name="Pending">What could not be sent. It is kept below <paramref name="StateDirectory"/>.</param>
/// <param name="StateDirectory">Where the unsent content is.</param>
public sealed record UnmountReport(bool Unmounted, IReadOnlyList<UploadStatus> Pending, string StateDirectory);
