namespace FtpMount.Vfs;

/// <summary>What <c>chmod</c>, <c>chown</c>, <c>truncate</c> and <c>utimensat</c> ask for; null means unchanged.</summary>
public readonly record struct VfsAttributeChange
{
    /// <summary>New permission bits (07777).</summary>
    public int? Mode { get; init; }

    /// <summary>New owner.</summary>
    public uint? UserId { get; init; }

    /// <summary>New group.</summary>
    public uint? GroupId { get; init; }

    /// <summary>New length in bytes.</summary>
    public long? Size { get; init; }

    /// <summary>New access time (UTC).</summary>
    public DateTime? Accessed { get; init; }

    /// <summary>New modification time (UTC). The caller has already put the present time where "now" was asked for.</summary>
    public DateTime? Modified { get; init; }
}
