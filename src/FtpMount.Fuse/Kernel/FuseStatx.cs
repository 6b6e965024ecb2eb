using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_statx</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseStatx
{
    /// <summary>Which of the following are valid (STATX_ bits).</summary>
    public uint Mask;

    public uint BlockSize;
    public ulong Attributes;
    public uint LinkCount;
    public uint UserId;
    public uint GroupId;
    public ushort Mode;
    public ushort Spare0;
    public ulong Inode;
    public ulong Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public FuseStatxTime Accessed;
    public FuseStatxTime Created;
    public FuseStatxTime Changed;
    public FuseStatxTime Modified;
    public uint RootDeviceMajor;
    public uint RootDeviceMinor;
    public uint DeviceMajor;
    public uint DeviceMinor;
    public ulong Spare2;
    public ulong Spare3;
    public ulong Spare4;
    public ulong Spare5;
    public ulong Spare6;
    public ulong Spare7;
    public ulong Spare8;
    public ulong Spare9;
    public ulong Spare10;
    public ulong Spare11;
    public ulong Spare12;
    public ulong Spare13;
    public ulong Spare14;
    public ulong Spare15;
}
