namespace FtpMount.Ftp.Listing;

/// <summary>What the fact <c>type</c> of an MLSD or MLST line says (RFC 3659 section 7.5.1).</summary>
public enum MlsxType
{
    /// <summary><c>file</c>, or no type fact.</summary>
    File,

    /// <summary><c>dir</c>: a directory inside the listed one, or the one that was asked for with MLST.</summary>
    Directory,

    /// <summary><c>cdir</c>: the listed directory itself, or what MLST was asked for.</summary>
    CurrentDirectory,

    /// <summary><c>pdir</c>: a directory above the listed one.</summary>
    ParentDirectory,

    /// <summary><c>OS.unix=slink:target</c>, <c>OS.unix=symlink</c> and the like.</summary>
    Symlink,

    /// <summary>Any other OS-dependent type: device, socket, pipe.</summary>
    Other,
}
