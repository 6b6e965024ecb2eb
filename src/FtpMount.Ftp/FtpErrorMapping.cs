using FtpMount.Ftp.Control;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <summary>
/// From replies to <see cref="RemoteError"/>. Many refusals are plain 550, which may be any of six things. Where the server passes on what its
/// operating system said (ProFTPD, Pure-FTPd, pyftpdlib, IIS), that text decides; otherwise the caller must probe.
/// </summary>
internal static class FtpErrorMapping
{
    /// <summary>The kind of failure that a negative reply means by itself; null when it can be several and must be probed.</summary>
    public static RemoteError? Classify(FtpReply reply)
    {
        switch (reply.Code.Value)
        {
            case 421:
            case 500 when reply.EndsSession:
                return RemoteError.Offline;
            case 500 or 502 or 504 or 202:
                return RemoteError.Unsupported;
            case 530 or 532:
                return RemoteError.AccessDenied;
            case 452:
                return RemoteError.NoSpace;
            case 552:
                return RemoteError.QuotaExceeded;
            case 521:
                return RemoteError.AlreadyExists;
        }

        // Pure-FTPd: "553 Prohibited file name"; ProFTPD: "550 Invalid directory name"; pyftpdlib: "501 can't decode path".
        if (reply.Mentions("prohibited file name"u8) || reply.EndsWith("invalid directory name"u8) || reply.Mentions("can't decode path"u8))
            return RemoteError.InvalidName;
        return FromText(reply) ?? reply.Code.Value switch
        {
            425 or 426 or 451 or 551 or 554 => RemoteError.ServerFailure,
            450 => RemoteError.Busy,
            503 => RemoteError.ProtocolViolation,
            _ => null,
        };
    }

    /// <summary>The operating system's words at the end of the reply: strerror(3) in English, and what IIS passes on.</summary>
    public static RemoteError? FromText(FtpReply reply)
    {
        if (reply.EndsWith("no such file or directory"u8) || reply.EndsWith("cannot find the file specified"u8) || reply.EndsWith("cannot find the path specified"u8))
            return RemoteError.NotFound;
        // "Rename permission denied" is ProFTPD's own, with AllowOverwrite off: the target exists.
        if ((reply.EndsWith("permission denied"u8) && !reply.EndsWith("rename permission denied"u8)) || reply.EndsWith("access is denied"u8))
            return RemoteError.AccessDenied;
        if (reply.EndsWith("file exists"u8) || reply.EndsWith("when that file already exists"u8))
            return RemoteError.AlreadyExists;
        if (reply.EndsWith("directory not empty"u8) || reply.EndsWith("directory is not empty"u8))
            return RemoteError.NotEmpty;
        if (reply.EndsWith("not a directory"u8))
            return RemoteError.NotADirectory;
        if (reply.EndsWith("is a directory"u8))
            return RemoteError.IsADirectory;
        if (reply.EndsWith("no space left on device"u8) || reply.EndsWith("not enough space on the disk"u8))
            return RemoteError.NoSpace;
        if (reply.EndsWith("quota exceeded"u8))
            return RemoteError.QuotaExceeded;
        if (reply.EndsWith("read-only file system"u8))
            return RemoteError.ReadOnly;
        if (reply.EndsWith("file name too long"u8))
            return RemoteError.NameTooLong;
        if (reply.EndsWith("text file busy"u8) || reply.EndsWith("resource busy"u8) || reply.EndsWith("being used by another process"u8))
            return RemoteError.Busy;
        return null;
    }

    /// <summary>Why a login was refused.</summary>
    /// <param name="reply">The refusal.</param>
    /// <param name="server">For the message.</param>
    /// <param name="user">For the message.</param>
    public static RemoteException LoginRefused(FtpReply reply, string server, string user)
    {
        if (IsLimit(reply))
        {
            return new RemoteException(RemoteError.TooManyConnections, $"{server} allows no further connection ({reply.Text}).") { ServerReply = reply.Text };
        }

        if (reply.Code.Value is >= 400 and < 500 || reply.TellsOfDeadProcess)
            return new RemoteException(RemoteError.Offline, $"{server} is not available just now ({reply.Text}).") { ServerReply = reply.Text };
        return new RemoteException(
            RemoteError.AuthenticationFailed, $"{server} refuses user {user}: wrong name or password ({reply.Text}).")
        { ServerReply = reply.Text };
    }

    /// <summary>
    /// The failure of an operation on a path.
    /// </summary>
    public static RemoteException Failure(RemoteError error, string what, RemotePath path, FtpReply? reply)
    {
        var said = reply is null ? "" : $" (the server said: {reply.Text})";
        return new RemoteException(error, $"{what} {Quote(path)}: {Words(error)}{said}.") { Path = path, ServerReply = reply?.Text };
    }

    /// <summary>The path, safe to print.</summary>
    public static string Quote(RemotePath path) => "'" + FtpReply.Printable(path.Value) + "'";

    /// <summary>
    /// Limits of connections: vsftpd "421 There are too many connected users", Pure-FTPd "421 50 users (the maximum) are already logged in",
    /// ProFTPD "530 Sorry, the maximum number of clients...", pyftpdlib "421 Too many connections".
    /// </summary>
    private static bool IsLimit(FtpReply reply) =>
        reply.Code.Value is 421 or 530 or 434 or 425
        && (reply.Mentions("too many"u8) || reply.Mentions("maximum"u8) || reply.Mentions("limit"u8));

    private static string Words(RemoteError error) => error switch
    {
        RemoteError.NotFound => "does not exist",
        RemoteError.AccessDenied => "the server does not allow it",
        RemoteError.AlreadyExists => "exists already",
        RemoteError.NotEmpty => "the directory is not empty",
        RemoteError.NotADirectory => "is not a directory",
        RemoteError.IsADirectory => "is a directory",
        RemoteError.NoSpace => "the server's storage is full",
        RemoteError.QuotaExceeded => "the quota on the server is used up",
        RemoteError.Busy => "is in use on the server",
        RemoteError.Offline => "the server is not available",
        RemoteError.Unsupported => "the server cannot do this",
        RemoteError.InvalidName => "the server does not keep this name",
        RemoteError.NameTooLong => "the name is too long for the server",
        RemoteError.ReadOnly => "the server is read-only",
        RemoteError.ProtocolViolation => "the server's answer makes no sense",
        _ => "the server failed",
    };
}
