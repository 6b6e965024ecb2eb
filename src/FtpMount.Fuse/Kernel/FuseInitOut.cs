using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_init_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInitOut
{
    public uint Major;
    public uint Minor;
    public uint MaximumReadahead;
    public uint Flags;

    /// <summary>Asynchronous requests (read-ahead, writeback) the kernel keeps in flight.</summary>
    public ushort MaximumBackground;

    public ushort CongestionThreshold;
    public uint MaximumWrite;

    /// <summary>In nanoseconds.</summary>
    public uint TimeGranularity;

    public ushort MaximumPages;
    public ushort MapAlignment;
    public uint Flags2;
    public uint MaximumStackDepth;
    public ushort RequestTimeout;
    public ushort Unused0;
    public uint Unused1;
    public ulong Unused2;
    public ulong Unused3;
}
