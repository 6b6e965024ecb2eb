using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// Forces what was written to the local disk and notes its checksum in the journal, so that it survives a power failure and, where it did not, that is found out: in the
/// background for files that were closed, in groups, and at once for who must be sure.
/// </summary>
internal sealed class Sealer : IAsyncDisposable
{
    /// <summary>The longest time between a close and the disk: what a power failure may take, as docs/SEMANTICS.md says.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>From so many files on, one wait for the whole file system is shorter than one for each.</summary>
    private const int FilesWorthASync = 4;

    private readonly NodeTable _table;
    private readonly JournalRecords _records;
    private readonly string _stagingDirectory;
    private readonly ILogger _logger;
    private readonly ITimer _timer;

    /// <summary>Files to be sealed. Under the table's gate.</summary>
    private HashSet<Node> _added = [];

    private Task _running = Task.CompletedTask;
    private bool _isArmed;
    private bool _disposed;

    public Sealer(NodeTable table, JournalRecords records, string stagingDirectory, Clock clock, ILogger logger)
    {
        _table = table;
        _records = records;
        _stagingDirectory = stagingDirectory;
        _logger = logger;
        _timer = clock.Time.CreateTimer(_ => Start(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private readonly record struct Candidate(Node Node, StagingFile Staging, long Id, long ChangeCount, long VisibleBase, IReadOnlyList<ByteRange> Extents, long Length);

    /// <summary>A file is to be sealed soon. Called under the gate.</summary>
    public void Add(Node node)
    {
        if (node.File is not { JournalId: > 0, Staging: { } staging } file || file.SealedChangeCount == staging.ChangeCount || !_added.Add(node))
            return;
        Arm();
    }

    /// <summary>Returns when what was written to the file is on the local disk.</summary>
    /// <exception cref="IOException">It could not be brought there.</exception>
    public async ValueTask SealAsync(Node node, CancellationToken cancellationToken)
    {
        await Task.Run(
            () =>
            {
                // Somebody writes to it just now: what was written before is forced to disk nevertheless, and sealed when it is closed.
                if (Seal([node]) == 0 && node.File?.Staging is { } staging)
                    FlushIfThere(staging);
            },
            cancellationToken).ConfigureAwait(false);
        await _records.Journal.DurableAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>At the end: brings all of these to the disk.</summary>
    /// <exception cref="IOException">They could not be brought there.</exception>
    public ValueTask SealAllAsync(IReadOnlyCollection<Node> nodes) => SealManyAsync(nodes);

    /// <summary>Returns when the group that is under way is done.</summary>
    public Task RunningAsync()
    {
        lock (_table.Gate)
            return _running;
    }

    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_table.Gate)
        {
            _disposed = true;
            running = _running;
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }

    private async ValueTask SealManyAsync(IReadOnlyCollection<Node> nodes)
    {
        await Task.Run(() => Seal(nodes)).ConfigureAwait(false);
        await _records.Journal.DurableAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private void Arm()
    {
        if (_isArmed || _disposed)
            return;
        _isArmed = true;
        _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    private void Start()
    {
        lock (_table.Gate)
        {
            _isArmed = false;
            if (_disposed || _added.Count == 0)
                return;

            // One group at a time: a slow disk makes the groups larger.
            if (!_running.IsCompleted)
            {
                Arm();
                return;
            }

            var group = _added;
            _added = [];
            _running = RunAsync(group);
        }
    }

    private async Task RunAsync(HashSet<Node> group)
    {
        try
        {
            await SealManyAsync(group).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogWarning(e, "What was written could not be forced to the local disk; until it is on the server, a power failure would lose it");
        }
    }

    /// <summary>How many were sealed.</summary>
    private int Seal(IReadOnlyCollection<Node> nodes)
    {
        var seals = new List<(Candidate Of, JournalSeal Seal)>();
        foreach (var node in nodes)
        {
            if (Take(node) is not { } candidate)
                continue;
            var checksum = candidate.Staging.ComputeChecksum(candidate.ChangeCount, candidate.VisibleBase, candidate.Extents, candidate.Length);
            if (checksum is { } sum)
                seals.Add((candidate, new JournalSeal(candidate.Length, sum)));
        }

        if (seals.Count >= FilesWorthASync)
        {
            LocalDisk.SyncFileSystem(_stagingDirectory);
        }
        else if (seals.Count > 0)
        {
            foreach (var (candidate, _) in seals)
                FlushIfThere(candidate.Staging);
            LocalDisk.SyncDirectory(_stagingDirectory);
        }

        lock (_table.Gate)
        {
            foreach (var (candidate, seal) in seals)
            {
                var file = candidate.Node.File!;
                if (file.JournalId == candidate.Id && file.JournaledBase == candidate.VisibleBase && candidate.Staging.ChangeCount == candidate.ChangeCount)
                    _records.Sealed(candidate.Node, candidate.ChangeCount, seal);
            }
        }

        return seals.Count;
    }

    private Candidate? Take(Node node)
    {
        lock (_table.Gate)
        {
            // A write that has not come to the journal yet makes it known again when it does.
            if (node.Deleted || node.File is not { JournalId: > 0, Staging: { IsDirty: true, HasNewExtents: false } staging } file
                || file.SealedChangeCount == staging.ChangeCount || (file.JournaledBase > 0 && staging.VisibleBase < file.JournaledBase))
            {
                return null;
            }

            var changeCount = staging.ChangeCount;
            return new Candidate(node, staging, file.JournalId, changeCount, file.JournaledBase, file.JournaledBase == 0 ? [] : staging.WrittenExtents(), staging.Length);
        }
    }

    private static void FlushIfThere(StagingFile staging)
    {
        try
        {
            LocalDisk.FlushFile(staging.LocalPath);
        }
        catch (FileNotFoundException)
        {
            // It was uploaded meanwhile, and is not needed any more.
        }
    }
}
