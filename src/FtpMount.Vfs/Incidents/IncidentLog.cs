using System.Text.Json;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Incidents;

/// <summary>
/// Tells of what happens in the background, and remembers the conflicts of which both versions are still there: until one of the two is removed or the copy renamed, also in
/// the next mount. What is remembered is written to the state folder a moment later; only the list could be lost by a crash, never a version.
/// </summary>
internal sealed class IncidentLog : IAsyncDisposable
{
    private const string FileName = "conflicts.json";

    /// <summary>Nobody looks through more; the oldest are left out.</summary>
    private const int MostConflicts = 1000;

    private readonly string _path;
    private readonly Clock _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly List<VfsConflict> _conflicts;
    private Task _saving = Task.CompletedTask;
    private bool _isSaved = true;

    public IncidentLog(string stateDirectory, Clock clock, ILogger logger)
    {
        _path = Path.Combine(stateDirectory, FileName);
        _clock = clock;
        _logger = logger;
        _conflicts = Load();
    }

    /// <summary>Told of each, on the thread and under the locks of whoever noticed it: it must return at once.</summary>
    public Action<VfsIncident>? Occurred { get; set; }

    /// <summary>The conflicts whose versions are still there, the newest last.</summary>
    public IReadOnlyList<VfsConflict> Conflicts
    {
        get
        {
            lock (_gate)
                return [.. _conflicts];
        }
    }

    /// <summary>Whether a file is one of the two versions of a conflict.</summary>
    public bool IsInConflict(RemotePath path)
    {
        lock (_gate)
            return _conflicts.Exists(c => c.Path == path || c.Copy == path);
    }

    /// <summary>Something happened.</summary>
    public void Note(VfsIncidentKind kind, RemotePath path, string message) => Occurred?.Invoke(new VfsIncident(kind, path, message));

    /// <summary>Both versions of a file were kept.</summary>
    public void NoteConflict(RemotePath path, RemotePath copy)
    {
        lock (_gate)
        {
            _conflicts.Add(new VfsConflict(path, copy, _clock.Time.GetUtcNow()));
            if (_conflicts.Count > MostConflicts)
                _conflicts.RemoveAt(0);
            SaveSoon();
        }

        Note(VfsIncidentKind.Conflict, path, $"It was changed on the server and here: both are kept, the version from here as '{copy.Name}'");
    }

    /// <summary>A file was removed here.</summary>
    public void NoteGone(RemotePath path) => Settle(c => c.Path == path || c.Copy == path ? null : c);

    /// <summary>A file or directory was renamed here, perhaps over another file.</summary>
    public void NoteMoved(RemotePath from, RemotePath to) => Settle(c => c.Copy == from || c.Path == to || c.Copy == to
        ? null
        : c with { Path = Moved(c.Path, from, to), Copy = Moved(c.Copy, from, to) });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task saving;
        lock (_gate)
            saving = _saving;
        await saving.ConfigureAwait(false);
    }

    private static RemotePath Moved(RemotePath path, RemotePath from, RemotePath to) =>
        path.IsAtOrBelow(from) ? path.Moved(from, to) : path;

    private void Settle(Func<VfsConflict, VfsConflict?> settle)
    {
        lock (_gate)
        {
            var changed = false;
            for (var i = _conflicts.Count - 1; i >= 0; i--)
            {
                var after = settle(_conflicts[i]);
                if (after == _conflicts[i])
                    continue;
                changed = true;
                if (after is null)
                    _conflicts.RemoveAt(i);
                else
                    _conflicts[i] = after;
            }

            if (changed)
                SaveSoon();
        }
    }

    /// <summary>Called under the gate: whoever notes something may not wait for a disk.</summary>
    private void SaveSoon()
    {
        if (!_isSaved)
            return;
        _isSaved = false;
        _saving = _saving.ContinueWith(_ => Save(), CancellationToken.None, TaskContinuationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);
    }

    private void Save()
    {
        ConflictRecord[] records;
        lock (_gate)
        {
            _isSaved = true;
            records = [.. _conflicts.Select(ConflictRecord.Of)];
        }

        try
        {
            LocalDisk.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(records, ConflictJson.Default.ConflictRecordArray));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("The list of conflicts could not be written to {Path}: {Reason}", _path, e.Message);
        }
    }

    private List<VfsConflict> Load()
    {
        try
        {
            return [.. (JsonSerializer.Deserialize(File.ReadAllBytes(_path), ConflictJson.Default.ConflictRecordArray) ?? []).Select(r => r.ToConflict())];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException or FormatException)
        {
            _logger.LogWarning("The list of conflicts in {Path} cannot be read: {Reason}", _path, e.Message);
            return [];
        }
    }
}
