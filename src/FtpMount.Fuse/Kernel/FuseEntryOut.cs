using System.Runtime.InteropServices;

namespace FtpMount.Fuse.Kernel;

/// <summary>Kernel structure <c>fuse_entry_out</c>: reply to whatever makes or finds a name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FuseEntryOut
{
    /// <summary>0 is a negative entry.</summary>
    public ulong NodeId;

    public ulong Generation;
    public ulong EntryValidSeconds;
    public ulong AttributeValidSeconds;
    public uint EntryValidNanoseconds;
    public uint AttributeValidNanoseconds;
    public FuseAttr Attributes;
}
