using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Native;

/// <summary>C's <c>struct cmsghdr</c> with room for one descriptor (SCM_RIGHTS).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlMessage
{
    public nuint Length;
    public int Level;
    public int Type;
    public int Descriptor;
    public int Padding;
}
