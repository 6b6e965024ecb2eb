using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_sx_time</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseStatxTime
{
    public long Seconds;
    public uint Nanoseconds;
    public int Reserved;
}
