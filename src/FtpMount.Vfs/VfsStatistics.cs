using FtpMount.Vfs.Content;

namespace FtpMount.Vfs;

/// <summary>A snapshot of the counters of a <see cref="VirtualFileSystem"/>. Counts of events are since the start.</summary>
public sealed record VfsStatistics
{
    /// <summary>Inodes in memory now.</summary>
    public int Nodes { get; init; }

    /// <summary>Files and directories open now.</summary>
    public int OpenHandles { get; init; }

    /// <summary>Directories whose listing is cached now.</summary>
    public int CachedDirectories { get; init; }

    /// <summary>Entries in the cached listings now.</summary>
    public int CachedEntries { get; init; }

    /// <summary>Lookups and attribute requests answered from memory.</summary>
    public long Hits { get; init; }

    /// <summary>Lookups and attribute requests that waited for the server.</summary>
    public long Misses { get; init; }

    /// <summary>Requests for one path sent to the server.</summary>
    public long Stats { get; init; }

    /// <summary>Listings asked of the server.</summary>
    public long Listings { get; init; }

    /// <summary>Listings asked for ahead of a program that walks through a tree.</summary>
    public long ListingsPrefetched { get; init; }

    /// <summary>Those among them that were wanted.</summary>
    public long ListingsPrefetchedUsed { get; init; }

    /// <summary>Small files fetched ahead of a program that reads a directory's files.</summary>
    public long FilesPrefetched { get; init; }

    /// <summary>Those among them that were wanted.</summary>
    public long FilesPrefetchedUsed { get; init; }

    /// <summary>Bytes of small files fetched ahead that nobody has wanted.</summary>
    public long BytesPrefetchedUnused { get; init; }

    /// <summary>Files with content that is not on the server yet.</summary>
    public int FilesPending { get; init; }

    /// <summary>Uploads finished.</summary>
    public long UploadsDone { get; init; }

    /// <summary>Attempts to upload that failed.</summary>
    public long UploadsFailed { get; init; }

    /// <summary>Files that were changed here and on the server, and what <see cref="VfsOptions.Conflict"/> says was done.</summary>
    public long Conflicts { get; init; }

    /// <summary>Bytes of finished uploads.</summary>
    public long BytesUploaded { get; init; }

    /// <summary>The content cache.</summary>
    public required ContentCacheStatistics Content { get; init; }
}
