using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_forget_one</c>: an element of BATCH_FORGET.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseForgetOne
{
    public ulong NodeId;
    public ulong Lookups;
}
