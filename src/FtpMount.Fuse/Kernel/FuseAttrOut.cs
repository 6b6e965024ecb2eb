using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_attr_out</c>: reply to GETATTR and SETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseAttrOut
{
    public ulong ValidSeconds;
    public uint ValidNanoseconds;
    public uint Padding;
    public FuseAttr Attributes;
}
