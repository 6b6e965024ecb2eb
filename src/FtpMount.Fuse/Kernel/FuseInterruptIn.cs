using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_interrupt_in</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseInterruptIn
{
    /// <summary>The request to end.</summary>
    public ulong Unique;
}
