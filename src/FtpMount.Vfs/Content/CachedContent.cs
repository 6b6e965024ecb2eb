using FtpMount.Remote;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The content of one version of one file, as far as it is here: its blocks in memory, its file on disk, and the transfers under way. Everyone who has this
/// file open shares it.
/// </summary>
/// <remarks>
/// <see cref="Gate"/> is held for moments only, never while bytes are copied or waited for. Order of locks: the cache's index, then a gate, then the pool's or the disk's;
/// no one who holds a gate takes another's.
/// </remarks>
internal sealed class CachedContent
{
    /// <summary>
    /// What a random read is rounded to. A server's first congestion window carries about 14.6 KB, so that these bytes come within the round trip that any
    /// smaller read would cost too.
    /// </summary>
    private const int RandomReadUnit = 16 << 10;

    /// <summary>The most that one random fetch brings: what the largest kernel request asks for.</summary>
    private const int MaximumFetch = 1 << 20;

    private readonly Dictionary<long, MemoryBlock> _blocks = [];
    private readonly List<Transfer> _transfers = [];
    private TransferWaiter? _spareWaiters;

    public CachedContent(ContentCache cache, RemotePath path, FileVersion version)
    {
        Cache = cache;
        Path = path;
        Version = version;
        Size = Math.Max(0, version.Size);
    }

    /// <summary>Guards the blocks, the transfers and the map of the disk file.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Where this belongs.</summary>
    public ContentCache Cache { get; }

    /// <summary>Which content it is.</summary>
    public FileVersion Version { get; }

    /// <summary>Length in bytes; nothing beyond is ever given.</summary>
    public long Size { get; }

    /// <summary>Where the file is now.</summary>
    public RemotePath Path { get; set; }

    /// <summary>Whether the server no longer has this content at <see cref="Path"/>: what is here may be read, nothing more may be fetched.</summary>
    public bool IsGone { get; set; }

    /// <summary>The file on disk; null when there is none. Set under the gate.</summary>
    public DiskFile? Disk { get; private set; }

    /// <summary>How many have it open. Guarded by the cache's index.</summary>
    public int Leases { get; set; }

    /// <summary>How many want every byte to come onto the disk, for which the transfers wait then.</summary>
    public int StoreRequests;

    /// <summary>Whether anyone wants every byte to come onto the disk.</summary>
    public bool IsWantedOnDisk => Volatile.Read(ref StoreRequests) > 0 && Cache.Disk is not null && !IsDetached;

    /// <summary>The file on disk that is kept in use for the leases. Guarded by the cache's index.</summary>
    public DiskFile? HeldDisk { get; set; }

    /// <summary>Whether it is no longer given to those who open the file. Guarded by the cache's index; read without it as a hint.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Whether there is nothing here, so that it may be dropped from the index.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (Gate)
                return _blocks.Count == 0 && Disk is null && _transfers.Count == 0;
        }
    }

    /// <summary>Whether every byte is here.</summary>
    public bool IsComplete
    {
        get
        {
            lock (Gate)
                return FirstMissingLocked(0, Size) >= Size;
        }
    }

    /// <summary>Refuses to fetch what would be another file's bytes.</summary>
    public void ThrowIfUnfetchable()
    {
        if (IsGone)
            throw new RemoteException(RemoteError.Changed, $"{Path} was replaced or removed on {Cache.Remote.DisplayName} since it was opened. Open it again.") { Path = Path };
    }

    /// <summary>Adds blocks that are in memory and not on disk to the list, pinned, up to its capacity.</summary>
    public void CollectUnstored(List<(MemoryBlock Block, uint Pages)> list)
    {
        lock (Gate)
        {
            foreach (var block in _blocks.Values)
            {
                if (list.Count == list.Capacity)
                    return;
                if ((block.Valid & ~block.Stored) is var pages and not 0 && block.TryPin())
                    list.Add((block, pages));
            }
        }
    }

    /// <summary>Copies what is here from <paramref name="offset"/> on, up to the first byte that is not.</summary>
    /// <returns>The number of bytes copied.</returns>
    public int TryRead(long offset, Span<byte> destination)
    {
        var done = 0;
        while (done < destination.Length)
        {
            var position = offset + done;
            var within = (int)(position & (MemoryBlock.Size - 1));
            var rest = destination.Length - done;
            MemoryBlock? block;
            DiskFile? disk = null;
            int count;
            lock (Gate)
            {
                count = 0;
                if (_blocks.TryGetValue(position >> MemoryBlock.Shift, out block) && (count = Math.Min(rest, block.ValidRun(within))) > 0 && block.TryPin())
                {
                    if (within < block.ReadUpTo)
                        block.Referenced = true;
                    else if (block.ReadUpTo == within || within == 0)
                        block.ReadUpTo = within + count;
                }
                else
                {
                    block = null;
                    count = (int)Math.Min(rest, (Disk?.Present.EndOfRangeAt(position) ?? position) - position);
                    if (count <= 0)
                        return done;
                    disk = Disk;
                    disk!.Pin();
                }
            }

            if (block is not null)
            {
                block.GetSpan().Slice(within, count).CopyTo(destination[done..]);
                ReleaseBlock(block);
            }
            else if (!disk!.TryRead(position, destination.Slice(done, count)))
            {
                // The file on disk is damaged: it is not asked again, and the server is.
                Cache.Disk!.Drop(disk);
                return done;
            }

            done += count;
        }

        return done;
    }

    /// <summary>Gives a pin back; the last one of a block that nobody is likely to want again makes it the next to be reused.</summary>
    public void ReleaseBlock(MemoryBlock block)
    {
        if (block.Release() && block.IsSpent)
            Cache.Pool.MarkCold(block);
    }

    /// <summary>The block of that number, pinned, made when there is none; null when there is no memory. Without the gate.</summary>
    public MemoryBlock? AcquireBlock(long index)
    {
        lock (Gate)
        {
            if (_blocks.TryGetValue(index, out var block) && block.TryPin())
                return block;
        }

        var fresh = Cache.Pool.Rent();
        if (fresh is null)
            return null;
        MemoryBlock result;
        lock (Gate)
        {
            if (_blocks.TryGetValue(index, out var block) && block.TryPin())
            {
                result = block;
            }
            else
            {
                fresh.Bind(this, index);
                _blocks[index] = fresh;
                return fresh;
            }
        }

        Cache.Pool.Return(fresh);
        return result;
    }

    /// <summary>Forgets a block that was claimed by the pool.</summary>
    public void RemoveBlock(MemoryBlock block)
    {
        bool empty;
        lock (Gate)
        {
            if (_blocks.TryGetValue(block.Index, out var present) && ReferenceEquals(present, block))
                _blocks.Remove(block.Index);
            empty = _blocks.Count == 0 && Disk is null;
        }

        if (empty)
            Cache.NoteEmpty(this);
    }

    /// <summary>Gives all memory back that nobody uses just now.</summary>
    public void DropBlocks()
    {
        List<MemoryBlock> claimed = [];
        lock (Gate)
        {
            foreach (var block in _blocks.Values)
            {
                if (block.TryClaim())
                    claimed.Add(block);
            }

            foreach (var block in claimed)
                _blocks.Remove(block.Index);
        }

        foreach (var block in claimed)
            Cache.Pool.Return(block);
    }

    /// <summary>Gives the content its file on disk, or takes it away.</summary>
    public void SetDisk(DiskFile? disk)
    {
        lock (Gate)
            Disk = disk;
    }

    /// <summary>Forgets a file on disk that is gone.</summary>
    public void LoseDisk(DiskFile disk)
    {
        bool empty;
        lock (Gate)
        {
            if (ReferenceEquals(Disk, disk))
                Disk = null;
            empty = _blocks.Count == 0 && Disk is null;
        }

        if (empty)
            Cache.NoteEmpty(this);
    }

    /// <summary>
    /// What a reader that found nothing at <paramref name="offset"/> does: waits for a transfer that will bring it, which is started when there is none.
    /// </summary>
    /// <param name="reader">Who reads.</param>
    /// <param name="offset">The first byte that is missing.</param>
    /// <param name="end">Where the read ends; at most <see cref="Size"/>.</param>
    /// <returns>The wait; null when the byte has come meanwhile.</returns>
    public TransferWaiter? WaitFor(ReadPattern reader, long offset, long end)
    {
        Transfer? transfer;
        bool wantsStream;
        lock (Gate)
        {
            if (FirstMissingLocked(offset, offset + 1) != offset)
                return null;
            transfer = FindTransferLocked(offset);
            if (transfer is not null)
                return JoinLocked(reader, transfer, end);
            wantsStream = reader.WantsStreamLocked(offset, end);
        }

        // Outside the gate: another content's stream may have to make way.
        var slot = wantsStream && Cache.Streams.TryReserve();
        TransferWaiter? waiter = null;
        Transfer? started = null;
        var isScattered = false;
        lock (Gate)
        {
            isScattered = reader.IsScattered;
            if (FirstMissingLocked(offset, offset + 1) == offset)
            {
                transfer = FindTransferLocked(offset);
                if (transfer is null)
                {
                    transfer = started = slot ? new Transfer(this, reader.StreamStartLocked(this, offset), Size, isStream: true) : NewFetchLocked(offset, end, wantsStream);
                    _transfers.Add(started);
                }

                waiter = JoinLocked(reader, transfer, end);
            }
        }

        Launch(started, slot);
        // So that each of its reads finds a connection that is ready: on FTP, one that was read from takes five round trips to be that again (the transfer that is broken off, its reply, the
        // next port, the data connection).
        if (isScattered)
            Cache.Remote.Prepare(Cache.Remote.ConcurrentCalls);
        return waiter;
    }

    /// <summary>Starts a stream where a sequential reader will run into what is not here, before it does.</summary>
    public void ReadAhead(ReadPattern reader, long offset)
    {
        if (!Cache.Streams.TryReserve())
            return;
        Transfer? started = null;
        lock (Gate)
        {
            if (FirstMissingLocked(offset, offset + 1) == offset && FindTransferLocked(offset) is null)
            {
                started = new Transfer(this, offset & ~(MemoryBlock.PageSize - 1L), Size, isStream: true);
                _transfers.Add(started);
                AttachLocked(reader, started);
            }
        }

        Launch(started, slot: true);
    }

    /// <summary>Takes a waiter back after its wait.</summary>
    public void Return(TransferWaiter waiter)
    {
        waiter.Settle();
        lock (Gate)
        {
            waiter.Clear();
            waiter.Next = _spareWaiters;
            _spareWaiters = waiter;
        }
    }

    /// <summary>Starts to fetch what is missing, ahead of any reader; whoever comes to read it waits for this transfer.</summary>
    /// <returns>The transfer; null when there is nothing to fetch or something is being fetched already.</returns>
    public Transfer? StartPrefetch()
    {
        Transfer transfer;
        lock (Gate)
        {
            var missing = FirstMissingLocked(0, Size);
            if (missing >= Size || _transfers.Count > 0 || IsGone || Cache.IsDisposed)
                return null;
            transfer = new Transfer(this, missing & ~(MemoryBlock.PageSize - 1L), Size, isStream: false, Lane.Prefetch);
            _transfers.Add(transfer);
        }

        transfer.Run();
        return transfer;
    }

    /// <summary>Forgets a transfer that is over. Under the gate.</summary>
    public void RemoveTransferLocked(Transfer transfer) => _transfers.Remove(transfer);

    /// <summary>Lets a reader go from the stream it follows; a stream that nobody follows ends. Under the gate.</summary>
    public static void DetachLocked(ReadPattern reader)
    {
        if (reader.Stream is not { } stream)
            return;
        reader.Stream = null;
        if (--stream.Attached == 0)
            stream.StopIfUnwanted();
    }

    /// <summary>The first offset from <paramref name="offset"/> on, before <paramref name="end"/>, that is not here; <paramref name="end"/> when all is. Under the gate.</summary>
    public long FirstMissingLocked(long offset, long end)
    {
        while (offset < end)
        {
            var next = Disk?.Present.EndOfRangeAt(offset) ?? offset;
            if (next <= offset && _blocks.TryGetValue(offset >> MemoryBlock.Shift, out var block))
                next = offset + block.ValidRun((int)(offset & (MemoryBlock.Size - 1)));
            if (next <= offset)
                return offset;
            offset = next;
        }

        return end;
    }

    /// <summary>Whether the range is on disk. Under the gate.</summary>
    public bool IsStoredLocked(long start, long end) => Disk is { } disk && disk.Present.Contains(start, end);

    /// <summary>Ends every stream, because nobody has the file open any more.</summary>
    public void StopStreams()
    {
        lock (Gate)
        {
            foreach (var transfer in _transfers)
            {
                if (transfer.IsStream)
                    transfer.StopIfUnwanted();
            }
        }
    }

    /// <summary>Ends every transfer.</summary>
    /// <returns>What is to be waited for.</returns>
    public Transfer[] StopAll()
    {
        Transfer[] all;
        lock (Gate)
            all = [.. _transfers];
        foreach (var transfer in all)
            transfer.Stop();
        return all;
    }

    private Transfer? FindTransferLocked(long offset)
    {
        foreach (var transfer in _transfers)
        {
            if (transfer.WillBring(offset))
                return transfer;
        }

        return null;
    }

    private TransferWaiter JoinLocked(ReadPattern reader, Transfer transfer, long end)
    {
        if (transfer.IsStream)
            AttachLocked(reader, transfer);
        var waiter = _spareWaiters ?? new TransferWaiter();
        _spareWaiters = waiter.Next;
        var target = Math.Min(transfer.Limit, (end + MemoryBlock.PageSize - 1) & ~(MemoryBlock.PageSize - 1L));
        waiter.Arm(transfer, target);
        transfer.List(waiter);
        return waiter;
    }

    private static void AttachLocked(ReadPattern reader, Transfer transfer)
    {
        if (ReferenceEquals(reader.Stream, transfer))
            return;
        DetachLocked(reader);
        transfer.Attached++;
        reader.Stream = transfer;
    }

    /// <summary>A fetch of what a read lacks, up to what is here already, rounded.</summary>
    private Transfer NewFetchLocked(long offset, long end, bool sequential)
    {
        if (Size <= MemoryBlock.Size)
            return new Transfer(this, FirstMissingLocked(0, Size), Size, isStream: false);
        var start = offset & ~(RandomReadUnit - 1L);
        while (start < offset && FirstMissingLocked(start, start + 1) != start)
            start += MemoryBlock.PageSize;
        start = Math.Min(start, offset & ~(MemoryBlock.PageSize - 1L));

        // A sequential reader for which no stream is free takes larger pieces.
        var wanted = sequential ? Math.Max(end, offset + MaximumFetch) : end;
        var limit = Math.Min(Math.Min(Size, start + MaximumFetch), (wanted + RandomReadUnit - 1) & ~(RandomReadUnit - 1L));
        for (var page = offset & ~(MemoryBlock.PageSize - 1L); page < limit; page += MemoryBlock.PageSize)
        {
            if (FirstMissingLocked(page, page + 1) != page)
                return new Transfer(this, start, page, isStream: false);
        }

        return new Transfer(this, start, limit, isStream: false);
    }

    private void Launch(Transfer? started, bool slot)
    {
        if (started is { IsStream: true })
            Cache.Streams.Enter(started);
        else if (slot)
            Cache.Streams.GiveBack();
        started?.Run();
    }
}
