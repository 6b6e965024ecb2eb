using FtpMount.Remote;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <content>
/// Temporary files that were not there when they were to be removed: a server may make one only now, from the command of a connection that was given up. Until that cannot be any more the
/// name stays hidden and in the journal; then it is removed once more. An unmount does not wait for that: the journal keeps the name, and the next mount looks.
/// </content>
internal sealed partial class Uploader
{
    /// <summary>How long a server may still do what a dead connection asked of it.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Removals of what may be made late. Under the table's gate, as the next.</summary>
    private readonly HashSet<Task> _late = [];

    /// <summary>Completes when they are not to wait.</summary>
    private TaskCompletionSource _lateHurry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Removes now what may have been made late, and returns when that was tried.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public async ValueTask CleanAsync(CancellationToken cancellationToken)
    {
        Task[] late;
        TaskCompletionSource hurry;
        lock (_table.Gate)
        {
            late = [.. _late];
            if (late.Length == 0)
                return;
            hurry = _lateHurry;
            _lateHurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        hurry.SetResult();
        await Task.WhenAll(late).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A temporary name at which nothing was found is looked at again. Called under the gate.</summary>
    private void RemoveLater(Node directory, string name)
    {
        if (_disposed)
            return;
        directory.Pins++;
        var hurry = _lateHurry.Task;
        var removal = Task.Run(() => RemoveLateAsync(directory, name, hurry), CancellationToken.None);
        _late.Add(removal);
        _ = removal.ContinueWith(
            done =>
            {
                lock (_table.Gate)
                    _late.Remove(done);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        Track(removal);
    }

    private async Task RemoveLateAsync(Node directory, string name, Task hurry)
    {
        try
        {
            await Task.WhenAny(Task.Delay(Grace, _clock.Time, _stopping), hurry).ConfigureAwait(false);
            using var use = await _locks.UsePathAsync(directory, _stopping).ConfigureAwait(false);
            RemotePath path;
            lock (_table.Gate)
                path = _table.PathOf(directory).Combine(name);
            var removal = directory.Deleted ? Removal.Done : await DeleteQuietlyAsync(path).ConfigureAwait(false);
            if (removal == Removal.Failed)
                return;
            lock (_table.Gate)
            {
                if (removal == Removal.Done || !hurry.IsCompleted)
                    EndTemporaryName(directory, name);
                else
                    Unhide(directory, name);
            }
        }
        catch (OperationCanceledException)
        {
            // The next mount goes on.
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogDebug(e, "'{Name}' may be left behind until the next mount", name);
        }
        finally
        {
            lock (_table.Gate)
            {
                directory.Pins--;
                _table.TryEvict(directory);
            }
        }
    }

    /// <summary>Nothing has the name any more. Called under the gate.</summary>
    private void EndTemporaryName(Node directory, string name)
    {
        _records.RemnantEnds(_table.PathOf(directory).Combine(name));
        Unhide(directory, name);
    }

    private static void Unhide(Node directory, string name)
    {
        directory.Directory!.Hidden.Remove(name);
        directory.Directory.Touch(name, isPresent: false, null);
    }
}
