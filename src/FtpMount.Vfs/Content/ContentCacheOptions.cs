using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>The limits of a <see cref="ContentCache"/>.</summary>
public sealed record ContentCacheOptions
{
    /// <summary>The directory of the disk cache; made (0700) when it is missing. Two processes may name the same one: each then uses a part of its own.</summary>
    public required string Directory { get; init; }

    /// <summary>The most bytes of content held in memory, read-ahead included. At least 1 MiB is used.</summary>
    public long MemoryBytes { get; init; } = 128L << 20;

    /// <summary>The most bytes of content held on disk; 0 for none.</summary>
    public long DiskBytes { get; init; } = 10L << 30;

    /// <summary>Whether the content of a path stays on disk whatever else needs the room; null: none does.</summary>
    public Func<RemotePath, bool>? IsPinned { get; init; }

    /// <summary>How long a read goes on without progress, resuming broken transfers included, before its error reaches the caller.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most transfers that are kept open for sequential readers at one time; each holds a connection.</summary>
    public int MaximumStreams { get; init; } = 4;

    /// <summary>How long a transfer whose reader has stalled is kept open before its connection is given back.</summary>
    public TimeSpan StreamIdleTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
