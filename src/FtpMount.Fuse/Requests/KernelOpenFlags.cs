using System.Runtime.InteropServices;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <summary>The O_ flags of open(2). Most are the same everywhere; O_DIRECT differs between x86 and Arm.</summary>
internal static class KernelOpenFlags
{
    private const uint AccessMask = 3;
    private const uint WriteOnly = 1;
    private const uint ReadWrite = 2;
    private const uint Exclusive = 0x80;
    private const uint Truncate = 0x200;

    /// <summary>O_DSYNC; O_SYNC includes it.</summary>
    private const uint DataSynchronous = 0x1000;

    private static readonly uint Direct = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 ? 0x10000u : 0x4000u;

    /// <summary>
    /// The flags by their meaning. O_APPEND is left out on purpose: the kernel itself gives each write of an appending handle the offset of the end, under the inode's
    /// lock, and it writes pages of a shared mapping back, at their own offsets, through any writable handle of the inode, an appending one too.
    /// </summary>
    public static VfsOpenFlags ToVfs(uint flags)
    {
        var result = (flags & AccessMask) switch
        {
            0 => VfsOpenFlags.Read,
            WriteOnly => VfsOpenFlags.Write,
            ReadWrite => VfsOpenFlags.Read | VfsOpenFlags.Write,
            _ => VfsOpenFlags.None,
        };
        if ((flags & Truncate) != 0)
            result |= VfsOpenFlags.Truncate;
        if ((flags & Exclusive) != 0)
            result |= VfsOpenFlags.Exclusive;
        if ((flags & DataSynchronous) != 0)
            result |= VfsOpenFlags.Synchronous;
        if ((flags & Direct) != 0)
            result |= VfsOpenFlags.Direct;
        return result;
    }
}
