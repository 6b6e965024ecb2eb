namespace FtpMount.Vfs.Content;

/// <summary>What the local file system's errors mean.</summary>
public static class LocalDisk
{
    private const int Enospc = 28;
    private const int Edquot = 122;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>
    /// Whether a write failed because the local disk or the user's quota on it is full. .NET puts errno into
    /// <see cref="Exception.HResult"/> on Unix, and a Windows code where it reports the error itself.
    /// </summary>
    public static bool IsFull(Exception exception) =>
        exception is IOException { HResult: Enospc or Edquot or WindowsHandleDiskFull or WindowsDiskFull };
}
