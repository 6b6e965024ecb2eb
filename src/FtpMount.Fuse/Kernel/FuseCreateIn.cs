using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_create_in</c>, followed by the name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseCreateIn
{
    /// <summary>O_ flags of the architecture.</summary>
    public uint Flags;

    public uint Mode;
    public uint Umask;
    public uint OpenFlags;
}
