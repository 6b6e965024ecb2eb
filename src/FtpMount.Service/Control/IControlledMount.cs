namespace FtpMount.Service.Control;

/// <summary>What a control socket asks a mount for.</summary>
public interface IControlledMount
{
    /// <summary>How it is now. Does not wait.</summary>
    MountStatus GetStatus();

    /// <summary>
    /// Unmounts and sends what is unsent. Whoever calls while it is under way joins it.
    /// </summary>
    /// <param name="timeout">After how long what is still unsent is left behind; null for as long as it takes.</param>
    /// <param name="progress">Told now and then; may be null.</param>
    /// <param name="cancellationToken">Ends this caller's waiting, not the unmount.</param>
    Task<UnmountReport> UnmountAsync(TimeSpan? timeout, IProgress<UploadProgress>? progress, CancellationToken cancellationToken);

    /// <summary>The folder on the server that is mounted.</summary>
    string Root { get; }

    /// <summary>Does what a <see cref="ControlRequest.Refresh"/>, <see cref="ControlRequest.Forget"/>, <see cref="ControlRequest.Pin"/> or <see cref="ControlRequest.Unpin"/> asks for.</summary>
    Task<CacheReport> ChangeCacheAsync(ControlRequest request, IProgress<UploadProgress> progress, CancellationToken cancellationToken);

    /// <summary>All that is not on the server yet. Does not wait.</summary>
    IReadOnlyList<UploadStatus> GetQueue();

    /// <summary>Does what a <see cref="ControlRequest.QueueRetry"/>, <see cref="ControlRequest.QueueSave"/> or <see cref="ControlRequest.QueueDiscard"/> asks for.</summary>
    /// <exception cref="MountException">It cannot be done; says why.</exception>
    Task<QueueReport> ChangeQueueAsync(ControlRequest request, CancellationToken cancellationToken);
}
