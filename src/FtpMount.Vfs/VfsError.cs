namespace FtpMount.Vfs;

/// <summary>
/// The outcome of a file-system operation, neutral of the platform; adapters map it to errno or NTSTATUS. The comment of each names
/// the errno. An error travels as a value, not as an exception, because a missing name is an everyday answer.
/// </summary>
public enum VfsError
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>ENOENT.</summary>
    NotFound,

    /// <summary>EACCES.</summary>
    AccessDenied,

    /// <summary>EPERM: what nobody may do here, such as changing the owner on a server that cannot.</summary>
    NotPermitted,

    /// <summary>EEXIST.</summary>
    AlreadyExists,

    /// <summary>ENOTEMPTY.</summary>
    NotEmpty,

    /// <summary>ENOTDIR.</summary>
    NotADirectory,

    /// <summary>EISDIR.</summary>
    IsADirectory,

    /// <summary>ENOSPC.</summary>
    NoSpace,

    /// <summary>EDQUOT.</summary>
    QuotaExceeded,

    /// <summary>EFBIG.</summary>
    FileTooLarge,

    /// <summary>EBUSY.</summary>
    Busy,

    /// <summary>ETIMEDOUT: no progress within the deadline.</summary>
    TimedOut,

    /// <summary>ENETUNREACH: the server cannot be reached.</summary>
    Offline,

    /// <summary>ENOTSUP.</summary>
    Unsupported,

    /// <summary>ENOSYS: this operation is not there at all, do not ask again.</summary>
    NotImplemented,

    /// <summary>EINVAL.</summary>
    InvalidArgument,

    /// <summary>ENAMETOOLONG.</summary>
    NameTooLong,

    /// <summary>EROFS.</summary>
    ReadOnly,

    /// <summary>ESTALE: the object is gone or is another now.</summary>
    Stale,

    /// <summary>EBADF: the handle is not open for this.</summary>
    BadHandle,

    /// <summary>EXDEV.</summary>
    CrossDevice,

    /// <summary>ENODATA: no such extended attribute.</summary>
    NoData,

    /// <summary>ERANGE: the buffer is too small for the value.</summary>
    OutOfRange,

    /// <summary>ENXIO: no data or hole past this offset.</summary>
    NoSuchOffset,

    /// <summary>ELOOP.</summary>
    TooManyLinks,

    /// <summary>EINTR: the caller was interrupted.</summary>
    Interrupted,

    /// <summary>EIO: everything else.</summary>
    InputOutput,
}
