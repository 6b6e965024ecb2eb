using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The contents of remote files, as far as they were read: in memory, behind it on disk, and on the way from the server. Knows one content per path, shared by all
/// who have the file open; a version that no longer agrees gives way to a new one, and lives on for those who hold it.
/// </summary>
/// <remarks>
/// The path of a read: <see cref="ContentReader"/> copies what <see cref="CachedContent"/> has in a <see cref="MemoryBlock"/> or a <see cref="DiskFile"/>; what is
/// missing is brought by a <see cref="Transfer"/>, started as <see cref="ReadPattern"/> says; what a transfer brings is written behind to disk by <see cref="DiskCache"/>.
/// </remarks>
public sealed class ContentCache : IAsyncDisposable
{
    /// <summary>The largest window of one stream: bandwidth times delay of a gigabit link around half the earth.</summary>
    private const int LargestWindow = 32 << 20;

    /// <summary>The least memory that lets a few readers work at all.</summary>
    private const long LeastMemory = 1 << 20;

    /// <summary>After so long without a read, memory that holds only what is on disk too is given back.</summary>
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(30);

    private readonly Lock _indexGate = new();
    private readonly Dictionary<RemotePath, CachedContent> _index = [];
    private readonly HashSet<CachedContent> _detached = [];
    private readonly ITimer _trim;
    private long _hits;
    private long _misses;
    private long _fetched;
    private long _transfers;
    private long _readsAtLastTrim;

    /// <summary>Opens the cache. A directory that cannot be used is logged, and nothing is cached on disk.</summary>
    /// <param name="remote">The server. Not disposed.</param>
    /// <param name="options">The limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where trouble is told.</param>
    public ContentCache(IRemoteFileSystem remote, ContentCacheOptions options, TimeProvider time, ILogger logger)
        : this(remote, options, time, logger, null)
    {
    }

    internal ContentCache(IRemoteFileSystem remote, ContentCacheOptions options, TimeProvider time, ILogger logger, DiskWrite? write)
    {
        Remote = remote;
        Time = time;
        Logger = logger;
        Timeout = options.Timeout;
        StreamIdleTimeout = options.StreamIdleTimeout;
        var memory = Math.Max(LeastMemory, options.MemoryBytes);
        Pool = new BlockPool(memory);
        Streams = new StreamSlots(options.MaximumStreams);

        // All streams together keep half of the memory free for what was read.
        MaximumWindow = (int)Math.Clamp(memory / 2 / Math.Max(1, options.MaximumStreams), MemoryBlock.Size, LargestWindow);
        if (options.DiskBytes > 0)
        {
            var disk = new DiskCache(options.Directory, options.DiskBytes, remote.DisplayName, Math.Max(2, Pool.Capacity / 4), time, logger, write, options.IsPinned);
            if (disk.IsUsable)
                Disk = disk;
            else
                disk.Dispose();
        }

        // The newest first: of two for one path it is the one that counts.
        foreach (var file in Enumerable.Reverse(Disk?.Found ?? []))
        {
            var content = new CachedContent(this, file.Path, file.Version);
            if (!_index.TryAdd(file.Path, content))
            {
                Disk!.Drop(file);
                continue;
            }

            file.Owner = content;
            content.SetDisk(file);
        }

        _trim = time.CreateTimer(static state => ((ContentCache)state!).TrimWhenIdle(), this, TrimInterval, TrimInterval);
    }

    /// <summary>A snapshot of the counters.</summary>
    public ContentCacheStatistics Statistics => new()
    {
        MemoryBytes = Pool.BytesInUse,
        DiskBytes = Disk?.Bytes ?? 0,
        DiskFiles = Disk?.Files ?? 0,
        Hits = Interlocked.Read(ref _hits),
        Misses = Interlocked.Read(ref _misses),
        BytesFetched = Interlocked.Read(ref _fetched),
        TransfersOpened = Interlocked.Read(ref _transfers),
        StreamsOpen = Streams.Count,
        BytesNotStored = Disk?.BytesNotStored ?? 0,
    };

    internal IRemoteFileSystem Remote { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal TimeSpan Timeout { get; }

    internal TimeSpan StreamIdleTimeout { get; }

    internal int MaximumWindow { get; }

    internal BlockPool Pool { get; }

    internal DiskCache? Disk { get; }

    internal StreamSlots Streams { get; }

    internal bool IsDisposed { get; private set; }

    /// <summary>
    /// A lease on the content of a file. Asks the server nothing. Whoever opens the same path with a version that agrees (<see cref="FileVersion.IsSameAs"/>) shares it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="version">What the server said of it last.</param>
    public RemoteContent Open(RemotePath path, FileVersion version)
    {
        CachedContent? superseded = null;
        CachedContent? content;
        lock (_indexGate)
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            if (_index.TryGetValue(path, out content) && !content.Version.IsSameAs(version))
            {
                superseded = content;
                DetachLocked(content);
                content = null;
            }

            if (content is null)
            {
                content = new CachedContent(this, path, version);
                _index.Add(path, content);
            }

            if (content.Leases++ == 0 && content.Disk is { } disk)
            {
                if (Disk!.Enter(disk))
                    content.HeldDisk = disk;
                else
                    content.SetDisk(null);
            }
        }

        if (superseded is not null)
            DropIfUnused(superseded);
        return new RemoteContent(content);
    }

    /// <summary>
    /// Makes a complete local copy, of what was just uploaded, the cached content of a path. The file is moved, or copied across file systems; afterwards it is gone, and
    /// nobody may write to it any more. When there is no room on disk it is deleted.
    /// </summary>
    /// <param name="path">The file on the server.</param>
    /// <param name="version">What the server says of it now.</param>
    /// <param name="localFile">The local copy; its length is the version's size.</param>
    /// <param name="cancellationToken">Given up before the file is moved.</param>
    /// <exception cref="ArgumentException">The local file has another length.</exception>
    public async ValueTask AdoptAsync(RemotePath path, FileVersion version, string localFile, CancellationToken cancellationToken)
    {
        var length = new FileInfo(localFile).Length;
        if (length != version.Size)
            throw new ArgumentException($"'{localFile}' has {length} bytes, the file on the server {version.Size}.", nameof(localFile));
        cancellationToken.ThrowIfCancellationRequested();

        // Another thread: across file systems the bytes are copied.
        var file = Disk is { } disk && version.Size > 0 ? await Task.Run(() => disk.Adopt(path, version, localFile), cancellationToken) : null;
        if (file is null)
            LocalDisk.TryDelete(localFile);
        CachedContent? superseded;
        lock (_indexGate)
        {
            if (_index.TryGetValue(path, out superseded))
                DetachLocked(superseded);
            if (file is not null)
            {
                var content = new CachedContent(this, path, version);
                file.Owner = content;
                content.SetDisk(file);
                _index.Add(path, content);
            }
        }

        if (superseded is not null)
            DropIfUnused(superseded);
        if (file is not null)
            Disk!.Exit(file);
    }

    /// <summary>Notes that a file, or a directory with everything below it, was renamed; what was at the target is forgotten.</summary>
    /// <param name="from">The old path.</param>
    /// <param name="to">The new path.</param>
    public void Rename(RemotePath from, RemotePath to)
    {
        if (from == to)
            return;
        List<CachedContent> moved = [];
        List<CachedContent> replaced = [];
        lock (_indexGate)
        {
            if (_index.TryGetValue(from, out var single))
            {
                moved.Add(single);
            }
            else
            {
                foreach (var (path, content) in _index)
                {
                    if (path.IsAtOrBelow(from))
                        moved.Add(content);
                }
            }

            if (_index.TryGetValue(to, out var target))
            {
                DetachLocked(target);
                replaced.Add(target);
            }

            foreach (var content in moved)
                _index.Remove(content.Path);
            foreach (var content in moved)
            {
                content.Path = content.Path.Moved(from, to);
                if (_index.Remove(content.Path, out var other))
                {
                    DetachLocked(other);
                    replaced.Add(other);
                }

                _index.Add(content.Path, content);
            }
        }

        foreach (var content in replaced)
            DropIfUnused(content);
        if (moved.RemoveAll(content => content.Disk is null) < moved.Count)
            Disk?.SaveRenamed(moved);
    }

    /// <summary>
    /// Forgets the content of a path: it is about to be replaced or removed. Those who hold it keep what is cached; it is not given to anyone new, in this run or a later one. Call it before the
    /// server's file changes, so that nobody is given bytes of the new file as bytes of the old.
    /// </summary>
    public void Forget(RemotePath path)
    {
        CachedContent? content;
        lock (_indexGate)
        {
            if (!_index.TryGetValue(path, out content))
                return;
            DetachLocked(content);
        }

        DropIfUnused(content);
    }

    /// <summary>The paths at and below one of which something is cached.</summary>
    public IReadOnlyList<RemotePath> PathsBelow(RemotePath path)
    {
        lock (_indexGate)
            return [.. _index.Keys.Where(p => p.IsAtOrBelow(path))];
    }

    /// <summary>What <see cref="ContentCacheOptions.IsPinned"/> says is not what it was.</summary>
    public void PinsChanged()
    {
        DiskFile[] files;
        lock (_indexGate)
            files = [.. _index.Values.Select(c => c.Disk).OfType<DiskFile>()];
        Disk?.PinsChanged(files);
    }

    /// <summary>Ends all transfers, and leaves what is on disk for the next start. Readers still waiting fail.</summary>
    public async ValueTask DisposeAsync()
    {
        CachedContent[] all;
        lock (_indexGate)
        {
            if (IsDisposed)
                return;
            IsDisposed = true;
            all = [.. _index.Values, .. _detached];
        }

        await _trim.DisposeAsync();
        foreach (var content in all)
        {
            foreach (var transfer in content.StopAll())
                await transfer.Completion;
        }

        if (Disk is { } disk)
        {
            foreach (var content in all)
            {
                if (content.Leases > 0 && !content.IsDetached)
                    disk.Save(content);
            }

            await Task.Run(disk.Dispose);
        }

        Pool.Dispose();
    }

    internal void CountHit() => Interlocked.Increment(ref _hits);

    internal void CountMiss() => Interlocked.Increment(ref _misses);

    internal void CountFetched(int bytes) => Interlocked.Add(ref _fetched, bytes);

    internal void CountTransfer() => Interlocked.Increment(ref _transfers);

    /// <summary>Has pages written behind to disk; false when the disk cannot keep up.</summary>
    internal bool TryStore(CachedContent content, MemoryBlock block, uint pages) =>
        content.IsDetached || Disk is not { } disk || disk.TryStore(content, block, pages);

    /// <summary>Gives a content the file that was made for it; false when it is not to be found any more.</summary>
    internal bool TakeDisk(CachedContent content, DiskFile file)
    {
        lock (_indexGate)
        {
            if (content.IsDetached)
                return false;
            file.Owner = content;
            if (content.Leases > 0)
            {
                if (!Disk!.Enter(file))
                    return false;
                if (content.HeldDisk is { } lost)
                    Disk.Exit(lost);
                content.HeldDisk = file;
            }

            content.SetDisk(file);
            return true;
        }
    }

    /// <summary>One lease less.</summary>
    internal void Release(CachedContent content)
    {
        lock (_indexGate)
        {
            if (--content.Leases > 0)
                return;
            if (content.IsDetached)
                _detached.Remove(content);
            if (content.HeldDisk is { } disk)
            {
                content.HeldDisk = null;
                Disk!.Exit(disk);
            }

            // Also when there is no file yet: blocks may be queued that make one.
            if (!content.IsDetached)
                Disk?.Save(content);
        }

        content.StopStreams();
        if (content.IsDetached)
            DropIfUnused(content);
        else
            NoteEmpty(content);
    }

    /// <summary>Drops a content from the index of which nothing is here and which nobody has open.</summary>
    internal void NoteEmpty(CachedContent content)
    {
        lock (_indexGate)
        {
            if (content.Leases == 0 && content.IsEmpty && _index.TryGetValue(content.Path, out var present) && ReferenceEquals(present, content))
                _index.Remove(content.Path);
        }
    }

    private void DetachLocked(CachedContent content)
    {
        _index.Remove(content.Path);
        content.IsDetached = true;
        content.IsGone = true;
        if (content.Leases > 0)
            _detached.Add(content);
    }

    /// <summary>After a detachment: the name on disk goes at once, the rest when nobody holds it.</summary>
    private void DropIfUnused(CachedContent content)
    {
        bool unused;
        lock (_indexGate)
            unused = content.Leases == 0;
        if (content.Disk is { } file)
        {
            if (unused)
                Disk!.Drop(file);
            else
                file.Unlink();
        }

        if (unused)
            content.DropBlocks();
    }

    private void TrimWhenIdle()
    {
        var reads = Interlocked.Read(ref _hits) + Interlocked.Read(ref _misses);
        if (Interlocked.Exchange(ref _readsAtLastTrim, reads) == reads)
            Pool.Trim();
    }
}
