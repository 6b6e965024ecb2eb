namespace FtpMount.Vfs.Prefetch;

/// <summary>The orders in which programs go through the files of a directory.</summary>
internal enum FolderOrder
{
    /// <summary>As the directory lists them: grep -r, tar, shells' loops over readdir.</summary>
    Listing,

    /// <summary>By name: file managers, git, shells' wildcards.</summary>
    Name,

    /// <summary>By inode number: cp -r, rm -r and others that sort so in the hope of fewer disk seeks.</summary>
    Inode,
}
