using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_notify_inval_entry_out</c>, followed by the name and a NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyInvalEntryOut
{
    public ulong Parent;
    public uint NameLength;

    /// <summary>Bit 0 (FUSE_EXPIRE_ONLY): look the name up again when it is next used.</summary>
    public uint Flags;
}
