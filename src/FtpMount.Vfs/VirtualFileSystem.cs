using System.Collections.Concurrent;
using FtpMount.Remote;
using FtpMount.Vfs.Budget;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Incidents;
using FtpMount.Vfs.Namespace;
using FtpMount.Vfs.Offline;
using FtpMount.Vfs.Pins;
using FtpMount.Vfs.Prefetch;
using FtpMount.Vfs.WriteBack;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs;

/// <summary>
/// The file system that both platform adapters call: names, attributes, contents and write-back on top of one remote server. What is known is answered
/// from memory on the caller's thread (<see cref="NodeTable"/>, <see cref="ContentCache"/>); what is not is asked for once
/// (<see cref="Revalidator"/>). A file that is written lives in a local <see cref="StagingFile"/> until <see cref="Uploader"/> has put it in its place.
/// <see cref="NamespaceLocks"/> keep operations that wait for the server from crossing each other.
/// </summary>
/// <remarks>
/// This file: construction and state. One file per concern beside it: Lookup, Attributes, Directories, Files (open, create, release), Content
/// (read, write, seek), Unlink, Rename, Links, Sync, ExtendedAttributes.
/// </remarks>
public sealed partial class VirtualFileSystem : IVirtualFileSystem, IAsyncDisposable
{
    private const int LongestName = 255;

    private readonly IRemoteFileSystem _remote;
    private readonly LinkGuard _link;
    private readonly VfsOptions _options;
    private readonly Clock _clock;
    private readonly ILogger _logger;
    private readonly NodeTable _table;
    private readonly NamespaceLocks _locks;
    private readonly Revalidator _revalidator;
    private readonly ListingPrefetch _walks;
    private readonly FilePrefetch _reads;
    private readonly ContentCache _content;
    private readonly Uploader _uploader;
    private readonly UnlinkedFiles _unlinked;
    private readonly Journal _journal;
    private readonly JournalRecords _records;
    private readonly Sealer _sealer;
    private readonly Recovery _recovery;
    private readonly IncidentLog _incidents;
    private readonly StagingBudget _budget;
    private readonly PinList _pins;
    private readonly ITimer _pinTimer;
    private readonly string _stagingDirectory;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _directoryRenames = new(1, 1);
    private readonly ConcurrentDictionary<ulong, FileHandle> _files = new();
    private readonly ConcurrentDictionary<ulong, DirectoryHandle> _directories = new();
    private ulong _lastHandle;
    private long _hits;
    private long _misses;
    private int _disposed;

    /// <summary>Makes the file system. Nothing is asked of the server yet, and what an earlier mount left waits for <see cref="RecoverAsync"/>.</summary>
    /// <param name="remote">The server. Not disposed by this.</param>
    /// <param name="options">Directories, limits and time-outs. The directories are made when they are missing.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where to log.</param>
    /// <exception cref="IOException">A directory cannot be made.</exception>
    /// <exception cref="JournalException">The journal in the state directory is in use, of another version, or damaged.</exception>
    public VirtualFileSystem(IRemoteFileSystem remote, VfsOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(remote);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options;
        _clock = new Clock(time);
        _logger = loggers.CreateLogger<VirtualFileSystem>();
        _link = new LinkGuard(remote, _clock, loggers.CreateLogger<LinkGuard>(), _stopping.Token) { Changed = LinkChanged };
        _remote = remote = _link;
        _stagingDirectory = Path.Combine(options.StateDirectory, "staging");
        CreatePrivateDirectory(options.StateDirectory);
        CreatePrivateDirectory(_stagingDirectory);
        _budget = new StagingBudget(options.WriteBytes ?? long.MaxValue);
        _table = new NodeTable(remote.Root, options, _clock);
        _locks = new NamespaceLocks(_table.Gate);
        _revalidator = new Revalidator(_table, _locks, remote, options, _clock, loggers.CreateLogger<Revalidator>(), _stopping.Token);
        _walks = new ListingPrefetch(_table, _revalidator, remote, options, _clock);
        _pins = new PinList(options.StateDirectory, _logger);
        var contentOptions = new ContentCacheOptions
        {
            Directory = options.CacheDirectory,
            MemoryBytes = options.MemoryBytes,
            DiskBytes = options.CacheBytes,
            Timeout = options.Timeout,
            IsPinned = _pins.Contains,
        };
        _content = new ContentCache(remote, contentOptions, time, loggers.CreateLogger<ContentCache>());
        _reads = new FilePrefetch(_table, _content, remote, options, _clock, _stopping.Token);
        _journal = Journal.Open(options.StateDirectory, _stagingDirectory, loggers.CreateLogger<Journal>(), out var left);
        _records = new JournalRecords(_table, _journal);
        _sealer = new Sealer(_table, _records, _stagingDirectory, _clock, loggers.CreateLogger<Sealer>());
        _incidents = new IncidentLog(options.StateDirectory, _clock, loggers.CreateLogger<IncidentLog>()) { Occurred = i => IncidentOccurred?.Invoke(i) };
        _uploader = new Uploader(
            _table, _locks, remote, _content, _records, _sealer, _incidents, options, _clock, loggers.CreateLogger<Uploader>(), _stopping.Token);
        _locks.MoverWaits = _uploader.MakeWay;
        _unlinked = new UnlinkedFiles(_table, _locks, remote, _content, _records, _clock, loggers.CreateLogger<UnlinkedFiles>(), _stopping.Token);
        _recovery = new Recovery(
            _table, remote, _content, _records, _uploader, _budget, _stagingDirectory, left, options.ReadOnly, _clock, loggers.CreateLogger<Recovery>(), _stopping.Token);
        _pinTimer = time.CreateTimer(_ => KeepPins(), null, PinInterval, PinInterval);
    }

    /// <summary>
    /// Takes up what an earlier mount left in the journal, before the first call of a program: files that were not sent appear again as they were written and are sent, renames
    /// that were cut off are found done or not, and what is left of temporary files on the server is removed.
    /// </summary>
    /// <exception cref="RemoteException">The server did not say whether a rename was done.</exception>
    /// <exception cref="IOException">The local disk failed.</exception>
    public async ValueTask RecoverAsync(CancellationToken cancellationToken)
    {
        await _recovery.RunAsync(cancellationToken).ConfigureAwait(false);
        foreach (var torn in _recovery.Kept.Where(f => f.State == JournaledState.Torn))
            _incidents.Note(VfsIncidentKind.Torn, torn.Path, torn.Error ?? "");
        await _journal.WrittenAsync(_journal.Sequence, cancellationToken).ConfigureAwait(false);
        KeepPins();
    }

    /// <summary>
    /// Something happened that a person should know and that no call of a program answers with. Raised on the thread and under the locks of whoever noticed it: a handler must return at once.
    /// </summary>
    public event Action<VfsIncident>? IncidentOccurred;

    /// <summary>Files that were changed here and on the server, whose versions are both still there, the newest last.</summary>
    public IReadOnlyList<VfsConflict> Conflicts => _incidents.Conflicts;

    /// <summary>Files with content that is not on the server yet.</summary>
    public IReadOnlyList<PendingUpload> PendingUploads => [.. _uploader.Pending, .. _recovery.KeptUploads];

    /// <summary>A snapshot of the counters.</summary>
    public VfsStatistics Statistics
    {
        get
        {
            lock (_table.Gate)
            {
                return new VfsStatistics
                {
                    Nodes = _table.Count,
                    OpenHandles = _files.Count + _directories.Count,
                    CachedDirectories = _table.CachedDirectories,
                    CachedEntries = _table.CachedEntries,
                    Hits = _hits,
                    Misses = _misses,
                    Stats = _revalidator.Stats,
                    Listings = _revalidator.Listings,
                    ListingsPrefetched = _walks.Listed,
                    ListingsPrefetchedUsed = _walks.Used,
                    FilesPrefetched = _reads.Fetched,
                    FilesPrefetchedUsed = _reads.Used,
                    BytesPrefetchedUnused = _reads.BytesUnused,
                    FilesPending = _uploader.PendingCount,
                    UploadsDone = _uploader.Done,
                    UploadsFailed = _uploader.Failed,
                    Conflicts = _uploader.Conflicts,
                    BytesUploaded = _uploader.BytesUploaded,
                    Content = _content.Statistics,
                };
            }
        }
    }

    /// <inheritdoc/>
    public void Attach(IVfsObserver observer) => _table.Observer = observer;

    /// <summary>Tries to upload all that is pending; the rest stays where it is.</summary>
    /// <param name="progress">Told now and then; may be null.</param>
    /// <param name="cancellationToken">Ends the waiting; uploads under way go on.</param>
    /// <returns>What could not be sent.</returns>
    public async ValueTask<IReadOnlyList<PendingUpload>> DrainAsync(IProgress<DrainProgress>? progress, CancellationToken cancellationToken)
    {
        if (_uploader.PendingCount > 0)
            await _link.ProbeAsync(cancellationToken).ConfigureAwait(false);
        await _uploader.DrainAsync(progress, cancellationToken).ConfigureAwait(false);
        await _recovery.CleanAsync(cancellationToken).ConfigureAwait(false);
        await _uploader.CleanAsync(cancellationToken).ConfigureAwait(false);
        return PendingUploads;
    }

    /// <summary>Returns when the removals of what unlinked files left on the server that are under way have been tried.</summary>
    internal Task RemovalsAsync() => _unlinked.RunningAsync();

    /// <summary>Returns when nothing is being fetched ahead any more.</summary>
    internal async Task PrefetchesAsync()
    {
        await _askingAhead.ConfigureAwait(false);
        while (true)
        {
            Task[] running;
            lock (_table.Gate)
                running = [.. _walks.Running, .. _reads.Running];
            if (running.Length == 0)
                return;
            await Task.WhenAll(running).ConfigureAwait(false);
            await Task.Yield(); // what follows the last one may have begun
        }
    }

    /// <summary>Forgets what was fetched ahead of programs that walk through a tree and was not wanted by them yet.</summary>
    internal void EndWalks()
    {
        lock (_table.Gate)
            _walks.End();
    }

    /// <summary>Returns when the forcing to disk that is under way is done.</summary>
    internal Task SealedAsync() => _sealer.RunningAsync();

    /// <summary>Returns when what an earlier mount or an upload that was given up left on the server has been tried to remove.</summary>
    internal async ValueTask CleanedAsync()
    {
        await _recovery.CleanAsync(CancellationToken.None).ConfigureAwait(false);
        await _uploader.CleanAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends what is under way and removes what unlinked files still hold on the server. Content that is not uploaded stays in its staging file:
    /// call <see cref="DrainAsync"/> before.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _unlinked.RemoveAllAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _link.DisposeAsync().ConfigureAwait(false);
        await _pinTimer.DisposeAsync().ConfigureAwait(false);
        Task pinKeeping;
        lock (_table.Gate)
            pinKeeping = _pinKeeping;
        await pinKeeping.ConfigureAwait(false);
        await _askingAhead.ConfigureAwait(false);
        await _reads.EndAsync().ConfigureAwait(false);
        await _unlinked.DisposeAsync().ConfigureAwait(false);
        await _uploader.DisposeAsync().ConfigureAwait(false);
        await _recovery.DisposeAsync().ConfigureAwait(false);
        await _sealer.DisposeAsync().ConfigureAwait(false);
        await SealWhatIsLeftAsync().ConfigureAwait(false);
        foreach (var handle in _files.Values)
            await CloseReaderAsync(handle).ConfigureAwait(false);
        List<FileState> states;
        lock (_table.Gate)
            states = [.. _table.Nodes.Concat(_files.Values.Select(h => h.Node)).Distinct().Select(n => n.File).OfType<FileState>()];
        foreach (var state in states)
        {
            foreach (var retired in state.Retired ?? [])
                await retired.DisposeAsync().ConfigureAwait(false);
            if (state.Staging is { } staging)
                await staging.DisposeAsync().ConfigureAwait(false);
        }

        await _incidents.DisposeAsync().ConfigureAwait(false);
        await _journal.DisposeAsync().ConfigureAwait(false);
        await _content.DisposeAsync().ConfigureAwait(false);
        _directoryRenames.Dispose();
        _stopping.Dispose();
    }

    /// <summary>What stays in the journal survives the end of the machine as well.</summary>
    private async ValueTask SealWhatIsLeftAsync()
    {
        try
        {
            await _sealer.SealAllAsync(_uploader.PendingNodes).ConfigureAwait(false);
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            _logger.LogError(e, "What was not sent could not be forced to the local disk");
        }
    }

    private static void CreatePrivateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private ulong NextHandle() => Interlocked.Increment(ref _lastHandle);

    /// <summary>Whether a name may be made: <see cref="VfsError.None"/> or why not.</summary>
    private static VfsError CheckNewName(string name)
    {
        if (!RemotePath.IsValidName(name))
            return VfsError.InvalidArgument;
        return IsTooLong(name) ? VfsError.NameTooLong : VfsError.None;
    }

    /// <summary>Whether the name has more bytes than a kernel takes.</summary>
    private static bool IsTooLong(ReadOnlySpan<char> name)
    {
        if (name.Length * 3 <= LongestName)
            return false;
        var bytes = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (char.IsHighSurrogate(c) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                bytes += 4;
                i++;
            }
            else
            {
                // A lone surrogate stands for one undecodable byte (NameCodec).
                bytes += c < 0x80 || char.IsLowSurrogate(c) ? 1 : c < 0x800 ? 2 : 3;
            }
        }

        return bytes > LongestName;
    }

    /// <summary>The node of a number, if it is a directory. Called under the gate.</summary>
    private VfsError FindDirectory(NodeId id, out Node directory)
    {
        directory = _table.Find(id)!;
        if (directory is null)
            return VfsError.Stale;
        if (directory.Kind != RemoteKind.Directory)
            return VfsError.NotADirectory;
        return directory.Deleted ? VfsError.NotFound : VfsError.None;
    }

    /// <summary>A change of a name failed on the server, perhaps after it was done: what is known of the name is not believed any more.</summary>
    private VfsError FailedChange(Exception exception, string operation, Node directory, string name)
    {
        if (exception is RemoteException)
        {
            lock (_table.Gate)
            {
                // While the server cannot be asked, what it said last is all that there is.
                if (_table.BelievesOld)
                    _doubts.Add((directory, name));
                else
                    _table.Doubt(directory, name);
            }
        }

        return Failed(exception, operation, directory);
    }

    private VfsError Failed(Exception exception, string operation, Node? node)
    {
        var error = exception.ToVfsError();
        if (error == VfsError.InputOutput)
            _logger.LogWarning(exception, "{Operation} of '{Name}' failed", operation, node?.Name);
        else
            _logger.LogDebug(exception, "{Operation} of '{Name}' failed", operation, node?.Name);
        return error;
    }
}
