namespace FtpMount.Remote;

/// <summary>What a server can do, as announced or learned. Those that depend on the user's rights count as present until refused.</summary>
[Flags]
public enum RemoteCapabilities
{
    /// <summary>Reading only.</summary>
    None = 0,

    /// <summary>The modification time can be set.</summary>
    SetModified = 1 << 0,

    /// <summary>Permission bits can be set.</summary>
    SetMode = 1 << 1,

    /// <summary>Owner and group can be set.</summary>
    SetOwner = 1 << 2,

    /// <summary>Symbolic links can be made.</summary>
    Symlinks = 1 << 3,

    /// <summary>Hard links can be made.</summary>
    HardLinks = 1 << 4,

    /// <summary>A rename replaces an existing file in one step.</summary>
    AtomicReplace = 1 << 5,

    /// <summary>A range of a file can be replaced in place (<see cref="StoreMode.Patch"/>).</summary>
    Patch = 1 << 6,

    /// <summary>An interrupted store can be resumed.</summary>
    ResumeStore = 1 << 7,

    /// <summary>One path can be asked for without listing its parent, with all that a listing tells.</summary>
    FullStat = 1 << 8,

    /// <summary>Space can be asked for.</summary>
    Space = 1 << 9,

    /// <summary>The length of a file can be set without sending it anew.</summary>
    SetSize = 1 << 10,

    /// <summary>The server copies a file by itself (<see cref="IRemoteFileSystem.CopyAsync"/>).</summary>
    Copy = 1 << 11,

    /// <summary>The modification time of a symbolic link itself can be set.</summary>
    SetLinkModified = 1 << 12,
}
