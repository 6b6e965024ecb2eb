using FtpMount.Service.Posix;

namespace FtpMount.Service.MountPoints;

/// <summary>
/// Asks a mount for its root with a deadline. The call runs on a thread of its own, which a hung mount keeps: it is a background
/// thread, and a process that ends takes it along, because waiting for FUSE can be ended by a fatal signal.
/// </summary>
public static class MountPointProbe
{
    /// <summary>Asks.</summary>
    /// <param name="mountPoint">A path where something is mounted.</param>
    /// <param name="deadline">How long to wait for the answer.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async Task<MountPointState> AskAsync(string mountPoint, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<MountPointState>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => answer.TrySetResult(Ask(mountPoint))) { IsBackground = true, Name = "mount point probe" };
        thread.Start();
        try
        {
            return await answer.Task.WaitAsync(deadline, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return MountPointState.Hung;
        }
    }

    private static MountPointState Ask(string mountPoint)
    {
        if (FileIdentity.TryAsk(mountPoint, out _, out var error))
            return MountPointState.Alive;
        return error switch
        {
            Errno.NotConnected or Errno.ConnectionAborted => MountPointState.Stale,
            Errno.AccessDenied => MountPointState.Private,
            _ => MountPointState.Alive,
        };
    }
}
