namespace FtpMount.Fuse;

/// <summary>How and where to mount.</summary>
public sealed record FuseMountOptions
{
    /// <summary>The directory to mount on; absolute or relative to the working directory.</summary>
    public required string MountPoint { get; init; }

    /// <summary>What is mounted, as <c>df</c> and <c>/proc/mounts</c> show it to everybody. Never with a password.</summary>
    public string Source { get; init; } = "ftpmount";

    /// <summary>The type is shown as <c>fuse.</c> and this.</summary>
    public string SubType { get; init; } = "ftpmount";

    /// <summary>Whether other users than the one who mounts may use it. Ordinary users need <c>user_allow_other</c> in <c>/etc/fuse.conf</c>.</summary>
    public bool AllowOther { get; init; }

    /// <summary>Whether the kernel checks permissions by owner, group and mode.</summary>
    public bool DefaultPermissions { get; init; }

    /// <summary>Whether the kernel refuses everything that changes.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Whether the mount point may hold files, which the mount then hides.</summary>
    public bool AllowNonEmpty { get; init; }

    /// <summary>
    /// How far the kernel reads ahead in a file that is read through its page cache, in KiB; set when mounting as root. The kernel's
    /// default of 128 is too little for a network.
    /// </summary>
    public int ReadAheadKiB { get; init; } = 1024;

    /// <summary>How many asynchronous requests (read-ahead, writes of shared mappings) the kernel keeps in flight; 1 to 65535.</summary>
    public int MaximumBackground { get; init; } = 128;

    /// <summary>Threads that take requests from the kernel; 1 to 16. What waits for the network does not hold one.</summary>
    public int ReaderThreads { get; init; } = 2;

    /// <summary>How long the kernel and <c>fusermount3</c> may take to mount.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long <see cref="FuseMount.DisposeAsync"/> waits for programs that use the mount before it aborts the connection.</summary>
    public TimeSpan AbortAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock that "now" is taken from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
