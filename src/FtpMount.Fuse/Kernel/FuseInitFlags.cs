namespace FtpMount.Fuse.Kernel;

/// <summary>Flags of INIT; bits 32 and above travel in <c>flags2</c>, which counts only with <see cref="InitExt"/>.</summary>
[Flags]
internal enum FuseInitFlags : ulong
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>Several reads of one file at a time.</summary>
    AsyncRead = 1UL << 0,

    /// <summary>OPEN carries O_TRUNC itself.</summary>
    AtomicOpenTruncate = 1UL << 3,

    /// <summary>Writes above one page.</summary>
    BigWrites = 1UL << 5,

    /// <summary>Pages are dropped on any change of mtime. Never taken: times over FTP may have the granularity of a minute.</summary>
    AutoInvalidateData = 1UL << 12,

    /// <summary>READDIRPLUS is answered.</summary>
    DoReaddirplus = 1UL << 13,

    /// <summary>The kernel chooses between READDIR and READDIRPLUS.</summary>
    ReaddirplusAuto = 1UL << 14,

    /// <summary>Several direct reads or writes at a time.</summary>
    AsyncDirectIo = 1UL << 15,

    /// <summary>The kernel owns size and mtime. Never taken.</summary>
    WritebackCache = 1UL << 16,

    /// <summary>Lookups and listings of one directory at the same time.</summary>
    ParallelDirectoryOperations = 1UL << 18,

    /// <summary>The reply names the pages of the biggest request.</summary>
    MaximumPages = 1UL << 22,

    /// <summary>Targets of links are cached.</summary>
    CacheSymlinks = 1UL << 23,

    /// <summary>Pages are dropped only when told so.</summary>
    ExplicitInvalidateData = 1UL << 25,

    /// <summary>Writes, truncations and changes of owner take set-user-ID and set-group-ID away here, so that the kernel asks for security.capability once a file and not with every write.</summary>
    HandleKillPrivilegesV2 = 1UL << 28,

    /// <summary>SETXATTR has its long form.</summary>
    SetxattrExt = 1UL << 29,

    /// <summary>The flags2 fields count.</summary>
    InitExt = 1UL << 30,

    /// <summary>INVAL_ENTRY knows FUSE_EXPIRE_ONLY.</summary>
    HasExpireOnly = 1UL << 35,

    /// <summary>Shared mappings of files opened with FOPEN_DIRECT_IO.</summary>
    DirectIoAllowMmap = 1UL << 36,
}
