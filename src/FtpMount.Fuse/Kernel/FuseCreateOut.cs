using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_entry_out</c> and fuse_open_out together: reply to CREATE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseCreateOut
{
    public FuseEntryOut Entry;
    public FuseOpenOut Open;
}
