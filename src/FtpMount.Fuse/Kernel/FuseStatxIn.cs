using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_statx_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseStatxIn
{
    /// <summary>Bit 0 (FUSE_GETATTR_FH): the handle counts.</summary>
    public uint GetattrFlags;

    public uint Reserved;
    public ulong Handle;
    public uint StatxFlags;
    public uint StatxMask;
}
