using FtpMount.Remote.Pool;
using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// What is uploaded when: a closed file after it was left alone for a while, one that failed after a pause, each when there is room, and of those that wait for room
/// the smallest first. All under the table's gate.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>A refusal does not go away by itself: it is tried again in case someone made room or changed rights.</summary>
    private static readonly TimeSpan PauseAfterRefusal = TimeSpan.FromMinutes(5);

    private readonly RetryBackoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), new Random());

    /// <summary>Files whose time is not yet come. An entry counts when its time is still the node's <see cref="FileState.DueAt"/>.</summary>
    private readonly PriorityQueue<Node, long> _waiting = new();

    /// <summary>Files whose time has come, by size. An entry counts when the file is still dirty and not being uploaded.</summary>
    private readonly PriorityQueue<Node, long> _ready = new();

    private int _runningCount;
    private bool _isPaused;

    /// <summary>Whether a file failed in passing since <see cref="Hurry"/> was last called: only then it has something to do.</summary>
    private bool _hasFailed;

    private long _timerAt = long.MaxValue;

    /// <summary>A file was closed: it is uploaded once it has been left alone for the time that was chosen. Tells a refusal that nobody has been told yet.</summary>
    public VfsError Closed(Node node)
    {
        lock (_table.Gate)
        {
            if (node.Deleted || node.File is not { IsDirty: true } file)
                return VfsError.None;

            // While the server cannot be reached, writing more does not make it try sooner.
            Schedule(node, file.Failures == 0 || !RemoteErrorMapping.IsTransient(file.LastError) ? _options.WriteBack : null);
            _sealer.Add(node);
            if (!file.HasErrorToTell)
                return VfsError.None;
            file.HasErrorToTell = false;
            return file.LastError;
        }
    }

    /// <summary>A file that an earlier mount left is to be uploaded. Called under the gate.</summary>
    public void TakeUp(Node node)
    {
        _changed.TryAdd(node.Id.Value, node);
        Schedule(node, TimeSpan.Zero);
    }

    /// <summary>Everything that waits because it failed is tried now: the server is back, or somebody asks for it.</summary>
    public void Hurry(bool refusedToo)
    {
        lock (_table.Gate)
        {
            _hasFailed = false;
            foreach (var node in _changed.Values)
            {
                if (node.File is { Failures: > 0, Upload: null } file && (refusedToo || RemoteErrorMapping.IsTransient(file.LastError)))
                    Schedule(node, TimeSpan.Zero);
            }
        }
    }

    /// <summary>While the server cannot be reached nothing is begun; when it is back everything that waits for it is tried. Called under the gate.</summary>
    public void Pause(bool isPaused)
    {
        _isPaused = isPaused;
        if (isPaused)
            return;
        Hurry(refusedToo: false);
        StartReady();
    }

    /// <summary>The upload is due after a while. Null: when it was due anyway.</summary>
    private void Schedule(Node node, TimeSpan? delay)
    {
        var file = node.File!;
        if (_disposed || file.Upload is not null || (delay is null && file.DueAt != 0))
            return;
        file.DueAt = Math.Max(1, _clock.After(_clock.Now, delay ?? TimeSpan.Zero));
        _waiting.Enqueue(node, file.DueAt);
        if (delay == TimeSpan.Zero)
            StartReady();
        else
            ArmTimer();
    }

    private void UploadDue()
    {
        lock (_table.Gate)
        {
            _timerAt = long.MaxValue;
            StartReady();
        }
    }

    private void StartReady()
    {
        if (_disposed || _isPaused)
            return;
        var now = _clock.Now;
        while (_waiting.TryPeek(out var node, out var due) && due <= now)
        {
            _waiting.Dequeue();
            if (node.File is not { } file || file.DueAt != due)
                continue;
            file.DueAt = 0;
            if (IsToBeUploaded(node))
                _ready.Enqueue(node, file.Staging!.Length);
        }

        while (_ready.TryPeek(out var node, out var size) && _runningCount < (size <= LargestDirect ? _remote.ParallelStores : ParallelUploads))
        {
            _ready.Dequeue();
            if (IsToBeUploaded(node))
                StartOrJoin(node, node.File!);
        }

        ArmTimer();
    }

    private static bool IsToBeUploaded(Node node) => node is { Deleted: false, File: { IsDirty: true, Upload: null } };

    private void ArmTimer()
    {
        while (_waiting.TryPeek(out var node, out var due) && (node.File is not { } file || file.DueAt != due))
            _waiting.Dequeue();
        if (_disposed || !_waiting.TryPeek(out _, out var next) || next >= _timerAt)
            return;
        _timerAt = next;
        var pause = _clock.Remaining(_clock.Now, next);
        _dueTimer.Change(pause > TimeSpan.FromMilliseconds(1) ? pause : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void NoteResult(Node node, FileState file, VfsError error, string? message)
    {
        if (error == VfsError.None)
        {
            var wasFailing = file.Failures > 0;
            file.Failures = 0;
            file.LastError = VfsError.None;
            file.LastErrorMessage = null;
            file.HasErrorToTell = false;
            if (!file.IsDirty)
            {
                _changed.Remove(node.Id.Value);
                _records.Forget(node);
            }
            else
            {
                _records.Update(node);

                // Written again while it was sent: those who write it close it some time.
                if (!file.IsOpenForWriting)
                    Schedule(node, _options.WriteBack);
            }

            if (wasFailing && _hasFailed)
                Hurry(refusedToo: false);
            return;
        }

        Failed++;
        var isRefused = !RemoteErrorMapping.IsTransient(error);
        _hasFailed |= !isRefused;
        if (isRefused && (file.Failures == 0 || file.LastError != error))
            _incidents.Note(VfsIncidentKind.Refused, _table.PathOf(node), message ?? "");
        file.Failures++;
        file.LastError = error;
        file.LastErrorMessage = message;
        file.HasErrorToTell |= isRefused;
        _records.Update(node);
        _logger.LogWarning("'{Path}' could not be uploaded and is kept for later: {Error}", _table.PathOf(node), message);
        Schedule(node, isRefused ? PauseAfterRefusal : _backoff.Pause(file.Failures - 1));
    }
}
