using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_dirent</c> without its name; records are padded with zeroes to a multiple of 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseDirent
{
    public ulong Inode;

    /// <summary>The cookie of the next entry.</summary>
    public ulong Offset;

    public uint NameLength;

    /// <summary>DT_ value.</summary>
    public uint Type;
}
