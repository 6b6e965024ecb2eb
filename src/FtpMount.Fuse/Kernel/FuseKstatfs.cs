using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_kstatfs</c>: reply to STATFS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseKstatfs
{
    /// <summary>In units of <see cref="FragmentSize"/>.</summary>
    public ulong Blocks;

    public ulong FreeBlocks;
    public ulong AvailableBlocks;
    public ulong Files;
    public ulong FreeFiles;
    public uint BlockSize;
    public uint NameLength;
    public uint FragmentSize;
    public uint Padding;
    public uint Spare0;
    public uint Spare1;
    public uint Spare2;
    public uint Spare3;
    public uint Spare4;
    public uint Spare5;
}
