namespace FtpMount.Vfs;

/// <summary>Linux renameat2(2) flags.</summary>
[Flags]
public enum VfsRenameFlags
{
    /// <summary>A target is replaced.</summary>
    None = 0,

    /// <summary>RENAME_NOREPLACE: a target is an error.</summary>
    NoReplace = 1,

    /// <summary>RENAME_EXCHANGE: both names change places.</summary>
    Exchange = 2,
}
