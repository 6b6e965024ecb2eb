namespace FtpMount.Remote;

/// <summary>
/// The small set of ways in which a remote operation can fail. Each protocol maps its replies to these (probing where a reply
/// is ambiguous, such as FTP's 550), and each adapter maps these to errno or NTSTATUS.
/// </summary>
public enum RemoteError
{
    /// <summary>The path, or a directory on the way to it, does not exist (ENOENT).</summary>
    NotFound,

    /// <summary>The server refuses this user this operation (EACCES).</summary>
    AccessDenied,

    /// <summary>Something of that name exists already (EEXIST).</summary>
    AlreadyExists,

    /// <summary>The directory is not empty (ENOTEMPTY).</summary>
    NotEmpty,

    /// <summary>A directory was needed and something else is there (ENOTDIR).</summary>
    NotADirectory,

    /// <summary>A file was needed and a directory is there (EISDIR).</summary>
    IsADirectory,

    /// <summary>The server's storage is full (ENOSPC; FTP reply 452).</summary>
    NoSpace,

    /// <summary>The user's quota is used up (EDQUOT; FTP reply 552).</summary>
    QuotaExceeded,

    /// <summary>The server cannot do it just now: the file is in use or locked (EBUSY; FTP reply 450).</summary>
    Busy,

    /// <summary>The server cannot be reached or the link was lost and did not come back in time (ENETUNREACH/EHOSTDOWN/EIO).</summary>
    Offline,

    /// <summary>No progress within the deadline (ETIMEDOUT).</summary>
    TimedOut,

    /// <summary>The server or the protocol cannot do this at all (ENOTSUP; for what permissions would govern, EPERM).</summary>
    Unsupported,

    /// <summary>The name cannot be sent to this server or is not a valid name (EINVAL).</summary>
    InvalidName,

    /// <summary>The name is too long for the server (ENAMETOOLONG).</summary>
    NameTooLong,

    /// <summary>Wrong user name or password, or the account may not log in (EACCES; at mount time an error of its own).</summary>
    AuthenticationFailed,

    /// <summary>The server's connection limit is reached and no connection came free in time (EBUSY).</summary>
    TooManyConnections,

    /// <summary>The server's identity (certificate or host key) could not be verified; nothing was sent to it.</summary>
    Untrusted,

    /// <summary>The mount or the server is read-only (EROFS).</summary>
    ReadOnly,

    /// <summary>The remote file is no longer the version that was asked for (ESTALE).</summary>
    Changed,

    /// <summary>The server broke the protocol or its answer makes no sense (EIO).</summary>
    ProtocolViolation,

    /// <summary>The server failed at it for a reason of its own (EIO; FTP 451 and the like).</summary>
    ServerFailure,
}
