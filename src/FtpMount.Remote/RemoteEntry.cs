namespace FtpMount.Remote;

/// <summary>
/// What a server says of one name: one entry of a listing, or the answer to a stat. What it does not say is null, never a guess.
/// Immutable, so that it may be shared and cached.
/// </summary>
public sealed record RemoteEntry
{
    /// <summary>The name without its directory, valid by <see cref="RemotePath.IsValidName"/>; empty for the server's root.</summary>
    public required string Name { get; init; }

    /// <summary>What it is. A link is reported as a link where the server tells.</summary>
    public required RemoteKind Kind { get; init; }

    /// <summary>Length in bytes; null when unknown (always unknown or meaningless for directories). Never negative.</summary>
    public long? Size { get; init; }

    /// <summary>Last modification of the content.</summary>
    public RemoteTime? Modified { get; init; }

    /// <summary>Creation time, where the server tells.</summary>
    public RemoteTime? Created { get; init; }

    /// <summary>The permission bits (07777), where the server tells.</summary>
    public int? Mode { get; init; }

    /// <summary>Numeric owner on the server.</summary>
    public uint? UserId { get; init; }

    /// <summary>Numeric group on the server.</summary>
    public uint? GroupId { get; init; }

    /// <summary>Owner's name on the server.</summary>
    public string? Owner { get; init; }

    /// <summary>Group's name on the server.</summary>
    public string? Group { get; init; }

    /// <summary>The target of a symbolic link exactly as the server gives it; null when unknown.</summary>
    public string? LinkTarget { get; init; }

    /// <summary>The server's identity of the object (MLSD fact <c>unique</c>): equal for two names of one file, stable across renames.</summary>
    public string? UniqueId { get; init; }

    /// <summary>How many names the file has (hard links), where the server tells; at least 1.</summary>
    public int? LinkCount { get; init; }

    /// <summary>What this user may do with it (MLSD fact <c>perm</c>); null when the server does not tell.</summary>
    public RemotePermissions? Permissions { get; init; }
}
