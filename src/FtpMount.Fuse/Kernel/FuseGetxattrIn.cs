using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_getxattr_in</c>: GETXATTR (followed by the name) and LISTXATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseGetxattrIn
{
    /// <summary>Room for the answer; 0 asks for its length.</summary>
    public uint Size;

    public uint Padding;
}
