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

    /// <summary>Directories whose reading is followed at once.</summary>
    private const int Followed = 8;

    /// <summary>What was read in one directory so long ago says nothing of how the next one is read.</summary>
    private static readonly TimeSpan StreakLasts = TimeSpan.FromSeconds(2);

    private readonly LinkedList<FolderReading> _readings = new();
    private readonly HashSet<Task> _running = [];
    private FolderOrder? _streak;
    private long _streakAt;
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
        reading.LastOpen = now;
        if (reading.Order is { } order)
            (_streak, _streakAt) = (order, now);
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

        var files = new List<(string Name, ulong Inode)>(listing.Count);
        for (var slot = 0; slot < listing.SlotCount; slot++)
        {
            var (name, entry) = listing[slot];
            if (name is not null && entry is { Kind: RemoteKind.File, Size: > 0 and <= SmallFile })
                files.Add((name, table.InodeOf(directory, name, entry)));
        }

        var reading = new FolderReading(directory, listing, files, _streak is { } order && clock.After(_streakAt, StreakLasts) > now ? order : null);
        _readings.AddFirst(reading);
        if (_readings.Count > Followed)
        {
            Leave(_readings.Last!.Value);
            _readings.RemoveLast();
        }

        return reading;
    }

    /// <summary>What was fetched for it and not opened was fetched in vain, as far as one can tell.</summary>
    private void Leave(FolderReading reading)
    {
        _bytesAhead -= reading.Ahead.Values.Sum();
        reading.Ahead.Clear();
    }

    private void Pump(FolderReading reading, long now)
    {
        var connections = Math.Max(1, remote.Statistics.ConnectionLimit - 1);
        while (!_ended && !stopping.IsCancellationRequested && _running.Count < connections && _bytesAhead < options.MemoryBytes / 4 && reading.TryTakeNext(out var name))
        {
            if (!reading.Listing.TryGet(name, out var entry) || entry?.Size is not { } size)
                continue;
            if (reading.Directory.Directory!.TryGetChild(name, out var child))
            {
                if (child.IsLocal || child.Remote is not { } known)
                    continue;
                entry = known;
            }

            if (entry.Permissions is { } allowed && (allowed & RemotePermissions.Read) == 0)
                continue;
            var path = table.PathOf(reading.Directory).Combine(name);
            var version = EntryMerge.VersionOf(entry);
            reading.Ahead[name] = size;
            _bytesAhead += size;
            BytesUnused += size;
            Fetched++;
            var fetch = new Task<Task>(() => FetchAsync(path, version));
            var whole = fetch.Unwrap();
            _running.Add(whole);
            _ = whole.ContinueWith(
                (ended, state) => Ended(ended, (FolderReading)state!), reading, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            fetch.Start(TaskScheduler.Default);
        }
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

    private void Ended(Task fetch, FolderReading reading)
    {
        lock (table.Gate)
        {
            _running.Remove(fetch);
            if (_readings.Contains(reading))
                Pump(reading, clock.Now);
        }
    }
}
