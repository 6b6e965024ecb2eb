using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The second level of the content cache: one sparse file per content, within a hard budget; whole files go, those first that were not used for longest.
/// </summary>
/// <remarks>
/// What arrives is written behind by a thread of its own. When it cannot keep up, or the disk is full, content is not stored: a reader is never slowed down by the
/// disk. Nothing here is needed for anything but speed, so every error of the disk ends in the server being asked.
/// </remarks>
internal sealed class DiskCache : IDisposable
{
    /// <summary>The name of the mark that says that moved files do not say so themselves yet.</summary>
    private const string RenamingMark = "renaming";

    /// <summary>How many processes may use one directory at the same time, each its own part.</summary>
    private const int Slots = 16;

    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(30);

    private readonly string _site;
    private readonly long _budget;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DiskWrite _write;
    private readonly int _maximumQueued;
    private readonly Lock _gate = new();
    private readonly LinkedList<DiskFile> _idle = new();
    private readonly object _queueGate = new();
    private readonly Queue<Work> _queue = new();
    private readonly List<(MemoryBlock Block, uint Pages)> _swept = new(16);
    private readonly FileStream? _slotLock;
    private readonly Thread? _worker;
    private int _queuedBlocks;
    private bool _overflowed;
    private bool _workerWaits;
    private bool _closing;
    private long _total;
    private int _files;
    private long _notStored;
    private int _renamesPending;
    private long _pausedAt;
    private string _directory = "";

    /// <summary>Opens the directory, and finds what an earlier run left in it.</summary>
    /// <param name="directory">Where; made when missing.</param>
    /// <param name="budget">The most bytes.</param>
    /// <param name="site">Whose content this is: the server and user.</param>
    /// <param name="maximumQueued">How many blocks may wait to be written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where trouble is told.</param>
    /// <param name="write">Writes to a file; replaced in tests.</param>
    public DiskCache(string directory, long budget, string site, int maximumQueued, TimeProvider time, ILogger logger, DiskWrite? write = null)
    {
        _site = site;
        _budget = budget;
        _time = time;
        _logger = logger;
        _maximumQueued = maximumQueued;
        _write = write ?? RandomAccess.Write;
        Found = [];
        try
        {
            _slotLock = TakeSlot(directory);
            if (_slotLock is null)
                return;
            Load();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogWarning("The cache directory {Directory} cannot be used, nothing is cached on disk: {Reason}", directory, e.Message);
            _slotLock?.Dispose();
            _slotLock = null;
            return;
        }

        _worker = new Thread(WriteBehind) { IsBackground = true, Name = "content to disk" };
        _worker.Start();
    }

    /// <summary>Whether anything can be stored.</summary>
    public bool IsUsable => _slotLock is not null;

    /// <summary>What an earlier run left of this site.</summary>
    public List<DiskFile> Found { get; }

    /// <summary>Bytes on disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _total;
        }
    }

    /// <summary>Files on disk.</summary>
    public int Files
    {
        get
        {
            lock (_gate)
                return _files;
        }
    }

    /// <summary>Bytes that were not stored.</summary>
    public long BytesNotStored => Interlocked.Read(ref _notStored);

    /// <summary>Queues the pages of a block to be written; pins it meanwhile. The caller holds a pin. False when there is no room in the queue.</summary>
    public bool TryStore(CachedContent content, MemoryBlock block, uint pages)
    {
        if (!IsUsable || pages == 0)
            return true;
        lock (_queueGate)
        {
            // After an overflow nothing is taken until there is room again, so that what is missing is missing in one piece.
            if (_closing || _queuedBlocks >= _maximumQueued || (_overflowed && _queuedBlocks > _maximumQueued / 2) || !block.TryPin())
            {
                _overflowed = true;
                Interlocked.Add(ref _notStored, (long)BitOperations.PopCount(pages) << MemoryBlock.PageShift);
                return false;
            }

            _overflowed = false;
            _queuedBlocks++;
            EnqueueLocked(new Work(Kind.Block, content, block, pages));
            return true;
        }
    }

    /// <summary>Queues the blocks of a content to be written that are in memory only: those for which there was no time while they came.</summary>
    public void StoreWhatIsInMemory(CachedContent content)
    {
        lock (_queueGate)
        {
            if (IsUsable && !_closing)
                EnqueueLocked(new Work(Kind.Sweep, content));
        }
    }

    /// <summary>Queues the trailer of a content's file to be written.</summary>
    public void Save(CachedContent content)
    {
        lock (_queueGate)
        {
            if (IsUsable && !_closing)
                EnqueueLocked(new Work(Kind.Trailer, content));
        }
    }

    /// <summary>Queues the trailers of moved files; until they are written, a mark says so to the next start.</summary>
    public void SaveRenamed(List<CachedContent> contents)
    {
        if (!IsUsable)
            return;
        lock (_queueGate)
        {
            if (_closing)
                return;
            try
            {
                if (_renamesPending == 0)
                    File.WriteAllBytes(Path.Combine(_directory, RenamingMark), []);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Without the mark no file may stay that names another's path.
                foreach (var content in contents)
                {
                    if (content.Disk is { } disk)
                        LocalDisk.TryDelete(disk.FilePath);
                }

                return;
            }

            foreach (var content in contents)
            {
                _renamesPending++;
                EnqueueLocked(new Work(Kind.RenamedTrailer, content));
            }
        }
    }

    /// <summary>Returns when everything queued before was written or given up.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        if (!IsUsable)
            return;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_queueGate)
        {
            if (_closing)
                return;
            EnqueueLocked(new Work(Kind.Tell, Done: done));
        }

        await done.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Notes that a file is in use; false when it is gone.</summary>
    public bool Enter(DiskFile file)
    {
        lock (_gate)
        {
            if (file.IsRemoved)
                return false;
            if (file.IdleNode is { } node)
            {
                _idle.Remove(node);
                file.IdleNode = null;
            }

            file.Users++;
        }

        file.Pin();
        return true;
    }

    /// <summary>Notes that one no longer uses it.</summary>
    public void Exit(DiskFile file)
    {
        lock (_gate)
        {
            if (--file.Users == 0 && !file.IsRemoved)
                file.IdleNode = _idle.AddLast(file);
        }

        file.Unpin();
    }

    /// <summary>Removes a file; nothing is read from it any more.</summary>
    public void Drop(DiskFile file)
    {
        lock (_gate)
            RemoveLocked(file);
        file.Owner?.LoseDisk(file);
        file.Unlink();
    }

    /// <summary>Takes over a complete local file as the content of a path. Null when there is no room.</summary>
    public DiskFile? Adopt(RemotePath path, FileVersion version, string localFile)
    {
        var trailer = new DiskFileTrailer(_site, path, version, new RangeSet());
        trailer.Present.Add(0, version.Size);
        var bytes = trailer.ToBytes();
        var file = new DiskFile(NewFilePath(path), path, version) { Present = trailer.Present };
        Add(file);
        if (!TryReserve(file, DiskFile.RoundUp(version.Size)) || !TryReserve(file, DiskFile.RoundUp(bytes.Length), isTrailer: true))
        {
            Drop(file);
            Exit(file);
            return null;
        }

        try
        {
            File.Move(localFile, file.FilePath);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file.FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var handle = file.Open()!;
            RandomAccess.SetLength(handle, file.TrailerOffset);
            _write(handle, bytes, file.TrailerOffset);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.LogDebug("{Path} was not taken into the disk cache: {Reason}", path, e.Message);
            Drop(file);
            Exit(file);
            return null;
        }
    }

    /// <summary>Writes what is queued and the maps of what is in use, and lets go of the directory.</summary>
    public void Dispose()
    {
        lock (_queueGate)
        {
            if (_closing)
                return;
            _closing = true;
            Monitor.Pulse(_queueGate);
        }

        _worker?.Join();
        _slotLock?.Dispose();
    }

    /// <summary>Takes a part of the directory that no other process uses.</summary>
    private FileStream? TakeSlot(string directory)
    {
        LocalDisk.CreatePrivateDirectory(directory);
        for (var slot = 0; slot < Slots; slot++)
        {
            var candidate = Path.Combine(directory, slot.ToString(CultureInfo.InvariantCulture));
            LocalDisk.CreatePrivateDirectory(candidate);
            try
            {
                var held = new FileStream(Path.Combine(candidate, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 0);
                _directory = candidate;
                return held;
            }
            catch (IOException)
            {
                // Another process has it.
            }
        }

        _logger.LogWarning("The cache directory {Directory} is used by {Count} processes already, nothing is cached on disk.", directory, Slots);
        return null;
    }

    private void Load()
    {
        var mark = Path.Combine(_directory, RenamingMark);
        var discardAll = File.Exists(mark);
        foreach (var local in Directory.GetDirectories(_directory).SelectMany(Directory.GetFiles).OrderBy(File.GetLastWriteTimeUtc))
        {
            if (discardAll || !TryLoad(local))
                LocalDisk.TryDelete(local);
        }

        if (discardAll)
            LocalDisk.TryDelete(mark);
        Evict(0);
    }

    private bool TryLoad(string local)
    {
        try
        {
            using var handle = File.OpenHandle(local, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (!DiskFileTrailer.TryRead(handle, out var trailer, out var length))
                return false;
            var file = new DiskFile(local, trailer.Path, trailer.Version) { Present = trailer.Present, AccountedTrailer = DiskFile.RoundUp(length) };
            for (var i = 0; i < trailer.Present.Count; i++)
                file.Accounted += DiskFile.RoundUp(trailer.Present[i].Length);
            file.Accounted += file.AccountedTrailer;
            _total += file.Accounted;
            _files++;
            file.IdleNode = _idle.AddLast(file);
            if (trailer.Site == _site)
                Found.Add(file);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Two names never meet: content of one path may be replaced while the old is still read.</summary>
    private string NewFilePath(RemotePath path)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(_site + "\0" + path.Value)).AsSpan(0, 16));
        return Path.Combine(_directory, hash[..2], $"{hash}.{Random.Shared.Next():x8}");
    }

    /// <summary>Counts a new file, used by the caller.</summary>
    private void Add(DiskFile file)
    {
        LocalDisk.CreatePrivateDirectory(Path.GetDirectoryName(file.FilePath)!);
        lock (_gate)
        {
            file.Users = 1;
            _files++;
        }

        file.Pin();
    }

    private void RemoveLocked(DiskFile file)
    {
        if (file.IsRemoved)
            return;
        file.IsRemoved = true;
        if (file.IdleNode is { } node)
            _idle.Remove(node);
        file.IdleNode = null;
        _total -= file.Accounted;
        _files--;
    }

    /// <summary>Counts bytes for a file, for which others may have to go. False when there is no room for them.</summary>
    private bool TryReserve(DiskFile file, long bytes, bool isTrailer = false)
    {
        if (bytes > _budget || !Evict(bytes))
            return false;
        lock (_gate)
        {
            if (file.IsRemoved || _total + bytes > _budget)
                return false;
            _total += bytes;
            file.Accounted += bytes;
            if (isTrailer)
                file.AccountedTrailer += bytes;
            return true;
        }
    }

    private void GiveBack(DiskFile file, long bytes)
    {
        lock (_gate)
        {
            if (file.IsRemoved)
                return;
            _total -= bytes;
            file.Accounted -= bytes;
        }
    }

    /// <summary>Removes what was not used for longest until so many bytes fit in; false when they do not even so.</summary>
    private bool Evict(long bytes)
    {
        while (true)
        {
            DiskFile victim;
            lock (_gate)
            {
                if (_total + bytes <= _budget)
                    return true;
                if (_idle.First is not { } first)
                    return false;
                victim = first.Value;
                RemoveLocked(victim);
            }

            victim.Owner?.LoseDisk(victim);
            victim.Unlink();
        }
    }

    private void EnqueueLocked(Work work)
    {
        _queue.Enqueue(work);
        if (_workerWaits)
            Monitor.Pulse(_queueGate);
    }

    private void WriteBehind()
    {
        while (true)
        {
            Work work;
            lock (_queueGate)
            {
                while (!_queue.TryDequeue(out work))
                {
                    if (_closing)
                        return;
                    _workerWaits = true;
                    Monitor.Wait(_queueGate);
                    _workerWaits = false;
                }
            }

            try
            {
                Do(work);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Pause(e);
            }
            finally
            {
                Finish(work);
            }
        }
    }

    private void Do(in Work work)
    {
        switch (work.Kind)
        {
            case Kind.Block:
                Write(work.Content!, work.Block!, work.Pages);
                break;
            case Kind.Sweep:
                Sweep(work.Content!);
                break;
            case Kind.Trailer or Kind.RenamedTrailer:
                if (work.Content!.Disk is { } disk && Enter(disk))
                    WriteTrailer(work.Content, disk, isRenamed: work.Kind is Kind.RenamedTrailer);
                break;
        }
    }

    /// <summary>Writes some of what is in memory only, and comes back for the rest when what has been queued meanwhile is done.</summary>
    private void Sweep(CachedContent content)
    {
        if (content.IsDetached || IsPaused())
            return;
        _swept.Clear();
        content.CollectUnstored(_swept);
        var written = 0;
        try
        {
            foreach (var (block, pages) in _swept)
            {
                if (Write(content, block, pages))
                    written++;
            }
        }
        finally
        {
            foreach (var (block, _) in _swept)
                content.ReleaseBlock(block);
        }

        if (written > 0 && _swept.Count == _swept.Capacity)
            StoreWhatIsInMemory(content);
        else if (content.Leases == 0)
            Save(content);
    }

    private void Finish(in Work work)
    {
        work.Done?.TrySetResult();
        if (work.Kind is Kind.Block)
        {
            work.Content!.ReleaseBlock(work.Block!);
            lock (_queueGate)
                _queuedBlocks--;
        }
        else if (work.Kind is Kind.RenamedTrailer)
        {
            lock (_queueGate)
            {
                if (--_renamesPending == 0)
                    LocalDisk.TryDelete(Path.Combine(_directory, RenamingMark));
            }
        }
    }

    /// <summary>Writes pages of a block; false when not all of them are on disk then.</summary>
    private bool Write(CachedContent content, MemoryBlock block, uint pages)
    {
        if (IsPaused() || content.IsDetached)
            return false;
        var file = content.Disk;
        if (file is null)
        {
            file = Create(content);
            if (file is null)
                return false;
        }
        else if (!Enter(file))
        {
            return false;
        }

        try
        {
            if (file.Open() is not { } handle)
                return false;
            var all = true;
            for (var first = 0; first < 32; first++)
            {
                if ((pages >> first & 1) == 0)
                    continue;
                var last = first + 1;
                while (last < 32 && (pages >> last & 1) != 0)
                    last++;
                all &= WriteRun(content, file, handle, block, first, last);
                first = last;
            }

            return all;
        }
        finally
        {
            Exit(file);
        }
    }

    private bool WriteRun(CachedContent content, DiskFile file, SafeFileHandle handle, MemoryBlock block, int first, int last)
    {
        var start = (block.Index << MemoryBlock.Shift) + (first << MemoryBlock.PageShift);
        var end = Math.Min(content.Size, start + ((last - first) << MemoryBlock.PageShift));
        long present;
        lock (content.Gate)
            present = DiskFile.RoundUp(file.Present.CountWithin(start, end));
        var absent = DiskFile.RoundUp(end - start) - present;
        if (absent > 0)
        {
            if (!TryReserve(file, absent))
            {
                Interlocked.Add(ref _notStored, absent);
                return false;
            }

            try
            {
                _write(handle, block.GetSpan().Slice(first << MemoryBlock.PageShift, (int)(end - start)), start);
            }
            catch (IOException)
            {
                Interlocked.Add(ref _notStored, absent);
                GiveBack(file, absent);
                throw;
            }
        }

        lock (content.Gate)
        {
            file.Present.Add(start, end);
            file.IsDirty = true;
            block.Stored |= MemoryBlock.PageMask(first, last);
        }

        return true;
    }

    /// <summary>Makes the file of a content; it is in use by the caller then. Null when it cannot be.</summary>
    private DiskFile? Create(CachedContent content)
    {
        var file = new DiskFile(NewFilePath(content.Path), content.Path, content.Version);
        Add(file);
        try
        {
            file.Open(create: true);
            if (TryReserve(file, MemoryBlock.PageSize, isTrailer: true) && content.Cache.TakeDisk(content, file))
                return file;
        }
        catch (Exception)
        {
            Drop(file);
            Exit(file);
            throw;
        }

        Drop(file);
        Exit(file);
        return null;
    }

    private void WriteTrailer(CachedContent content, DiskFile file, bool isRenamed)
    {
        try
        {
            byte[] bytes;
            lock (content.Gate)
            {
                if (!file.IsDirty && !isRenamed)
                {
                    bytes = [];
                }
                else
                {
                    bytes = new DiskFileTrailer(_site, content.Path, content.Version, file.Present).ToBytes();
                    file.IsDirty = false;
                }
            }

            if (file.Open() is not { } handle)
                return;
            if (bytes.Length > 0)
            {
                var more = DiskFile.RoundUp(bytes.Length) - file.AccountedTrailer;
                if (more > 0 && !TryReserve(file, more, isTrailer: true))
                {
                    Drop(file);
                    return;
                }

                // A trailer that is cut off here has no footer at the end and is not believed.
                _write(handle, bytes, file.TrailerOffset);
                RandomAccess.SetLength(handle, file.TrailerOffset + bytes.Length);
            }

            // The order of use, for the next start.
            File.SetLastWriteTimeUtc(handle, _time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Drop(file);
            Pause(e);
        }
        finally
        {
            Exit(file);
        }
    }

    private bool IsPaused() => _pausedAt != 0 && _time.GetElapsedTime(_pausedAt) < PauseAfterError;

    private void Pause(Exception e)
    {
        if (!IsPaused())
            _logger.LogWarning("The disk cache {Directory} pauses for {Seconds} s: {Reason}", _directory, PauseAfterError.TotalSeconds, e.Message);
        _pausedAt = Math.Max(1, _time.GetTimestamp());
    }

    /// <summary>What the thread does.</summary>
    private enum Kind
    {
        /// <summary>Write pages of a block.</summary>
        Block,

        /// <summary>Write what is in memory only.</summary>
        Sweep,

        /// <summary>Write a trailer.</summary>
        Trailer,

        /// <summary>Write a trailer because the file was renamed.</summary>
        RenamedTrailer,

        /// <summary>Tell someone that what came before is done.</summary>
        Tell,
    }

    private readonly record struct Work(Kind Kind, CachedContent? Content = null, MemoryBlock? Block = null, uint Pages = 0, TaskCompletionSource? Done = null);
}
