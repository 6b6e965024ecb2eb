using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_getattr_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseGetattrIn
{
    /// <summary>Bit 0 (FUSE_GETATTR_FH): the handle counts.</summary>
    public uint Flags;

    public uint Padding;
    public ulong Handle;
}
