using FtpMount.Remote;
using FtpMount.Service.Control;
using FtpMount.Vfs.Queue;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Service.Queue;

/// <summary>
/// What one mount has not sent yet: asked of its process, or read from the state folder that it left when no process serves it. As long as this lives, a mount that
/// does not run cannot be made.
/// </summary>
public sealed class MountQueue : IAsyncDisposable
{
    private readonly ControlClient? _client;
    private readonly FileLock? _lock;
    private readonly StoppedQueue? _stopped;

    private MountQueue(string mountPoint, string url, QueuePage page, ControlClient client)
    {
        (MountPoint, Url, Root, Files) = (mountPoint, url, page.Root, page.Files);
        _client = client;
    }

    private MountQueue(MountNote note, string stateDirectory, FileLock held, StoppedQueue stopped)
    {
        (MountPoint, Url, Root, StateDirectory) = (note.MountPoint, note.Url, note.Root, stateDirectory);
        Files = [.. stopped.Uploads.Select(UploadStatus.Of)];
        (_lock, _stopped) = (held, stopped);
    }

    /// <summary>Where it is, or was, mounted.</summary>
    public string MountPoint { get; }

    /// <summary>What is, or was, mounted.</summary>
    public string Url { get; }

    /// <summary>The folder on the server.</summary>
    public string Root { get; }

    /// <summary>What was not sent.</summary>
    public IReadOnlyList<UploadStatus> Files { get; }

    /// <summary>Whether a process serves it, and sends.</summary>
    public bool IsRunning => _client is not null;

    /// <summary>Of one that no process serves: the folder with the content.</summary>
    public string? StateDirectory { get; }

    /// <summary>The queues of all mounts of this user that run (root's: of all users) and of all that left something unsent.</summary>
    /// <param name="stateRoot">The folder of the state folders; null when there is none.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="notice">Told which queues cannot be read and why, one line each.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IReadOnlyList<MountQueue>> FindAllAsync(string? stateRoot, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(notice);
        var found = new List<MountQueue>();
        foreach (var mount in (await MountList.ReadAsync(time, cancellationToken)).Where(m => m.Answers))
        {
            if (await ControlClient.ConnectAsync(mount.MountPoint, mount.UserId ?? RuntimeDirectory.CurrentUser, time, cancellationToken) is not { } client)
                continue;
            try
            {
                found.Add(new MountQueue(mount.MountPoint, mount.Url, await client.GetQueueAsync(cancellationToken), client));
            }
            catch (MountException exception)
            {
                // It is ending just now, or of another version: no reason not to show the others.
                notice($"{mount.MountPoint}: {exception.Message}");
                await client.DisposeAsync();
            }
        }

        return [.. found, .. Stopped(stateRoot, _ => true, notice, out _)];
    }

    /// <summary>The queues of one mount: of its process, or of the state folders that mounts at this place left.</summary>
    /// <param name="path">The mount point as the user wrote it.</param>
    /// <param name="stateRoot">The folder of the state folders; null when there is none.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="notice">Told which journals cannot be read and why, one line each.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="MountException">There is no such mount, and none has left anything; or it belongs to another user, or does not answer.</exception>
    public static async Task<IReadOnlyList<MountQueue>> FindAsync(string path, string? stateRoot, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        var (mountPoint, client) = await MountClient.FindAsync(path, time, cancellationToken);
        if (client is not null)
        {
            var status = await MountClient.RequireStatusAsync(client, mountPoint, cancellationToken);
            return [new MountQueue(mountPoint, status.Url, await client.GetQueueAsync(cancellationToken), client)];
        }

        var stopped = Stopped(stateRoot, note => note.MountPoint == mountPoint, notice, out var inUse);
        if (stopped.Count > 0)
            return stopped;
        throw new MountException(inUse
            ? $"a process has the journal of {mountPoint} open, but does not answer; 'ftpmount status' shows it"
            : $"{mountPoint} is not mounted, and no mount there has left anything unsent{(stateRoot is null ? "" : $" in {stateRoot}")}");
    }

    /// <summary>Asks for something to be done with files of the queue.</summary>
    /// <param name="request">What; one of those about the queue.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="MountException">It cannot be done; says why.</exception>
    public async Task<QueueReport> ChangeAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (_client is not null)
            return await _client.ChangeQueueAsync(request, cancellationToken);
        try
        {
            var ids = request.Ids ?? [];
            var outcomes = request.Command switch
            {
                ControlRequest.QueueSave => _stopped!.Save(ids, request.Directory!, RemotePath.Parse(Root)),
                ControlRequest.QueueDiscard => _stopped!.Discard(ids),
                _ => throw new MountException($"{Url} is not mounted on {MountPoint}: mount it, and what is unsent is sent"),
            };
            return new QueueReport([.. outcomes.Select(QueueFileReport.Of)]);
        }
        catch (IOException exception)
        {
            throw new MountException(exception.Message, exception);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        _stopped?.Dispose();
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    private static List<MountQueue> Stopped(string? stateRoot, Func<MountNote, bool> which, Action<string> notice, out bool inUse)
    {
        inUse = false;
        var found = new List<MountQueue>();
        if (stateRoot is null || !Directory.Exists(stateRoot))
            return found;
        foreach (var state in Directory.EnumerateDirectories(stateRoot).Order(StringComparer.Ordinal))
        {
            if (MountNote.Read(state) is not { } note || !which(note))
                continue;
            if (FileLock.TryTake(Path.Combine(state, "lock")) is not { } held)
                inUse = true;
            else if (TryOpen(state, notice) is not { } stopped)
                held.Dispose();
            else
                found.Add(new MountQueue(note, state, held, stopped));
        }

        return found;
    }

    /// <summary>Null when there is nothing in it.</summary>
    private static StoppedQueue? TryOpen(string state, Action<string> notice)
    {
        try
        {
            var stopped = StoppedQueue.Open(state, NullLogger.Instance);
            if (stopped is { Uploads.Count: > 0 })
                return stopped;
            stopped?.Dispose();
        }
        catch (IOException exception)
        {
            notice(exception.Message);
        }

        return null;
    }
}
