using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_direntplus</c> without its name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseDirentPlus
{
    public FuseEntryOut Entry;
    public FuseDirent Dirent;
}
