using FtpMount.Fuse.Kernel;
using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <summary>Attributes and entries in the kernel's structures.</summary>
internal static class KernelAttributes
{
    private const uint TypeSocket = 0xC000;
    private const uint TypeLink = 0xA000;
    private const uint TypeRegular = 0x8000;
    private const uint TypeDirectory = 0x4000;
    private const uint PermissionBits = 0xFFF;
    private const uint TypeMask = 0xF000;
    private const int TypeShift = 12;
    private const int BlockShift = 9;
    private const uint BlockSize = 4096;

    private const uint StatxBasic = 0x7FF;
    private const uint StatxCreated = 0x800;

    /// <summary>
    /// <c>st_mode</c>. What is neither file, directory nor link is shown as a socket: opening it fails at once (ENXIO), where opening
    /// a pipe would wait for ever.
    /// </summary>
    public static uint Mode(in VfsAttributes attributes) => TypeBits(attributes.Kind) | ((uint)attributes.Mode & PermissionBits);

    /// <summary>The DT_ value of readdir(3).</summary>
    public static uint DirentType(RemoteKind kind) => TypeBits(kind) >> TypeShift;

    /// <summary>Whether a mode names a regular file (0 does, for mknod).</summary>
    public static bool IsRegular(uint mode) => (mode & TypeMask) is 0 or TypeRegular;

    /// <summary>The permission bits of a mode.</summary>
    public static int Permissions(uint mode) => (int)(mode & PermissionBits);

    /// <summary><c>fuse_attr</c>.</summary>
    public static FuseAttr ToAttr(in VfsAttributes attributes)
    {
        var (accessed, accessedNanoseconds) = KernelTime.From(attributes.Accessed);
        var (modified, modifiedNanoseconds) = KernelTime.From(attributes.Modified);
        var (changed, changedNanoseconds) = KernelTime.From(attributes.Changed);
        return new FuseAttr
        {
            Inode = attributes.Inode,
            Size = (ulong)attributes.Size,
            Blocks = Blocks(attributes.Size),
            AccessSeconds = accessed,
            AccessNanoseconds = accessedNanoseconds,
            ModifySeconds = modified,
            ModifyNanoseconds = modifiedNanoseconds,
            ChangeSeconds = changed,
            ChangeNanoseconds = changedNanoseconds,
            Mode = Mode(attributes),
            LinkCount = attributes.LinkCount,
            UserId = attributes.UserId,
            GroupId = attributes.GroupId,
            BlockSize = BlockSize,
        };
    }

    /// <summary><c>fuse_attr_out</c>.</summary>
    public static FuseAttrOut ToAttrOut(in VfsAttributeReply reply)
    {
        var (seconds, nanoseconds) = KernelTime.From(reply.Timeout);
        return new FuseAttrOut { ValidSeconds = seconds, ValidNanoseconds = nanoseconds, Attributes = ToAttr(reply.Attributes) };
    }

    /// <summary><c>fuse_entry_out</c>; node 0 is a negative entry, which only its time-out describes.</summary>
    public static FuseEntryOut ToEntryOut(in VfsEntry entry)
    {
        var (seconds, nanoseconds) = KernelTime.From(entry.EntryTimeout);
        if (entry.Node.IsNone)
            return new FuseEntryOut { EntryValidSeconds = seconds, EntryValidNanoseconds = nanoseconds };
        var (attributeSeconds, attributeNanoseconds) = KernelTime.From(entry.AttributeTimeout);
        return new FuseEntryOut
        {
            NodeId = entry.Node.Value,
            Generation = entry.Generation,
            EntryValidSeconds = seconds,
            EntryValidNanoseconds = nanoseconds,
            AttributeValidSeconds = attributeSeconds,
            AttributeValidNanoseconds = attributeNanoseconds,
            Attributes = ToAttr(entry.Attributes),
        };
    }

    /// <summary><c>fuse_statx_out</c>; the creation time only where it is known.</summary>
    public static FuseStatxOut ToStatxOut(in VfsAttributeReply reply)
    {
        var attributes = reply.Attributes;
        var (seconds, nanoseconds) = KernelTime.From(reply.Timeout);
        return new FuseStatxOut
        {
            ValidSeconds = seconds,
            ValidNanoseconds = nanoseconds,
            Stat = new FuseStatx
            {
                Mask = StatxBasic | (attributes.Created is null ? 0 : StatxCreated),
                BlockSize = BlockSize,
                LinkCount = attributes.LinkCount,
                UserId = attributes.UserId,
                GroupId = attributes.GroupId,
                Mode = (ushort)Mode(attributes),
                Inode = attributes.Inode,
                Size = (ulong)attributes.Size,
                Blocks = Blocks(attributes.Size),
                Accessed = KernelTime.ToStatx(attributes.Accessed),
                Created = attributes.Created is { } created ? KernelTime.ToStatx(created) : default,
                Changed = KernelTime.ToStatx(attributes.Changed),
                Modified = KernelTime.ToStatx(attributes.Modified),
            },
        };
    }

    private static ulong Blocks(long size) => ((ulong)size + ((1UL << BlockShift) - 1)) >> BlockShift;

    private static uint TypeBits(RemoteKind kind) => kind switch
    {
        RemoteKind.File => TypeRegular,
        RemoteKind.Directory => TypeDirectory,
        RemoteKind.Symlink => TypeLink,
        _ => TypeSocket,
    };
}
