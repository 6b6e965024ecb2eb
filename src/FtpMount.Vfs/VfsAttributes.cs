using FtpMount.Remote;

namespace FtpMount.Vfs;

/// <summary>The attributes of an inode as a program sees them (POSIX <c>struct stat</c>). Times are 100 ns ticks of <see cref="DateTime"/> in UTC.</summary>
public readonly record struct VfsAttributes
{
    /// <summary><c>st_ino</c>: stable for the life of the mount.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The kind of object.</summary>
    public required RemoteKind Kind { get; init; }

    /// <summary>Length in bytes (for a link, of its target).</summary>
    public long Size { get; init; }

    /// <summary>Permission bits (07777), the mount's umask applied.</summary>
    public required int Mode { get; init; }

    /// <summary><c>st_nlink</c>.</summary>
    public uint LinkCount { get; init; }

    /// <summary>Owner as shown.</summary>
    public uint UserId { get; init; }

    /// <summary>Group as shown.</summary>
    public uint GroupId { get; init; }

    /// <summary>Last modification.</summary>
    public DateTime Modified { get; init; }

    /// <summary>Last access (never asked of the server: the modification time, or what utimens set).</summary>
    public DateTime Accessed { get; init; }

    /// <summary>Last change of the inode.</summary>
    public DateTime Changed { get; init; }

    /// <summary>Creation, where known.</summary>
    public DateTime? Created { get; init; }
}
