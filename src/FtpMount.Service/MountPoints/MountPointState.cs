namespace FtpMount.Service.MountPoints;

/// <summary>What asking a mount for its root gives.</summary>
public enum MountPointState
{
    /// <summary>It answers.</summary>
    Alive,

    /// <summary>The process that served it is gone (ENOTCONN).</summary>
    Stale,

    /// <summary>It is there but this user may not look into it (a FUSE mount of another user).</summary>
    Private,

    /// <summary>It does not answer within the deadline.</summary>
    Hung,
}
