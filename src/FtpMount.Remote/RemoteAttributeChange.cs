namespace FtpMount.Remote;

/// <summary>Attributes to be changed; null means unchanged.</summary>
public sealed record RemoteAttributeChange
{
    /// <summary>New modification time.</summary>
    public DateTimeOffset? Modified { get; init; }

    /// <summary>New access time.</summary>
    public DateTimeOffset? Accessed { get; init; }

    /// <summary>New creation time.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>New permission bits (07777).</summary>
    public int? Mode { get; init; }

    /// <summary>New numeric owner.</summary>
    public uint? UserId { get; init; }

    /// <summary>New numeric group.</summary>
    public uint? GroupId { get; init; }

    /// <summary>New length in bytes; longer files are filled with zeroes.</summary>
    public long? Size { get; init; }
}
