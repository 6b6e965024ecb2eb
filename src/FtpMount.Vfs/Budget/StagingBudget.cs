namespace FtpMount.Vfs.Budget;

/// <summary>
/// The room that content has on the local disk until it is on the server: counts the bytes of all staging files of a mount, and tells who waits for room when some of them go. Without a
/// limit the disk itself is one.
/// </summary>
/// <param name="limit">The most bytes.</param>
public sealed class StagingBudget(long limit)
{
    private readonly Lock _gate = new();
    private long _used;
    private TaskCompletionSource _freed = NewSource();

    /// <summary>The most bytes.</summary>
    public long Limit { get; } = limit;

    /// <summary>Bytes in staging files now. May be over the limit by what had to be brought here for an upload.</summary>
    public long Used
    {
        get
        {
            lock (_gate)
                return _used;
        }
    }

    /// <summary>Completes when some room was given back after this was asked for.</summary>
    public Task Freed
    {
        get
        {
            lock (_gate)
                return _freed.Task;
        }
    }

    /// <summary>Counts bytes that are about to be written. False, and nothing is counted, when there is no room for them.</summary>
    internal bool TryTake(long bytes)
    {
        lock (_gate)
        {
            if (bytes > 0 && _used > Limit - bytes)
                return false;
            _used += bytes;
            return true;
        }
    }

    /// <summary>Counts bytes that must be here whatever the limit says.</summary>
    internal void Take(long bytes)
    {
        lock (_gate)
            _used += bytes;
    }

    /// <summary>Counts bytes that are not here any more.</summary>
    internal void Give(long bytes)
    {
        if (bytes > 0)
            NoteFreed(bytes);
    }

    /// <summary>Some local file went, whether it was counted or not: room may have come on the disk itself.</summary>
    internal void NoteFreed(long bytes = 0)
    {
        TaskCompletionSource freed;
        lock (_gate)
        {
            _used -= bytes;
            freed = _freed;
            _freed = NewSource();
        }

        freed.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
