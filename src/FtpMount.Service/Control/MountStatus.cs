using System.Text.Json.Serialization;

namespace FtpMount.Service.Control;

/// <summary>One mount as <c>ftpmount status --json</c> shows it; docs/CONFIGURATION.md describes the fields. Fields are added, never changed.</summary>
public sealed record MountStatus
{
    /// <summary>Where it is mounted.</summary>
    public required string MountPoint { get; init; }

    /// <summary>What is mounted, without secrets.</summary>
    public required string Url { get; init; }

    /// <summary>The folder on the server that is mounted.</summary>
    public string? Root { get; init; }

    /// <summary>How it is.</summary>
    public required MountState State { get; init; }

    /// <summary>The process that serves it.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The user whose mount it is.</summary>
    public uint? UserId { get; init; }

    /// <summary>Since when, in UTC.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Since when the server cannot be reached, in UTC; null while it can.</summary>
    public DateTimeOffset? OfflineSince { get; init; }

    /// <summary>Whether it is read-only.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>What the server says it is.</summary>
    public string? Server { get; init; }

    /// <summary>The connections to it.</summary>
    public ConnectionStatus? Connections { get; init; }

    /// <summary>The cached content.</summary>
    public CacheStatus? Cache { get; init; }

    /// <summary>What was fetched before anybody asked for it.</summary>
    public PrefetchStatus? Prefetch { get; init; }

    /// <summary>The paths on the server whose content is kept here.</summary>
    public IReadOnlyList<string>? Pinned { get; init; }

    /// <summary>What is not on the server yet.</summary>
    public UploadQueueStatus? Uploads { get; init; }

    /// <summary>Files that were changed here and on the server, of which both versions are there.</summary>
    public IReadOnlyList<ConflictStatus>? Conflicts { get; init; }

    /// <summary>Bytes of content received from the server since the start.</summary>
    public long? BytesReceived { get; init; }

    /// <summary>Bytes of content sent to the server since the start.</summary>
    public long? BytesSent { get; init; }

    /// <summary>The last error, in words.</summary>
    public string? LastError { get; init; }

    /// <summary>Whether anybody's process answers for it.</summary>
    [JsonIgnore]
    public bool Answers => State is MountState.Mounted or MountState.Offline or MountState.Unmounting;
}
