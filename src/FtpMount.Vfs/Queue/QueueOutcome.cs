using FtpMount.Remote;

namespace FtpMount.Vfs.Queue;

/// <summary>What became of one file of the queue that something was asked for.</summary>
/// <param name="Id">Its <see cref="PendingUpload.Id"/>.</param>
/// <param name="Path">Where it belongs on the server.</param>
public sealed record QueueOutcome(long Id, RemotePath Path)
{
    /// <summary>Where the copy is that was asked for.</summary>
    public string? SavedAs { get; init; }

    /// <summary>Why it was not done, in words; null when it was.</summary>
    public string? Error { get; init; }
}
