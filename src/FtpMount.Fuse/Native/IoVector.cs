using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Native;

/// <summary>C's <c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;
}
