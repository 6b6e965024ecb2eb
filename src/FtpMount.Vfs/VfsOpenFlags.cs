namespace FtpMount.Vfs;

/// <summary>How a file is opened (POSIX open(2)), neutral of the platform's numbers.</summary>
[Flags]
public enum VfsOpenFlags
{
    /// <summary>Neither reading nor writing.</summary>
    None = 0,

    /// <summary>For reading.</summary>
    Read = 1 << 0,

    /// <summary>For writing.</summary>
    Write = 1 << 1,

    /// <summary>O_APPEND: every write goes to the end.</summary>
    Append = 1 << 2,

    /// <summary>O_TRUNC: the length becomes 0.</summary>
    Truncate = 1 << 3,

    /// <summary>O_EXCL: fails when the name exists (with create).</summary>
    Exclusive = 1 << 4,

    /// <summary>O_SYNC or O_DSYNC: every write returns when it is on the server.</summary>
    Synchronous = 1 << 5,

    /// <summary>O_DIRECT: the kernel's page cache is not used.</summary>
    Direct = 1 << 6,
}
