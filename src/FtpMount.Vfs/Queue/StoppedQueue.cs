using FtpMount.Remote;
using FtpMount.Vfs.WriteBack;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Queue;

/// <summary>
/// What a mount that does not run has left unsent in its state folder. Nobody else may have the folder's journal open meanwhile; what is done here is on the disk when it returns.
/// </summary>
public sealed class StoppedQueue : IDisposable
{
    private readonly JournalDatabase _database;
    private readonly string _stagingDirectory;
    private readonly Dictionary<long, JournaledFile> _files;

    private StoppedQueue(JournalDatabase database, string stagingDirectory, JournalContents contents)
    {
        _database = database;
        _stagingDirectory = stagingDirectory;
        _files = contents.Files.ToDictionary(f => f.Id);
    }

    /// <summary>The files, in the order in which they were first changed.</summary>
    public IReadOnlyList<PendingUpload> Uploads => [.. _files.Values.OrderBy(f => f.Id).Select(f => f.AsPending(_stagingDirectory))];

    /// <summary>Opens the journal of a state folder.</summary>
    /// <param name="stateDirectory">The folder.</param>
    /// <param name="logger">Where it is told what a power failure has damaged.</param>
    /// <returns>Null when there is no journal.</returns>
    /// <exception cref="IOException">It cannot be opened (<see cref="JournalException"/>), or the disk failed.</exception>
    public static StoppedQueue? Open(string stateDirectory, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(stateDirectory);
        if (!File.Exists(Path.Combine(stateDirectory, JournalDatabase.FileName)))
            return null;
        var staging = Path.Combine(stateDirectory, "staging");
        var database = JournalDatabase.Open(stateDirectory);
        try
        {
            return new StoppedQueue(database, staging, JournalVerification.Apply(database, staging, logger));
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Writes copies of files, as <see cref="VirtualFileSystem.SaveUploadsAsync"/> does.</summary>
    /// <param name="ids">Which.</param>
    /// <param name="directory">Where to, an absolute path.</param>
    /// <param name="root">The folder on the server that was mounted.</param>
    public IReadOnlyList<QueueOutcome> Save(IEnumerable<long> ids, string directory, RemotePath root)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return [.. ids.Where(_files.ContainsKey).Select(id => Save(_files[id], directory, root))];
    }

    /// <summary>Gives files up: their content here is deleted.</summary>
    /// <param name="ids">Which.</param>
    /// <exception cref="IOException">The journal cannot be written; nothing was deleted.</exception>
    public IReadOnlyList<QueueOutcome> Discard(IEnumerable<long> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var files = ids.Where(_files.ContainsKey).Distinct().Select(id => _files[id]).ToArray();

        // The records go first: one without its content would look like a loss.
        _database.InTransaction(
            database =>
            {
                foreach (var file in files)
                    database.Remove(file.Id);
            },
            durably: true);
        foreach (var file in files)
        {
            _files.Remove(file.Id);
            Content.LocalDisk.TryDelete(Path.Combine(_stagingDirectory, file.Staging));
        }

        return [.. files.Select(f => new QueueOutcome(f.Id, f.Path))];
    }

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    private QueueOutcome Save(JournaledFile file, string directory, RemotePath root) =>
        SavedCopy.TryWrite(file.Id, file.Path, Path.Combine(_stagingDirectory, file.Staging), file.Ranges, directory, root, file.Modified);
}
