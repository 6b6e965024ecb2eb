using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_notify_inval_inode_out</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseNotifyInvalInodeOut
{
    public ulong Inode;

    /// <summary>Below 0: attributes only.</summary>
    public long Offset;

    /// <summary>0 or less: to the end.</summary>
    public long Length;
}
