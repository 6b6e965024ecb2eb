using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary><c>struct statx</c> of <c>linux/stat.h</c>: the one stat structure that is the same on all architectures.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
public struct FileStatus
{
    public uint Mask;
    public uint BlockSize;
    public ulong Attributes;
    public uint LinkCount;
    public uint UserId;
    public uint GroupId;
    public ushort Mode;
    private readonly ushort _spare;
    public ulong Inode;
    public long Size;
    public ulong Blocks;
    public ulong AttributesMask;
    public FileTime Accessed;
    public FileTime Created;
    public FileTime Changed;
    public FileTime Modified;

    /// <summary>S_IFMT of <see cref="Mode"/>.</summary>
    public readonly int Kind => Mode & 0xF000;

    /// <summary>The permission bits of <see cref="Mode"/>.</summary>
    public readonly int Permissions => Mode & 0xFFF;

    /// <summary>S_ISREG.</summary>
    public readonly bool IsFile => Kind == 0x8000;

    /// <summary>S_ISDIR.</summary>
    public readonly bool IsDirectory => Kind == 0x4000;
}
