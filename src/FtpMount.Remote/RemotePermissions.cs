namespace FtpMount.Remote;

/// <summary>What the logged-in user may do with an entry (RFC 3659 section 7.5.5, the fact <c>perm</c>).</summary>
[Flags]
public enum RemotePermissions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>a</c>: APPE may be applied to this file.</summary>
    Append = 1 << 0,

    /// <summary><c>c</c>: files may be created in this directory.</summary>
    CreateFile = 1 << 1,

    /// <summary><c>d</c>: this may be deleted.</summary>
    Delete = 1 << 2,

    /// <summary><c>e</c>: this directory may be entered.</summary>
    Enter = 1 << 3,

    /// <summary><c>f</c>: this may be renamed.</summary>
    Rename = 1 << 4,

    /// <summary><c>l</c>: this directory may be listed.</summary>
    List = 1 << 5,

    /// <summary><c>m</c>: directories may be created in this directory.</summary>
    CreateDirectory = 1 << 6,

    /// <summary><c>p</c>: what this directory holds may be deleted.</summary>
    Purge = 1 << 7,

    /// <summary><c>r</c>: this file may be retrieved.</summary>
    Read = 1 << 8,

    /// <summary><c>w</c>: this file may be stored over.</summary>
    Write = 1 << 9,
}
