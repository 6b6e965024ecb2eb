using System.Runtime.CompilerServices;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.WriteBack;

namespace FtpMount.Vfs.Namespace;

/// <summary>
/// What a file node has besides its name: its staging file, its open handles and its upload. There is one for every file that waits for its upload, so that what most of these
/// do not have (handles, versions) takes room only where it is there.
/// </summary>
internal sealed class FileState
{
    /// <summary>The version of what the server does not have.</summary>
    private static readonly StrongBox<FileVersion> NoVersion = new();

    private volatile StagingFile? _staging;
    private List<FileHandle>? _handles;
    private StrongBox<FileVersion>? _kernelVersion;
    private StrongBox<FileVersion>? _publishing;

    /// <summary>
    /// Guards <see cref="Staging"/> against a write that is just landing in it. Taken after the table's gate, never before.
    /// </summary>
    public object WriteGate => this;

    /// <summary>The edited content; shared by all handles. Set under the table's gate and <see cref="WriteGate"/>, read anywhere.</summary>
    public StagingFile? Staging
    {
        get => _staging;
        set => _staging = value;
    }

    /// <summary>Staging files that were superseded while reads may still be running on them; disposed with the last handle; null when there is none.</summary>
    public List<StagingFile>? Retired { get; set; }

    public IReadOnlyList<FileHandle> Handles => _handles ?? [];

    /// <summary>Whether somebody may still write to it.</summary>
    public bool IsOpenForWriting => _handles is { } handles && handles.Exists(h => h.CanWrite);

    /// <summary>The version whose pages the kernel may hold.</summary>
    public FileVersion? KernelVersion
    {
        get => _kernelVersion?.Value;
        set => _kernelVersion = Boxed(value);
    }

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

    /// <summary>When the next upload is due; 0: no time is set, because the file is open, being uploaded or clean.</summary>
    public long DueAt { get; set; }

    /// <summary>Whether <see cref="LastError"/> is a refusal that no call of a program has been told yet.</summary>
    public bool HasErrorToTell { get; set; }

    // The journal, under the table's gate.

    /// <summary>The number of its record; 0: there is none.</summary>
    public long JournalId { get; set; }

    /// <summary>What must be written of the journal before a change of the content is answered.</summary>
    public long JournalSequence { get; set; }

    /// <summary>The bound of the base as it is in the record.</summary>
    public long JournaledBase { get; set; }

    /// <summary>Whether the record holds a modification time; otherwise that of the staging file counts.</summary>
    public bool IsTimeJournaled { get; set; }

    /// <summary>The change count that was forced to disk with its checksum; -1 before.</summary>
    public long SealedChangeCount { get; set; } = -1;

    /// <summary>The temporary name of the attempts, kept from one to the next so that only one can be left behind.</summary>
    public string? TemporaryName { get; set; }

    public Node? TemporaryDirectory { get; set; }

    /// <summary>What is at the temporary name; null when that is not known.</summary>
    public TemporaryContent? TemporaryContent { get; set; }

    /// <summary>A version that was about to get the file's name on the server, when it is not known whether it did.</summary>
    public FileVersion? Publishing
    {
        get => _publishing?.Value;
        set => _publishing = Boxed(value);
    }

    /// <summary>
    /// Whether there is, or may be, something on the server under the file's own name that is not its content: of a new file a part, of one that is being changed in place a
    /// mixture. It is this program's own, to be replaced by the content or to go with the name.
    /// </summary>
    public bool HasPartial { get; set; }

    /// <summary>What was sent of which <see cref="HasPartial"/> may be a part; null when that is not known.</summary>
    public SentContent? Sent { get; set; }

    /// <summary>The sending to the temporary name while the file is being written.</summary>
    public StreamedUpload? Stream { get; set; }

    /// <summary>How much was written, in pieces worth sending, when that was last considered.</summary>
    public long StreamsTried { get; set; }

    /// <summary>Whether writing began on a version that the server no longer has, and only a part of that version is here: it can never be whole.</summary>
    public bool IsBaseLost { get; set; }

    /// <summary>Completes when the uploaded staging file has become cached content.</summary>
    public TaskCompletionSource? Adopting { get; set; }

    /// <summary>Completes when writers may go on; set while an upload needs the content to hold still.</summary>
    public TaskCompletionSource? WritersHeld { get; set; }

    /// <summary>A handle was opened. Called under the table's gate.</summary>
    public void Opened(FileHandle handle) => (_handles ??= new List<FileHandle>(1)).Add(handle);

    /// <summary>A handle was closed. Called under the table's gate.</summary>
    public void Closed(FileHandle handle)
    {
        if (_handles is { } handles && handles.Remove(handle) && handles.Count == 0)
            _handles = null;
    }

    /// <summary>A staging file is superseded. Called under the table's gate.</summary>
    public void Retire(StagingFile staging) => (Retired ??= []).Add(staging);

    private static StrongBox<FileVersion>? Boxed(FileVersion? version) =>
        version is not { } present ? null : present == default ? NoVersion : new StrongBox<FileVersion>(present);
}
