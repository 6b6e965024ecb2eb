using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_setxattr_in</c> without FUSE_SETXATTR_EXT, followed by name and value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseSetxattrIn
{
    public uint Size;

    /// <summary>XATTR_CREATE 1, XATTR_REPLACE 2.</summary>
    public uint Flags;
}
