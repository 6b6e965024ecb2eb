using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_out_header</c>: the first bytes of every reply and notification.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseOutHeader
{
    /// <summary>Bytes of the whole frame, this header included.</summary>
    public uint Length;

    /// <summary>0, or a negated errno above -512; in a notification its <see cref="FuseNotifyCode"/>.</summary>
    public int Error;

    /// <summary>That of the request; 0 in a notification.</summary>
    public ulong Unique;
}
