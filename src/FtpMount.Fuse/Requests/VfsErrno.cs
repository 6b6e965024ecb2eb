using FtpMount.Fuse.Kernel;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <summary>The one table from the file system's errors to errno.</summary>
internal static class VfsErrno
{
    /// <summary>The errno of an error.</summary>
    public static Errno Of(VfsError error) => error switch
    {
        VfsError.None => Errno.None,
        VfsError.NotFound => Errno.ENOENT,
        VfsError.AccessDenied => Errno.EACCES,
        VfsError.NotPermitted => Errno.EPERM,
        VfsError.AlreadyExists => Errno.EEXIST,
        VfsError.NotEmpty => Errno.ENOTEMPTY,
        VfsError.NotADirectory => Errno.ENOTDIR,
        VfsError.IsADirectory => Errno.EISDIR,
        VfsError.NoSpace => Errno.ENOSPC,
        VfsError.QuotaExceeded => Errno.EDQUOT,
        VfsError.FileTooLarge => Errno.EFBIG,
        VfsError.Busy => Errno.EBUSY,
        VfsError.TimedOut => Errno.ETIMEDOUT,
        VfsError.Offline => Errno.ENETUNREACH,
        VfsError.Unsupported => Errno.EOPNOTSUPP,
        VfsError.NotImplemented => Errno.ENOSYS,
        VfsError.InvalidArgument => Errno.EINVAL,
        VfsError.NameTooLong => Errno.ENAMETOOLONG,
        VfsError.ReadOnly => Errno.EROFS,
        VfsError.Stale => Errno.ESTALE,
        VfsError.BadHandle => Errno.EBADF,
        VfsError.CrossDevice => Errno.EXDEV,
        VfsError.NoData => Errno.ENODATA,
        VfsError.OutOfRange => Errno.ERANGE,
        VfsError.NoSuchOffset => Errno.ENXIO,
        VfsError.TooManyLinks => Errno.ELOOP,
        VfsError.Interrupted => Errno.EINTR,
        _ => Errno.EIO,
    };
}
