using System.Runtime.InteropServices;

namespace FtpMount.Service.Posix;

/// <summary>
/// The fields that are used of <c>struct statx</c> (linux/stat.h, 256 bytes). Unlike <c>struct stat</c> its layout is the same on every architecture.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    /// <summary>stx_uid.</summary>
    [FieldOffset(20)]
    internal uint UserId;

    /// <summary>stx_mode: type and permission bits.</summary>
    [FieldOffset(28)]
    internal ushort Mode;
}
