using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary><c>struct statx_timestamp</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FileTime
{
    public long Seconds;
    public uint Nanoseconds;
    private readonly int _reserved;
}
