namespace FtpMount.Sftp;

/// <summary>The ways of <see cref="IdMap"/>.</summary>
public enum IdMapKind
{
    /// <summary>What belongs to the user who is logged in there belongs to the mount's user here, and the other way round; other numbers are shown and set as they are.</summary>
    User,

    /// <summary>All numbers are shown and set as they are.</summary>
    None,

    /// <summary>As files say.</summary>
    File,
}
