using System.Runtime.InteropServices;

namespace FtpMount.Vfs.Content;

/// <summary>
/// The memory of all cached content: one region of native memory of the size of the budget, touched only as far as it is used, so the
/// budget cannot be exceeded. A block is taken, in this order, from those given back, from those that are spent (read, and on disk: the
/// last ones first, because they are still in the processor's cache), from the untouched, and from the least recently used, approximated by a clock:
/// the hand spares once what was read more than once since it last passed, so that one long sequential read does not push out what is used again and again.
/// </summary>
internal sealed unsafe partial class BlockPool : IDisposable
{
    // madvise(2): MADV_DONTNEED and MADV_HUGEPAGE. Touching the region for the first time in huge pages takes a fraction of the page faults.
    private const int DontNeed = 4;
    private const int HugePage = 14;
    private const nuint HugePageSize = 2 << 20;

    private readonly Lock _gate = new();
    private readonly MemoryBlock?[] _blocks;
    private readonly Stack<MemoryBlock> _free = new();
    private readonly Stack<MemoryBlock> _cold = new();
    private byte* _region;
    private int _created;
    private int _hand;

    /// <summary>Reserves the region; no memory is used yet.</summary>
    /// <param name="bytes">The budget.</param>
    public BlockPool(long bytes)
    {
        _blocks = new MemoryBlock?[checked((int)(bytes / MemoryBlock.Size))];
        var length = (nuint)_blocks.Length * MemoryBlock.Size;
        _region = (byte*)NativeMemory.AlignedAlloc(length, HugePageSize);
        if (OperatingSystem.IsLinux())
            _ = Advise(_region, length, HugePage);
    }

    /// <summary>Blocks of the budget.</summary>
    public int Capacity => _blocks.Length;

    /// <summary>Bytes of the blocks that hold something.</summary>
    public long BytesInUse
    {
        get
        {
            lock (_gate)
                return (long)(_created - _free.Count) * MemoryBlock.Size;
        }
    }

    /// <summary>
    /// A block, pinned once, that belongs to nobody; null when every block is pinned. Call without holding the gate of any content: the block
    /// may have to be taken from one.
    /// </summary>
    public MemoryBlock? Rent()
    {
        MemoryBlock? block;
        lock (_gate)
            block = TakeFree() ?? TakeCold() ?? TakeUntouched() ?? TakeByClock();
        if (block is null)
            return null;
        block.Owner?.RemoveBlock(block);
        block.Reset();
        return block;
    }

    /// <summary>Takes back a block that is claimed, or rented and known to nobody else.</summary>
    public void Return(MemoryBlock block)
    {
        block.Unbind();
        lock (_gate)
            _free.Push(block);
    }

    /// <summary>Notes that a block is spent, so that it is the next to be used.</summary>
    public void MarkCold(MemoryBlock block)
    {
        lock (_gate)
        {
            if (block.InColdStack)
                return;
            block.InColdStack = true;
            _cold.Push(block);
        }
    }

    /// <summary>Gives the memory of unused blocks, and of those whose content is on disk, back to the system. For times when nothing is read.</summary>
    public void Trim()
    {
        for (var i = 0; i < _blocks.Length && _blocks[i] is { } block; i++)
        {
            if (!block.IsStored || !block.TryClaim())
                continue;
            block.Owner?.RemoveBlock(block);
            Return(block);
        }

        lock (_gate)
        {
            if (!OperatingSystem.IsLinux() || _region is null)
                return;
            foreach (var block in _free)
            {
                fixed (byte* address = block.GetSpan())
                    _ = Advise(address, MemoryBlock.Size, DontNeed);
            }
        }
    }

    /// <summary>Frees the region, unless someone still copies from it: then it is left to the process's end, which is better than to pull it away.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_region is null)
                return;
            var free = new HashSet<MemoryBlock>(_free);
            for (var i = 0; i < _created; i++)
            {
                if (!free.Contains(_blocks[i]!) && !_blocks[i]!.TryClaim())
                    return;
            }

            _free.Clear();
            _cold.Clear();
            Array.Clear(_blocks);
            _created = _blocks.Length;
            NativeMemory.AlignedFree(_region);
            _region = null;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(byte* address, nuint length, int advice);

    private MemoryBlock? TakeFree() => _free.TryPop(out var block) ? block : null;

    private MemoryBlock? TakeCold()
    {
        while (_cold.TryPop(out var block))
        {
            block.InColdStack = false;
            if (!block.Referenced && block.TryClaim())
                return block;
        }

        return null;
    }

    private MemoryBlock? TakeUntouched()
    {
        if (_created == _blocks.Length)
            return null;
        var block = new MemoryBlock(_region + ((long)_created * MemoryBlock.Size));
        _blocks[_created++] = block;
        return block;
    }

    private MemoryBlock? TakeByClock()
    {
        // Twice round: once to take the marks away, once to find what is then unmarked.
        for (var steps = 2 * _blocks.Length; steps > 0; steps--)
        {
            var block = _blocks[_hand];
            _hand = (_hand + 1) % _blocks.Length;
            if (block is null)
                continue;
            if (block.Referenced)
                block.Referenced = false;
            else if (block.TryClaim())
                return block;
        }

        return null;
    }
}
