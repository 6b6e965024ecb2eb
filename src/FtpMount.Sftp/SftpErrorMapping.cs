using FtpMount.Remote;
using FtpMount.Sftp.Protocol;

namespace FtpMount.Sftp;

/// <summary>From the server's status to the small set of failures. What version 3 calls FAILURE is anything: the caller then looks for the cause.</summary>
internal static class SftpErrorMapping
{
    private static readonly (string Text, RemoteError Error)[] Texts =
    [
        ("no space", RemoteError.NoSpace),
        ("disk full", RemoteError.NoSpace),
        ("quota", RemoteError.QuotaExceeded),
        ("not empty", RemoteError.NotEmpty),
        ("exists", RemoteError.AlreadyExists),
        ("is a directory", RemoteError.IsADirectory),
        ("not a directory", RemoteError.NotADirectory),
        ("read-only", RemoteError.ReadOnly),
        ("name too long", RemoteError.NameTooLong),
        ("permission denied", RemoteError.AccessDenied),
        ("not permitted", RemoteError.AccessDenied),
        ("no such file", RemoteError.NotFound),
        ("not supported", RemoteError.Unsupported),
        ("unsupported", RemoteError.Unsupported),
    ];

    /// <summary>What a status means by itself; null when that must be found out.</summary>
    public static RemoteError? Classify(in SftpStatus status) => status.Code switch
    {
        SftpStatusCode.NoSuchFile or SftpStatusCode.NoSuchPath => RemoteError.NotFound,
        SftpStatusCode.PermissionDenied => FromText(status.Message) is RemoteError.ReadOnly ? RemoteError.ReadOnly : RemoteError.AccessDenied,
        SftpStatusCode.OpUnsupported => RemoteError.Unsupported,
        SftpStatusCode.NoConnection or SftpStatusCode.ConnectionLost => RemoteError.Offline,
        SftpStatusCode.FileAlreadyExists => RemoteError.AlreadyExists,
        SftpStatusCode.WriteProtect => RemoteError.ReadOnly,
        SftpStatusCode.NoSpaceOnFileSystem => RemoteError.NoSpace,
        SftpStatusCode.QuotaExceeded => RemoteError.QuotaExceeded,
        SftpStatusCode.LockConflict => RemoteError.Busy,
        SftpStatusCode.DirectoryNotEmpty => RemoteError.NotEmpty,
        SftpStatusCode.NotADirectory => RemoteError.NotADirectory,
        SftpStatusCode.FileIsADirectory => RemoteError.IsADirectory,
        SftpStatusCode.InvalidFilename => RemoteError.InvalidName,
        // OpenSSH says BAD_MESSAGE for EINVAL and ENAMETOOLONG; names that are too long do not get that far.
        SftpStatusCode.BadMessage => FromText(status.Message) ?? RemoteError.InvalidName,
        _ => FromText(status.Message),
    };

    /// <summary>What the text of a status means; OpenSSH's is only the name of the code, others say what strerror(3) does.</summary>
    public static RemoteError? FromText(string message)
    {
        foreach (var (text, error) in Texts)
        {
            if (message.Contains(text, StringComparison.OrdinalIgnoreCase))
                return error;
        }

        return null;
    }

    /// <summary>The exception for a person.</summary>
    /// <param name="error">What it is.</param>
    /// <param name="what">What was done, for example <c>Reading</c>.</param>
    /// <param name="path">With what.</param>
    /// <param name="status">What the server said, if anything.</param>
    public static RemoteException Failure(RemoteError error, string what, RemotePath path, SftpStatus? status)
    {
        var reason = error switch
        {
            RemoteError.NotFound => "it does not exist",
            RemoteError.AccessDenied => "the server does not allow it",
            RemoteError.AlreadyExists => "it exists already",
            RemoteError.NotEmpty => "it is not empty",
            RemoteError.NotADirectory => "it is not a directory",
            RemoteError.IsADirectory => "it is a directory",
            RemoteError.NoSpace => "the server's disk is full",
            RemoteError.QuotaExceeded => "the server's disk has room, but takes no more: a quota or a limit on the size of files",
            RemoteError.Busy => "it is in use",
            RemoteError.Unsupported => "the server cannot do this",
            RemoteError.InvalidName => "the server does not take this name",
            RemoteError.NameTooLong => "the name is too long for the server",
            RemoteError.ReadOnly => "the server's file system is read-only",
            RemoteError.Changed => "it has changed on the server; open it again",
            _ => "the server failed",
        };
        var said = status is { Message.Length: > 0 } told ? $" ({told.Message})" : "";
        return new RemoteException(error, $"{what} {Quote(path)} failed: {reason}{said}.") { Path = path, ServerReply = status?.ToString() };
    }

    /// <summary>A path in a message.</summary>
    public static string Quote(RemotePath path) =>
        "'" + string.Concat(path.Value.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + "'";
}
