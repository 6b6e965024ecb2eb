using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Namespace;

/// <summary>What a file node has besides its name: its staging file, its open handles and its upload.</summary>
internal sealed class FileState
{
    private volatile StagingFile? _staging;

    /// <summary>
    /// Guards <see cref="Staging"/> against a write that is just landing in it. Taken after the table's gate, never before.
    /// </summary>
    public Lock WriteGate { get; } = new();

    /// <summary>The edited content; shared by all handles. Set under the table's gate and <see cref="WriteGate"/>, read anywhere.</summary>
    public StagingFile? Staging
    {
        get => _staging;
        set => _staging = value;
    }

    /// <summary>Staging files that were superseded while reads may still be running on them; disposed with the last handle.</summary>
    public List<StagingFile> Retired { get; } = [];

    public List<FileHandle> Handles { get; } = [];

    /// <summary>The version whose pages the kernel may hold.</summary>
    public FileVersion? KernelVersion { get; set; }

    public bool IsDirty => _staging is { IsDirty: true };

    // The upload, under the table's gate.

    /// <summary>The upload under way; its result is the error.</summary>
    public Task<VfsError>? Upload { get; set; }

    /// <summary>Ends the upload under way because its file is to go.</summary>
    public CancellationTokenSource? UploadCancellation { get; set; }

    /// <summary>The change count that is on the server.</summary>
    public long UploadedChangeCount { get; set; } = -1;

    public long BytesSent { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public VfsError LastError { get; set; }

    public string? LastErrorMessage { get; set; }

    /// <summary>Attempts that failed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>When the next attempt is due; meaningful while <see cref="Failures"/> is not zero.</summary>
    public long RetryAt { get; set; }

    /// <summary>The temporary name of the attempts, kept from one to the next so that only one can be left behind.</summary>
    public string? TemporaryName { get; set; }

    public Node? TemporaryDirectory { get; set; }

    /// <summary>Completes when the uploaded staging file has become cached content.</summary>
    public TaskCompletionSource? Adopting { get; set; }

    /// <summary>Completes when writers may go on; set while an upload needs the content to hold still.</summary>
    public TaskCompletionSource? WritersHeld { get; set; }
}
