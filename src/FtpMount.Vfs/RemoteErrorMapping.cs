using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs;

/// <summary>The one table from what a server or the local disk says to what a file system says.</summary>
internal static class RemoteErrorMapping
{
    /// <summary>The file system's word for a server's failure.</summary>
    public static VfsError ToVfsError(this RemoteError error) => error switch
    {
        RemoteError.NotFound => VfsError.NotFound,
        RemoteError.AccessDenied => VfsError.AccessDenied,
        RemoteError.AlreadyExists => VfsError.AlreadyExists,
        RemoteError.NotEmpty => VfsError.NotEmpty,
        RemoteError.NotADirectory => VfsError.NotADirectory,
        RemoteError.IsADirectory => VfsError.IsADirectory,
        RemoteError.NoSpace => VfsError.NoSpace,
        RemoteError.QuotaExceeded => VfsError.QuotaExceeded,
        RemoteError.Busy => VfsError.Busy,
        RemoteError.Offline => VfsError.Offline,
        RemoteError.TimedOut => VfsError.TimedOut,
        RemoteError.Unsupported => VfsError.Unsupported,

        // Also for what the server's charset cannot write or the server would take for something else: what open(2) says of a name that the file system does not take.
        RemoteError.InvalidName => VfsError.InvalidArgument,
        RemoteError.NameTooLong => VfsError.NameTooLong,
        RemoteError.AuthenticationFailed => VfsError.AccessDenied,
        RemoteError.TooManyConnections => VfsError.Busy,
        RemoteError.Untrusted => VfsError.AccessDenied,
        RemoteError.ReadOnly => VfsError.ReadOnly,
        RemoteError.Changed => VfsError.Stale,
        RemoteError.ProtocolViolation => VfsError.InputOutput,
        RemoteError.ServerFailure => VfsError.InputOutput,
        _ => VfsError.InputOutput,
    };

    /// <summary>The file system's word for a failure of the server, of the local disk, or a cancellation.</summary>
    public static VfsError ToVfsError(this Exception exception) => exception switch
    {
        RemoteException remote => remote.Error.ToVfsError(),
        OperationCanceledException => VfsError.Interrupted,
        _ when LocalDisk.IsFull(exception) => VfsError.NoSpace,
        _ => VfsError.InputOutput,
    };

    /// <summary>What an operation can fail with for reasons outside this program; anything else is a defect and is not caught.</summary>
    public static bool IsExpected(Exception exception) =>
        exception is RemoteException or OperationCanceledException or IOException or UnauthorizedAccessException;

    /// <summary>Whether the same attempt may succeed later without anyone doing anything.</summary>
    public static bool IsTransient(VfsError error) =>
        error is VfsError.Offline or VfsError.TimedOut or VfsError.Busy or VfsError.InputOutput or VfsError.Interrupted;

    /// <summary>For what permissions would govern, what cannot be done at all is EPERM.</summary>
    public static VfsError AsPermission(this VfsError error) => error == VfsError.Unsupported ? VfsError.NotPermitted : error;
}
