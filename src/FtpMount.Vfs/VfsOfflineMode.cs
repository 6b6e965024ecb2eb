namespace FtpMount.Vfs;

/// <summary>What a mount does while its server cannot be reached.</summary>
public enum VfsOfflineMode
{
    /// <summary>What is known of names, attributes and contents is shown although it may have changed meanwhile; what is written goes into the journal and is sent later.</summary>
    ReadWrite = 0,

    /// <summary>As <see cref="ReadWrite"/>, and every change is refused with EROFS.</summary>
    ReadOnly,

    /// <summary>What is known is believed for no longer than otherwise; what the server must be asked for fails.</summary>
    Fail,
}
