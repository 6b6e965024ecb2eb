using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_open_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseOpenIn
{
    /// <summary>O_ flags of the architecture.</summary>
    public uint Flags;

    public uint OpenFlags;
}
