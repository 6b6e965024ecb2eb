using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Session;

/// <summary>Messages that more than one place gives.</summary>
internal static partial class SftpLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The link was lost while {Path} was being stored; going on at byte {Offset}")]
    public static partial void LogStoreResumed(this ILogger logger, RemotePath path, long offset);
}
