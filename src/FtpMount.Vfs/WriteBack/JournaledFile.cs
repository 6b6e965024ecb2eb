using FtpMount.Remote;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.WriteBack;

/// <summary>What the journal keeps of one file with content that is not on the server.</summary>
internal sealed record JournaledFile
{
    /// <summary>Its number in the journal, never used again.</summary>
    public required long Id { get; init; }

    /// <summary>Where it belongs on the server.</summary>
    public required RemotePath Path { get; init; }

    /// <summary>The name of the staging file in the staging folder.</summary>
    public required string Staging { get; init; }

    /// <summary>What the server had when the edit began; null: nothing.</summary>
    public FileVersion? Base { get; init; }

    /// <summary>The permission bits of the base, where the server tells them.</summary>
    public int? BaseMode { get; init; }

    /// <summary>How many names the base has (hard links), where that is known: with several it is written where it is instead of being replaced.</summary>
    public int? BaseLinkCount { get; init; }

    /// <summary>How many bytes from the start on come from the base where <see cref="Extents"/> does not hold them; 0: the staging file is whole.</summary>
    public long VisibleBase { get; init; }

    /// <summary>What was written below <see cref="VisibleBase"/>.</summary>
    public IReadOnlyList<ByteRange> Extents { get; init; } = [];

    /// <summary>Permission bits that were set here.</summary>
    public int? Mode { get; init; }

    /// <summary>A modification time that was set here; null: that of the staging file.</summary>
    public DateTime? Modified { get; init; }

    /// <summary>Whether it is to be uploaded.</summary>
    public JournaledState State { get; init; }

    /// <summary>Attempts to upload it that failed in a row.</summary>
    public int Attempts { get; init; }

    /// <summary>Why the last one failed.</summary>
    public string? Error { get; init; }

    /// <summary>Length and checksum of what was last forced to disk; null before.</summary>
    public JournalSeal? Seal { get; init; }

    /// <summary>What of the staging file counts: all of it when it is whole, otherwise what was written, and everything behind the base.</summary>
    /// <param name="length">The staging file's length.</param>
    public IReadOnlyList<ByteRange> Ranges(long length) => StagingFile.CountingRanges(VisibleBase, Extents, length);

    /// <summary>As the queue shows it.</summary>
    /// <param name="stagingDirectory">Where the staging files are.</param>
    public PendingUpload AsPending(string stagingDirectory)
    {
        var staging = new FileInfo(System.IO.Path.Combine(stagingDirectory, Staging));
        return new PendingUpload(Path, staging.Exists ? staging.Length : Seal?.Length ?? 0, 0, Error)
        {
            Id = Id,
            Attempts = Attempts,
            State = State switch
            {
                JournaledState.Torn => PendingUploadState.Torn,
                JournaledState.Refused => PendingUploadState.Refused,
                _ => Attempts > 0 ? PendingUploadState.Failed : PendingUploadState.Waiting,
            },
        };
    }
}
