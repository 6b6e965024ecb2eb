using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Prefetch;

/// <summary>
/// Recognises a program that reads the small files of a directory one after the other (cp -r, grep -r, a thumbnailer), and fetches the next ones on the connections that
/// are free before they are opened: in the order in which the program goes, bounded in number and bytes, and no more at the first file that was not foreseen.
/// </summary>
internal sealed class FilePrefetch(
    NodeTable table, ContentCache content, IRemoteFileSystem remote, VfsOptions options, Clock clock, CancellationToken stopping)
{
    /// <summary>What is small: no larger than one block of memory, and so one transfer that is never broken off.</summary>
    private const int SmallFile = MemoryBlock.Size;

    /// <summary>A directory with more entries is not sorted for this.</summary>
    private const int LargestDirectory = 50_000;

    /// <summary>A directory with more entries is sorted by another thread, without the table's gate.</summary>
    private const int LargestSortedAtOnce = 1_000;

    /// <summary>Directories whose reading is followed at once.</summary>
    private const int Followed = 24;

    /// <summary>How many directories ahead of the reader files are fetched in.</summary>
    private const int DirectoriesAhead = 8;

    /// <summary>How many directories without small files are passed over to find the next one with some.</summary>
    private const int DirectoriesPassed = 32;

    /// <summary>What was read in one directory so long ago says nothing of how the next one is read.</summary>
    private static readonly TimeSpan StreakLasts = TimeSpan.FromSeconds(2);

    private readonly LinkedList<FolderReading> _readings = new();
    private readonly HashSet<Task> _running = [];
    private FolderOrder? _streak;
    private long _streakAt;
    private int _streakWindow;

    /// <summary>The directory below which the streak has been so far.</summary>
    private Node? _streakTop;
    private long _bytesAhead;
    private bool _ended;

    /// <summary>Files fetched ahead.</summary>
    public long Fetched { get; private set; }

    /// <summary>Those among them that were opened afterwards.</summary>
    public long Used { get; private set; }

    /// <summary>Bytes fetched ahead of files that were not opened.</summary>
    public long BytesUnused { get; private set; }

    /// <summary>What is under way. Called under the table's gate.</summary>
    public Task[] Running => [.. _running];

    /// <summary>A file is opened for reading. Called under the table's gate.</summary>
    public void NoteOpen(Node file)
    {
        if (!options.Prefetch || file.Deleted || file.Parent is not { } directory || file.Remote is not { Size: > 0 and <= SmallFile })
            return;
        var now = clock.Now;
        if (ReadingOf(directory, now) is not { } reading)
            return;
        if (reading.Ahead.TryGetValue(file.Name, out var size))
        {
            Used++;
            BytesUnused -= size;
            _bytesAhead -= size;
        }

        reading.Open(file.Name);
        if (!reading.IsSorting && (reading.IsWorthSorting || LastingStreak(now) is not null))
            Sort(reading, now);
        if (reading.Order is not { } order)
            return;
        Streak(reading, order, now);
        remote.Prepare(remote.ConcurrentCalls);
        Pump(reading, now);
    }

    /// <summary>Starts nothing more, and waits for what is under way.</summary>
    public async Task EndAsync()
    {
        Task[] running;
        lock (table.Gate)
        {
            _ended = true;
            running = [.. _running];
        }

        await Task.WhenAll(running).ConfigureAwait(false);
    }

    private static Node CommonTop(Node a, Node b)
    {
        var top = a;
        while (!b.IsAtOrBelow(top))
            top = top.Parent!;
        return top;
    }

    private FolderOrder? LastingStreak(long now) => clock.After(_streakAt, StreakLasts) > now ? _streak : null;

    private void Streak(FolderReading reading, FolderOrder order, long now)
    {
        _streakTop = LastingStreak(now) == order && _streakTop is { Deleted: false } top ? CommonTop(top, reading.Directory) : reading.Directory;
        (_streak, _streakAt, _streakWindow) = (order, now, reading.Window);
    }

    private FolderReading? ReadingOf(Node directory, long now)
    {
        if (table.ValidListing(directory, now) is not { } listing || listing.Count > LargestDirectory)
            return null;
        for (var item = _readings.First; item is not null; item = item.Next)
        {
            if (item.Value.Directory != directory)
                continue;
            _readings.Remove(item);
            if (item.Value.Listing != listing)
            {
                // Listed anew meanwhile: the same files, as a rule, and the reader goes on as before.
                Leave(item.Value);
                break;
            }

            _readings.AddFirst(item);
            return item.Value;
        }

        var reading = new FolderReading(directory, listing);
        _readings.AddFirst(reading);
        if (_readings.Count > Followed)
        {
            Leave(_readings.Last!.Value);
            _readings.RemoveLast();
        }

        return reading;
    }

    /// <summary>Finds the orders of a directory's small files: at once when there are few.</summary>
    private void Sort(FolderReading reading, long now)
    {
        reading.IsSorting = true;
        var listing = reading.Listing;
        var files = new List<(string Name, ulong Inode)>(listing.Count);
        for (var slot = 0; slot < listing.SlotCount; slot++)
        {
            var (name, entry) = listing[slot];
            if (name is not null && entry is { Kind: RemoteKind.File, Size: > 0 and <= SmallFile })
                files.Add((name, table.InodeOf(reading.Directory, name, entry)));
        }

        if (files.Count <= LargestSortedAtOnce)
        {
            Begin(reading, new FolderOrders(files), now);
            return;
        }

        Start(
            () =>
            {
                var orders = new FolderOrders(files);
                lock (table.Gate)
                    Begin(reading, orders, clock.Now);
                return Task.CompletedTask;
            },
            reading);
    }

    private void Begin(FolderReading reading, FolderOrders orders, long now)
    {
        var expected = LastingStreak(now);
        reading.Begin(orders, expected, expected is null ? 0 : _streakWindow);
    }

    /// <summary>What was fetched for it and not opened was fetched in vain, as far as one can tell.</summary>
    private void Leave(FolderReading reading)
    {
        foreach (var size in reading.Ahead.Values)
            _bytesAhead -= size;
        reading.Ahead.Clear();
    }

    /// <summary>Fetches what comes next: in the directory that the program reads, and when nothing is left there, in those that it is expected to read after it.</summary>
    private void Pump(FolderReading reading, long now)
    {
        if (_ended || stopping.IsCancellationRequested || reading.Order is not { } order)
            return;
        var calls = remote.ConcurrentCalls;
        var at = reading;
        var ahead = at.Ahead.Count;
        for (var directories = 0; _running.Count < calls && _bytesAhead < options.MemoryBytes / 4 && ahead < reading.Window;)
        {
            if (at.TryTakeNext(out var name))
            {
                if (TryFetch(at, name, origin: reading))
                    ahead++;
                continue;
            }

            if (!at.IsThrough || ++directories > DirectoriesAhead)
                return;
            if (at.Following is null || !_readings.Contains(at.Following))
                at.Following = Follow(at, order, now);
            if (at.Following is not { Order: not null } following)
                return;
            at = following;
            ahead += at.Ahead.Count;
        }
    }

    private bool TryFetch(FolderReading reading, string name, FolderReading origin)
    {
        if (!reading.Listing.TryGet(name, out var entry) || entry?.Size is not { } size || reading.Directory.Deleted)
            return false;
        if (reading.Directory.Directory!.TryGetChild(name, out var child))
        {
            if (child.IsLocal || child.Remote is not { } known)
                return false;
            entry = known;
        }

        if (entry.Permissions is { } allowed && (allowed & RemotePermissions.Read) == 0)
            return false;
        var path = table.PathOf(reading.Directory).Combine(name);
        var version = EntryMerge.VersionOf(entry);
        reading.Ahead[name] = size;
        _bytesAhead += size;
        BytesUnused += size;
        Fetched++;
        Start(() => FetchAsync(path, version), origin);
        return true;
    }

    private void Start(Func<Task> action, FolderReading origin)
    {
        var task = new Task<Task>(action);
        var whole = task.Unwrap();
        _running.Add(whole);
        _ = whole.ContinueWith(
            (ended, state) => Ended(ended, (FolderReading)state!), origin, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        task.Start(TaskScheduler.Default);
    }

    /// <summary>Where a reader that is through with one directory goes on, when it goes through a tree: in the next directory in its order that is listed and has small files.</summary>
    private FolderReading? Follow(FolderReading through, FolderOrder order, long now)
    {
        if (_streakTop is not { } top || LastingStreak(now) != order)
            return null;
        var directory = through.Directory;
        for (var passed = 0; passed < DirectoriesPassed; passed++)
        {
            if (NextDirectory(directory, top, order, now) is not { } next || table.ValidListing(next, now) is not { } listing || listing.Count > LargestSortedAtOnce)
                return null;
            directory = next;
            var reading = _readings.FirstOrDefault(known => known.Directory == next && known.Listing == listing);
            if (reading is null)
            {
                reading = new FolderReading(next, listing);
                _readings.AddAfter(_readings.Find(through) ?? _readings.First!, reading);
            }

            if (!reading.IsSorting)
            {
                Sort(reading, now);
                reading.Expect(order);
            }

            if (reading.HasFiles)
                return reading;
        }

        return null;
    }

    /// <summary>The directory after one, in a walk that takes a directory's children before what follows it; null at the end, or when it is not known here.</summary>
    private Node? NextDirectory(Node directory, Node top, FolderOrder order, long now)
    {
        if (NextChild(directory, null, order, now) is { } child)
            return child;
        for (var at = directory; at != top && at.Parent is { } parent; at = parent)
        {
            if (NextChild(parent, at, order, now) is { } next)
                return next;
        }

        return null;
    }

    /// <summary>The first directory in a directory after another one, in an order.</summary>
    private Node? NextChild(Node parent, Node? after, FolderOrder order, long now)
    {
        if (table.ValidListing(parent, now) is not { } listing || listing.Count > LargestDirectory)
            return null;
        string? best = null;
        ulong bestInode = 0;
        var afterInode = after is not null && listing.TryGet(after.Name, out var own) && own is not null ? table.InodeOf(parent, after.Name, own) : 0;
        for (var slot = after is null || order != FolderOrder.Listing ? 0 : listing.SlotOf(after.Name) + 1; slot < listing.SlotCount; slot++)
        {
            var (name, entry) = listing[slot];
            if (name is null || entry is not { Kind: RemoteKind.Directory } || name == after?.Name)
                continue;
            if (order == FolderOrder.Listing)
            {
                best = name;
                break;
            }

            if (order == FolderOrder.Name)
            {
                if ((after is null || string.CompareOrdinal(name, after.Name) > 0) && (best is null || string.CompareOrdinal(name, best) < 0))
                    best = name;
                continue;
            }

            var inode = table.InodeOf(parent, name, entry);
            if ((after is null || inode > afterInode) && (best is null || inode < bestInode))
                (best, bestInode) = (name, inode);
        }

        return best is not null && parent.Directory!.TryGetChild(best, out var child) && child.Kind == RemoteKind.Directory ? child : null;
    }

    private async Task FetchAsync(RemotePath path, FileVersion version)
    {
        try
        {
            using var lease = content.Open(path, version);
            await lease.PrefetchAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // Unmounted meanwhile.
        }
    }

    private void Ended(Task fetch, FolderReading origin)
    {
        lock (table.Gate)
        {
            _running.Remove(fetch);
            var now = clock.Now;
            if (_readings.Contains(origin))
                Pump(origin, now);
        }
    }
}
