using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_attr</c>: what stat(2) shows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseAttr
{
    public ulong Inode;
    public ulong Size;

    /// <summary>Units of 512 bytes.</summary>
    public ulong Blocks;

    public ulong AccessSeconds;
    public ulong ModifySeconds;
    public ulong ChangeSeconds;
    public uint AccessNanoseconds;
    public uint ModifyNanoseconds;
    public uint ChangeNanoseconds;

    /// <summary>Type and permission bits.</summary>
    public uint Mode;

    public uint LinkCount;
    public uint UserId;
    public uint GroupId;
    public uint Device;

    /// <summary>0 lets the kernel choose.</summary>
    public uint BlockSize;

    public uint Flags;
}
