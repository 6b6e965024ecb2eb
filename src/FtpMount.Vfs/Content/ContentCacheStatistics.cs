namespace FtpMount.Vfs.Content;

/// <summary>A snapshot of the counters of a <see cref="ContentCache"/>. All counts are since the start.</summary>
public sealed record ContentCacheStatistics
{
    /// <summary>Bytes of block memory in use now, read-ahead included.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Bytes of content on disk now.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Files with content on disk now.</summary>
    public int DiskFiles { get; init; }

    /// <summary>Reads answered wholly from memory or disk.</summary>
    public long Hits { get; init; }

    /// <summary>Reads that waited for the server.</summary>
    public long Misses { get; init; }

    /// <summary>Bytes received from the server.</summary>
    public long BytesFetched { get; init; }

    /// <summary>Transfers started.</summary>
    public long TransfersOpened { get; init; }

    /// <summary>Transfers of sequential readers that are open now.</summary>
    public int StreamsOpen { get; init; }

    /// <summary>Bytes that were not stored on disk because the disk could not keep up or was full.</summary>
    public long BytesNotStored { get; init; }
}
