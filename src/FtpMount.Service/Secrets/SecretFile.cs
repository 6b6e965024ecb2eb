using FtpMount.Service.Posix;

namespace FtpMount.Service.Secrets;

/// <summary>Reads files that hold secrets, and only those that nobody else can read or could have written.</summary>
internal static class SecretFile
{
    /// <summary>More is not a password or a netrc.</summary>
    private const int MostBytes = 1 << 20;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file; a link is followed.</param>
    /// <param name="text">Its text.</param>
    /// <param name="problem">Why not, and what to do; null when the file does not exist.</param>
    internal static bool TryRead(string path, out string text, out string? problem)
    {
        text = "";
        problem = null;
        if (!FileIdentity.TryGetTarget(path, out var identity, out var error))
        {
            if (error != Errno.NoEntry)
                problem = $"{path} cannot be read: {(error == Errno.AccessDenied ? "permission denied" : $"error {(int)error}")}";
            return false;
        }

        var user = PosixCalls.geteuid();
        if (identity.IsDirectory)
            problem = $"{path} is a folder";
        else if (identity.UserId != user && identity.UserId != 0)
            problem = $"{path} belongs to another user";
        else if (identity.IsOpenToOthers)
            problem = $"others can read {path}; protect it: chmod 600 {path}";
        if (problem is not null)
            return false;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var buffer = new byte[MostBytes];
            text = FtpMount.Remote.NameCodec.Utf8.Decode(buffer.AsSpan(0, stream.ReadAtLeast(buffer, MostBytes, throwOnEndOfStream: false)));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = $"{path} cannot be read: {exception.Message}";
            return false;
        }
    }
}
