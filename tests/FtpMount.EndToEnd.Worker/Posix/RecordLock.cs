using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary><c>struct flock</c> of 64-bit Linux, for fcntl(2) locks.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RecordLock
{
    /// <summary>F_RDLCK 0, F_WRLCK 1, F_UNLCK 2.</summary>
    public short Type;
    public short Whence;
    public long Start;
    public long Length;
    public int ProcessId;
}
