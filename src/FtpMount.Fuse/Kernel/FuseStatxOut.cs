using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_statx_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseStatxOut
{
    public ulong ValidSeconds;
    public uint ValidNanoseconds;
    public uint Flags;
    public ulong Spare0;
    public ulong Spare1;
    public FuseStatx Stat;
}
