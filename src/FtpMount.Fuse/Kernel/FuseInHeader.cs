using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_in_header</c>: the first bytes of every request.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInHeader
{
    /// <summary>Bytes of the whole request, this header included.</summary>
    public uint Length;

    /// <summary>See <see cref="FuseOpcode"/>.</summary>
    public uint Opcode;

    /// <summary>Names the request in its reply and in INTERRUPT.</summary>
    public ulong Unique;

    /// <summary>The inode the request is about.</summary>
    public ulong NodeId;

    /// <summary>Effective user of the caller.</summary>
    public uint UserId;

    /// <summary>Effective group of the caller.</summary>
    public uint GroupId;

    /// <summary>The calling thread's process; 0 for the kernel itself.</summary>
    public uint ProcessId;

    /// <summary>Length of the extensions at the end, in units of 8 bytes.</summary>
    public ushort TotalExtensionLength;

    public ushort Padding;
}
