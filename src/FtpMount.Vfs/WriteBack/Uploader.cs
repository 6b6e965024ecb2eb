using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Brings changed files to the server. An upload runs on its own until it is done, those who wait for it may leave; a file has at most one at a
/// time. What fails stays in its staging file, in the journal and on the list, and is tried again with growing pauses, at the next flush, and by a drain.
/// </summary>
/// <remarks>This file: the list and the waiting. Uploader.Schedule: what is uploaded when. Uploader.Send: one upload. Uploader.Streams: what is sent while it is written. Uploader.Conflicts: what the server has meanwhile.</remarks>
internal sealed partial class Uploader : IAsyncDisposable
{
    /// <summary>Uploads of large files at one time: as many as there are connections by default; the pool keeps room for who waits for an answer.</summary>
    private const int ParallelUploads = 8;

    private readonly NodeTable _table;
    private readonly NamespaceLocks _locks;
    private readonly IRemoteFileSystem _remote;
    private readonly ContentCache _content;
    private readonly JournalRecords _records;
    private readonly Sealer _sealer;
    private readonly IncidentLog _incidents;
    private readonly VfsOptions _options;
    private readonly Clock _clock;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly ITimer _dueTimer;

    /// <summary>Files with content that is not on the server, in the order in which they were changed. Under the table's gate.</summary>
    private readonly Dictionary<ulong, Node> _changed = [];

    private readonly HashSet<Task> _running = [];
    private bool _disposed;

    public Uploader(
        NodeTable table,
        NamespaceLocks locks,
        IRemoteFileSystem remote,
        ContentCache content,
        JournalRecords records,
        Sealer sealer,
        IncidentLog incidents,
        VfsOptions options,
        Clock clock,
        ILogger logger,
        CancellationToken stopping)
    {
        _table = table;
        _locks = locks;
        _remote = remote;
        _content = content;
        _records = records;
        _sealer = sealer;
        _incidents = incidents;
        _options = options;
        _clock = clock;
        _logger = logger;
        _stopping = stopping;
        _dueTimer = clock.Time.CreateTimer(_ => UploadDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public long Done { get; private set; }

    public long Failed { get; private set; }

    public long Conflicts { get; private set; }

    public long BytesUploaded { get; private set; }

    public int PendingCount
    {
        get
        {
            lock (_table.Gate)
                return _changed.Count;
        }
    }

    public IReadOnlyList<PendingUpload> Pending
    {
        get
        {
            lock (_table.Gate)
                return [.. _changed.Values.Select(Describe)];
        }
    }

    /// <summary>The nodes of <see cref="Pending"/>.</summary>
    public IReadOnlyList<Node> PendingNodes
    {
        get
        {
            lock (_table.Gate)
                return [.. _changed.Values];
        }
    }

    /// <summary>
    /// A file's content was changed; it must be uploaded some time. Called under the gate, before the change is answered; the answer waits for
    /// <see cref="FileState.JournalSequence"/>.
    /// </summary>
    public void NoteChanged(Node node)
    {
        if (node.Deleted)
            return;
        _changed.TryAdd(node.Id.Value, node);
        _records.ContentChanged(node);
    }

    /// <summary>A file is not to be uploaded any more: its name is gone. Called under the gate.</summary>
    public void NoteGone(Node node)
    {
        _changed.Remove(node.Id.Value);
        _records.Forget(node);
    }

    /// <summary>A file's name goes to another in a moment; the journal learns of both in one step (<see cref="JournalRecords.Renamed"/>). Called under the gate.</summary>
    public void NoteReplaced(Node node) => _changed.Remove(node.Id.Value);

    /// <summary>Whether files at or below a node wait for their upload. Called under the gate.</summary>
    public bool HasChanged(Node node) =>
        node.Kind == RemoteKind.Directory ? _changed.Count > 0 : _changed.ContainsKey(node.Id.Value);

    /// <summary>Ends the upload under way, because the file is about to be removed.</summary>
    public void CancelUpload(Node node)
    {
        CancellationTokenSource? cancellation;
        lock (_table.Gate)
            cancellation = node.File?.UploadCancellation;
        if (cancellation is not null)
            Cancel(cancellation);
    }

    /// <summary>Returns when all that was written to the file before the call is on the server, or with the error.</summary>
    /// <exception cref="OperationCanceledException">The caller left; the upload goes on.</exception>
    public async ValueTask<VfsError> FlushAsync(Node node, CancellationToken cancellationToken)
    {
        StagingFile? owedIn;
        long owed;
        lock (_table.Gate)
        {
            if (node.Deleted || node.File is not { IsDirty: true, Staging: { } staging })
                return VfsError.None;
            owedIn = staging;
            owed = staging.ChangeCount;
        }

        while (true)
        {
            Task<VfsError> upload;
            lock (_table.Gate)
            {
                var file = node.File!;
                if (node.Deleted || file.Staging != owedIn || !file.IsDirty || file.UploadedChangeCount >= owed)
                    return VfsError.None;
                upload = StartOrJoin(node, file);
            }

            var error = await upload.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (error != VfsError.None)
                return error;
        }
    }

    /// <summary>Uploads all changed files that a condition names. The first error, when there is one.</summary>
    public async ValueTask<VfsError> FlushAllAsync(Func<Node, bool> which, CancellationToken cancellationToken)
    {
        Node[] nodes;
        lock (_table.Gate)
            nodes = [.. _changed.Values.Where(which)];
        var first = VfsError.None;
        await InParallelAsync(
            nodes,
            async node =>
            {
                var error = await FlushAsync(node, cancellationToken).ConfigureAwait(false);
                if (error != VfsError.None)
                    first = error;
            },
            cancellationToken).ConfigureAwait(false);
        return first;
    }

    /// <summary>Tries to upload everything, and tells what could not be.</summary>
    public async ValueTask<IReadOnlyList<PendingUpload>> DrainAsync(IProgress<DrainProgress>? progress, CancellationToken cancellationToken)
    {
        Node[] nodes;
        lock (_table.Gate)
            nodes = [.. _changed.Values];
        var count = progress is null ? null : new DrainCount(nodes, progress, _clock.Time);
        if (count is not null)
            Progressed += count.Moved;
        try
        {
            await InParallelAsync(
                nodes,
                async node =>
                {
                    // Twice: the first attempt may have begun long ago, or wait for the link only as long as the pause between two connections lasts.
                    var error = await FlushAsync(node, cancellationToken).ConfigureAwait(false);
                    if (RemoteErrorMapping.IsTransient(error))
                        await FlushAsync(node, cancellationToken).ConfigureAwait(false);
                    count?.Tried(node.File!);
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (count is not null)
            {
                Progressed -= count.Moved;
                await count.DisposeAsync().ConfigureAwait(false);
            }
        }

        return Pending;
    }

    /// <summary>
    /// Closes a staging file that nobody needs any more: one that was uploaded becomes cached content, so that reading it again costs nothing; one whose
    /// name is gone is deleted.
    /// </summary>
    public async ValueTask CloseStagingAsync(Node node)
    {
        if (node.File is not { } file)
            return;
        StagingFile? staging = null;
        List<StagingFile>? retired = null;
        FileVersion? adopt = null;
        IDisposable? path = null;
        lock (_table.Gate)
        {
            if (node.OpenHandles > 0 || node.ContentUsers > 0)
                return;
            retired = file.Retired;
            file.Retired = null;

            lock (file.WriteGate)
            {
                if (file.Staging is { } present && (node.Deleted || !present.IsDirty || IsNothingToKeep(node, present)))
                {
                    staging = present;
                    file.Staging = null;
                }
            }

            if (staging is null && file.Staging is { IsDirty: true } waiting)
                waiting.Park();
            else if (staging is { IsDirty: true } && !node.Deleted)
                DropRefused(node);
            else if (staging is { UploadedVersion: { } version } && !node.Deleted && node.Remote is { } remote && EntryMerge.VersionOf(remote).IsSameAs(version))
            {
                // Nothing waits here: whoever moves the file may be waiting for the adoption.
                path = _locks.TryUsePath(node);
                adopt = path is null ? null : EntryMerge.VersionOf(remote);
            }

            if (adopt is not null)
            {
                node.Pins++;
                file.Adopting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        try
        {
            // The record goes first: one without its content would look like a loss.
            if (staging is not null || retired is not null)
                await IsWrittenQuietlyAsync().ConfigureAwait(false);
            if (adopt is { } known)
                await AdoptAsync(node, staging!, known).ConfigureAwait(false);
        }
        finally
        {
            path?.Dispose();
            lock (_table.Gate)
            {
                if (adopt is not null)
                {
                    node.Pins--;
                    file.Adopting!.SetResult();
                    file.Adopting = null;
                }
            }
        }

        if (staging is not null)
        {
            staging.Discard();
            await staging.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var old in retired ?? [])
            await old.DisposeAsync().ConfigureAwait(false);
        lock (_table.Gate)
        {
            _table.TryEvict(node);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_table.Gate)
        {
            _disposed = true;
            running = [.. _running];
        }

        await _dueTimer.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(running).ConfigureAwait(false);
    }

    /// <summary>More of a file was sent, or its upload ended.</summary>
    private event Action<FileState>? Progressed;

    /// <summary>The upload under way, or a new one. Called under the gate.</summary>
    private Task<VfsError> StartOrJoin(Node node, FileState file)
    {
        if (file.Upload is { } running)
            return running;
        return _disposed ? Task.FromResult(VfsError.Interrupted) : Start(node, file, token => SendAsync(node, file, token));
    }

    /// <summary>Starts an upload; there is none. Called under the gate.</summary>
    private Task<VfsError> Start(Node node, FileState file, Func<CancellationToken, Task> send)
    {
        var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
        file.UploadCancellation = cancellation;
        file.BytesSent = file.TemporaryContent?.Reported ?? 0;
        file.DueAt = 0;
        node.Pins++;
        node.ContentUsers++;
        _runningCount++;
        var upload = Task.Run(() => RunAsync(node, file, send, cancellation), CancellationToken.None);
        file.Upload = upload;
        Track(upload);
        return upload;
    }

    /// <summary>What is under way is waited for at the end. Called under the gate.</summary>
    private void Track(Task task)
    {
        _running.Add(task);
        _ = task.ContinueWith(
            done =>
            {
                lock (_table.Gate)
                    _running.Remove(done);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private static void Cancel(CancellationTokenSource cancellation)
    {
        try
        {
            cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    private async Task<VfsError> RunAsync(Node node, FileState file, Func<CancellationToken, Task> send, CancellationTokenSource cancellation)
    {
        var error = VfsError.None;
        string? message = null;
        var superseded = false;
        try
        {
            using var path = await _locks.UsePathAsync(node, cancellation.Token).ConfigureAwait(false);
            await send(cancellation.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            // The file is being removed. Should that fail, whoever waits for the upload starts it again.
            superseded = true;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            error = e.ToVfsError();
            message = e.Message;
        }

        lock (_table.Gate)
        {
            file.Upload = null;
            file.UploadCancellation = null;
            node.Pins--;
            node.ContentUsers--;
            if (node.Deleted)
                error = VfsError.None;
            else if (!superseded)
                NoteResult(node, file, error, message);
            else if (file.IsDirty)
                Schedule(node, _options.WriteBack);
            _runningCount--;
            StartReady();
        }

        cancellation.Dispose();
        Progressed?.Invoke(file);

        // Without an open handle this was the last thing that needed the staging file.
        await CloseStagingAsync(node).ConfigureAwait(false);
        return error;
    }

    private async Task AdoptAsync(Node node, StagingFile staging, FileVersion version)
    {
        try
        {
            RemotePath path;
            lock (_table.Gate)
                path = _table.PathOf(node);

            staging.Flush(toDisk: false);
            await _content.AdoptAsync(path, version, staging.LocalPath, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            // It is on the server: at worst it is fetched again.
            _logger.LogDebug(e, "What was uploaded could not be kept in the cache");
        }
    }

    /// <summary>An empty file that the server refuses for good holds nothing that could be lost.</summary>
    private static bool IsNothingToKeep(Node node, StagingFile staging) =>
        node.Remote is null && staging.Length == 0
        && node.File is { Failures: > 0, LastError: var error, Upload: null } && !RemoteErrorMapping.IsTransient(error);

    private void DropRefused(Node node)
    {
        NoteGone(node);
        _table.Detach(node);
        _table.Observer?.EntryDeleted(node.Parent!.Id, node.Id, node.Name);
    }

    private PendingUpload Describe(Node node) => new(
        _table.PathOf(node),
        node.File?.Staging?.Length ?? 0,
        node.File?.BytesSent ?? 0,
        node.File?.LastErrorMessage)
    {
        Id = node.File?.JournalId ?? 0,
        Attempts = node.File?.Failures ?? 0,
        State = node.File switch
        {
            { Upload: not null } => PendingUploadState.Uploading,
            { Failures: > 0, LastError: var error } => RemoteErrorMapping.IsTransient(error) ? PendingUploadState.Failed : PendingUploadState.Refused,
            _ => PendingUploadState.Waiting,
        },
    };

    /// <summary>Does something to each of the nodes, in their order, to as many at a time as the server takes files.</summary>
    private async Task InParallelAsync(Node[] nodes, Func<Node, Task> action, CancellationToken cancellationToken)
    {
        var last = -1;
        var workers = new Task[Math.Min(nodes.Length, Math.Max(1, _remote.ParallelStores))];
        for (var i = 0; i < workers.Length; i++)
            workers[i] = WorkAsync();
        await Task.WhenAll(workers).ConfigureAwait(false);

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref last) is var at && at < nodes.Length)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await action(nodes[at]).ConfigureAwait(false);
            }
        }
    }
}
