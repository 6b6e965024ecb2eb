namespace FtpMount.Vfs;

/// <summary>How a <see cref="VirtualFileSystem"/> caches, stores and shows.</summary>
public sealed record VfsOptions
{
    /// <summary>The directory of the content cache; may be deleted at any time while no mount runs.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>The directory of what must survive: the files that are being written (below <c>staging</c>).</summary>
    public required string StateDirectory { get; init; }

    /// <summary>The most bytes of content cached on disk.</summary>
    public long CacheBytes { get; init; } = 10L << 30;

    /// <summary>The most bytes of content cached in memory.</summary>
    public long MemoryBytes { get; init; } = 128L << 20;

    /// <summary>How long attributes are believed after the server told them.</summary>
    public TimeSpan AttributeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the list of a directory's names is believed after the server told it.</summary>
    public TimeSpan DirectoryTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long it is believed that a name does not exist.</summary>
    public TimeSpan NegativeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most entries of directory listings held in memory, all directories together. A larger directory is read but not kept.</summary>
    public int CachedEntries { get; init; } = 200_000;

    /// <summary>Whether what a program is about to want is fetched before it asks: listings ahead of a walk, small files ahead of a reader.</summary>
    public bool Prefetch { get; init; } = true;

    /// <summary>The most bytes of content that are here and not on the server yet; null: as much as the disk holds.</summary>
    public long? WriteBytes { get; init; }

    /// <summary>What is done while the server cannot be reached.</summary>
    public VfsOfflineMode Offline { get; init; }

    /// <summary>Refuses every change with EROFS.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Shows the owner and group that the server tells, and lets them be changed where it can; <see cref="UserId"/> and <see cref="GroupId"/> are then for what it does not tell.
    /// </summary>
    public bool OwnersFromServer { get; init; }

    /// <summary>The owner shown for everything.</summary>
    public uint UserId { get; init; }

    /// <summary>The group shown for everything.</summary>
    public uint GroupId { get; init; }

    /// <summary>Permission bits that are taken away from what is shown (0777); null takes none.</summary>
    public int? Umask { get; init; }

    /// <summary>How long a closed file stays unchanged before its upload starts.</summary>
    public TimeSpan WriteBack { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a close waits for.</summary>
    public VfsCloseMode Close { get; init; }

    /// <summary>What fsync(2), and each write of a file opened with O_SYNC, waits for.</summary>
    public VfsSyncMode Sync { get; init; }

    /// <summary>What becomes of a file that was changed here and on the server.</summary>
    public VfsConflictMode Conflict { get; init; }

    /// <summary>Under which name content is on the server while it is being sent.</summary>
    public VfsUploadMode Upload { get; init; }

    /// <summary>This machine's name, in the names of second versions.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>How long a call goes on without progress.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Compares a checksum of every upload with the server's, where the server computes one; otherwise the size only.</summary>
    public bool VerifyChecksums { get; init; }
}
