namespace FtpMount.Service.Control;

/// <summary>One line from a mount's process to a client; exactly one of the properties is set.</summary>
public sealed record ControlReply
{
    /// <summary>The answer to <see cref="ControlRequest.Status"/>.</summary>
    public MountStatus? Status { get; init; }

    /// <summary>How far <see cref="ControlRequest.Unmount"/> or <see cref="ControlRequest.Pin"/> is; any number of these come before the report.</summary>
    public UploadProgress? Progress { get; init; }

    /// <summary>How <see cref="ControlRequest.Unmount"/> ended. After it the connection is closed when the process has let go of everything.</summary>
    public UnmountReport? Report { get; init; }

    /// <summary>The answer to <see cref="ControlRequest.Queue"/>: any number of these, the last of which says so.</summary>
    public QueuePage? Queue { get; init; }

    /// <summary>The answer to the other requests about the queue.</summary>
    public QueueReport? QueueReport { get; init; }

    /// <summary>The answer to the requests about the caches.</summary>
    public CacheReport? Cache { get; init; }

    /// <summary>Why the request was refused or failed.</summary>
    public string? Error { get; init; }
}
