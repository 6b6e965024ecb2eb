namespace FtpMount.Service.Posix;

/// <summary>The error numbers that are told apart (asm-generic/errno.h; the same on every architecture .NET runs on).</summary>
internal enum Errno
{
    /// <summary>EPERM.</summary>
    NotPermitted = 1,

    /// <summary>ENOENT.</summary>
    NoEntry = 2,

    /// <summary>EACCES.</summary>
    AccessDenied = 13,

    /// <summary>ENOTDIR.</summary>
    NotADirectory = 20,

    /// <summary>EINVAL.</summary>
    Invalid = 22,

    /// <summary>ECONNABORTED: what a call on a FUSE mount gives that was under way when its process ended.</summary>
    ConnectionAborted = 103,

    /// <summary>ENOTCONN: what every call on a FUSE mount gives whose process is gone.</summary>
    NotConnected = 107,
}
