using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_init_in</c> as sent with FUSE_INIT_EXT; older kernels send the first 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitIn
{
    public uint Major;
    public uint Minor;
    public uint MaximumReadahead;
    public uint Flags;
    public uint Flags2;
    public uint Unused0;
    public ulong Unused1;
    public ulong Unused3;
    public ulong Unused5;
    public ulong Unused7;
    public ulong Unused9;
}
