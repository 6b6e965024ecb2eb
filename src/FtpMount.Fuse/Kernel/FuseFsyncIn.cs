using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_fsync_in</c>: FSYNC and FSYNCDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseFsyncIn
{
    public ulong Handle;

    /// <summary>Bit 0 (FUSE_FSYNC_FDATASYNC): data only.</summary>
    public uint Flags;

    public uint Padding;
}
