using System.Numerics;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <content>The thread that writes behind, and its queue.</content>
internal sealed partial class DiskCache
{
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromSeconds(30);

    private readonly int _maximumQueued;
    private readonly object _queueGate = new();
    private readonly Queue<Work> _queue = new();
    private readonly List<(MemoryBlock Block, uint Pages)> _swept = new(16);
    private readonly Thread? _worker;
    private int _queuedBlocks;
    private bool _overflowed;
    private bool _workerWaits;
    private bool _closing;
    private long _notStored;
    private int _renamesPending;
    private long _pausedAt;

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
                SaveNow(work.Content!, isRenamed: work.Kind is Kind.RenamedTrailer);
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

        var isMore = written > 0 && _swept.Count == _swept.Capacity;
        lock (_queueGate)
        {
            if (!_closing)
            {
                if (isMore)
                    EnqueueLocked(new Work(Kind.Sweep, content));
                else if (content.Leases == 0)
                    EnqueueLocked(new Work(Kind.Trailer, content));
                return;
            }
        }

        // Nobody comes back to it: what was written shall be found again by the next start.
        SaveNow(content, isRenamed: false);
    }

    private void SaveNow(CachedContent content, bool isRenamed)
    {
        if (content.Disk is { } disk && Enter(disk))
            WriteTrailer(content, disk, isRenamed);
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
