namespace FtpMount.Service.Control;

/// <summary>What is not on the server yet.</summary>
/// <param name="Pending">Number of files.</param>
/// <param name="Bytes">Their sizes together.</param>
/// <param name="BytesSent">Of those, sent.</param>
/// <param name="Files">The files; at most 1,000, those first that somebody should look at.</param>
public sealed record UploadQueueStatus(int Pending, long Bytes, long BytesSent, IReadOnlyList<UploadStatus> Files)
{
    /// <summary>How many files the server refused, or a power failure damaged.</summary>
    public int Failed { get; init; }
}
