using FtpMount.Remote;
using FtpMount.Remote.Pool;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Removes what unlinked files leave on the server: one that was open got a hidden name there (<see cref="DirectoryState.Hidden"/>), which goes when nothing uses it
/// any more. Whoever ends a use asks (<see cref="RemoveAsync"/>): the last close, and the operation that took the name away, whichever comes last. A removal that fails in
/// passing is repeated with growing pauses and at the end of the mount; the name stays hidden until then.
/// </summary>
internal sealed class UnlinkedFiles : IAsyncDisposable
{
    private readonly RetryBackoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), new Random());
    private readonly NodeTable _table;
    private readonly NamespaceLocks _locks;
    private readonly IRemoteFileSystem _remote;
    private readonly ContentCache _content;
    private readonly JournalRecords _records;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly ITimer _retryTimer;

    /// <summary>Removals under way. Under the table's gate, as everything here.</summary>
    private readonly Dictionary<Node, Task> _running = [];

    /// <summary>What is to be tried again, with the number of attempts that failed.</summary>
    private readonly Dictionary<Node, int> _failed = [];

    private bool _ending;

    public UnlinkedFiles(
        NodeTable table,
        NamespaceLocks locks,
        IRemoteFileSystem remote,
        ContentCache content,
        JournalRecords records,
        Clock clock,
        ILogger logger,
        CancellationToken stopping)
    {
        _table = table;
        _locks = locks;
        _remote = remote;
        _content = content;
        _records = records;
        _logger = logger;
        _stopping = stopping;
        _retryTimer = clock.Time.CreateTimer(_ => Retry(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A use of the file has ended. When it was the last and the file lives under a hidden name, it is removed; returns when that was tried.</summary>
    public async ValueTask RemoveAsync(Node node)
    {
        Task removal;
        lock (_table.Gate)
        {
            if (!IsUnused(node))
                return;
            removal = StartOrJoin(node);
        }

        await removal.ConfigureAwait(false);
    }

    /// <summary>Returns when the removals that are under way have been tried.</summary>
    public Task RunningAsync()
    {
        lock (_table.Gate)
            return Task.WhenAll(_running.Values);
    }

    /// <summary>At the end of the mount: removes all that is hidden, also what is still open.</summary>
    public async ValueTask RemoveAllAsync()
    {
        Task[] running;
        lock (_table.Gate)
        {
            _ending = true;
            running = [.. _running.Values];
        }

        await Task.WhenAll(running).ConfigureAwait(false);
        RemotePath[] left;
        lock (_table.Gate)
        {
            left = [.. _table.Nodes.Where(n => n.Directory is { Hidden.Count: > 0 })
                .SelectMany(n => n.Directory!.Hidden.Values.OfType<Node>()).Select(_table.PathOf)];
        }

        foreach (var path in left)
        {
            var error = await DeleteAsync(path).ConfigureAwait(false);
            if (error is VfsError.Offline or VfsError.TimedOut)
                return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_table.Gate)
        {
            _ending = true;
            running = [.. _running.Values];
        }

        await _retryTimer.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(running).ConfigureAwait(false);
    }

    /// <summary>
    /// Whether nothing uses a hidden file any more. While the node is held for a move, the operation that gave it the hidden name is not through, and may give it its own
    /// name back: it asks again at its end.
    /// </summary>
    private static bool IsUnused(Node node) => node is { OpenHandles: 0, Moving: null } && IsHidden(node);

    private static bool IsHidden(Node node) =>
        node is { Deleted: true, Parent.Directory: { } state } && state.Hidden.TryGetValue(node.Name, out var hidden) && hidden == node;

    private Task StartOrJoin(Node node)
    {
        if (_running.TryGetValue(node, out var running))
            return running;
        if (_ending)
            return Task.CompletedTask;
        var removal = Task.Run(() => RunAsync(node), CancellationToken.None);
        _running.Add(node, removal);
        return removal;
    }

    private async Task RunAsync(Node node)
    {
        var directory = node.Parent!;
        var error = VfsError.None;
        try
        {
            using var use = await _locks.UsePathAsync(directory, _stopping).ConfigureAwait(false);
            RemotePath path;
            bool isHidden;
            lock (_table.Gate)
            {
                // Its directory may have been removed meanwhile, and it with it.
                isHidden = IsHidden(node);
                path = _table.PathOf(node);
            }

            if (isHidden)
            {
                error = await DeleteAsync(path).ConfigureAwait(false);
                _content.Forget(path);
            }
        }
        catch (OperationCanceledException)
        {
            error = VfsError.Interrupted;
        }
        finally
        {
            lock (_table.Gate)
                End(node, directory, error);
        }
    }

    private void End(Node node, Node directory, VfsError error)
    {
        _running.Remove(node);
        if (RemoteErrorMapping.IsTransient(error))
        {
            var failures = _failed[node] = _failed.GetValueOrDefault(node) + 1;
            if (!_ending)
                _retryTimer.Change(_backoff.Pause(failures - 1), Timeout.InfiniteTimeSpan);
            return;
        }

        // Gone, or refused for good: nothing here uses the name any more, and what is left is shown.
        _failed.Remove(node);
        if (IsHidden(node))
        {
            directory.Directory!.Hidden.Remove(node.Name);
            directory.Directory.Touch(node.Name, isPresent: false, null);
        }

        _table.TryEvict(node);
        _table.TryEvict(directory);

        // The server is back: what waits for it need not wait longer.
        if (error == VfsError.None)
            RetryAll();
    }

    private void Retry()
    {
        lock (_table.Gate)
            RetryAll();
    }

    private void RetryAll()
    {
        foreach (var node in _failed.Keys)
            StartOrJoin(node);
    }

    private async ValueTask<VfsError> DeleteAsync(RemotePath path)
    {
        try
        {
            await _remote.DeleteFileAsync(path, Lane.Interactive, _stopping).ConfigureAwait(false);
            _records.RemnantEnds(path);
            return VfsError.None;
        }
        catch (RemoteException e) when (e.Error == RemoteError.NotFound)
        {
            _records.RemnantEnds(path);
            return VfsError.None;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogWarning(e, "What is left of an unlinked file could not be removed: '{Path}'", path);
            return e.ToVfsError();
        }
    }
}
