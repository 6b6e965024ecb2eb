namespace FtpMount.Sftp;

/// <summary>How numeric owners on the server become owners here, and back.</summary>
public enum IdMap
{
    /// <summary>All files show the owner of the mount; chown to that owner changes nothing, other owners cannot be set.</summary>
    User,

    /// <summary>The numbers of the server are shown and set as they are.</summary>
    None,
}
