using System.Buffers;
using System.Numerics;

namespace FtpMount.Vfs.Content;

/// <summary>
/// One block of content in memory: 128 KiB at a multiple of 128 KiB in the file, of which any 4 KiB pages may be there. 128 KiB is what the
/// kernel asks for by default (FUSE read-ahead) and stays within a core's cache; 4 KiB is the kernel's page, the least it asks for.
/// </summary>
/// <remarks>
/// A pin keeps the block where it is: whoever copies from it or to it, writes it to disk, or keeps it as read-ahead holds one.
/// The evicting thread claims an unpinned block by turning its pins from 0 to -1; from then on nobody can pin it, and it is the evicting thread's own.
/// </remarks>
internal sealed unsafe class MemoryBlock(byte* address) : MemoryManager<byte>
{
    /// <summary>Bytes of a block.</summary>
    public const int Size = 1 << Shift;

    /// <summary>The block number of an offset is the offset shifted right by this.</summary>
    public const int Shift = 17;

    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 1 << PageShift;

    /// <summary>The page number of an offset is the offset shifted right by this.</summary>
    public const int PageShift = 12;

    private int _pins = -1;

    /// <summary>Whose content it holds. Changes only while claimed.</summary>
    public CachedContent? Owner { get; private set; }

    /// <summary>The block's number in the file.</summary>
    public long Index { get; private set; }

    /// <summary>The pages that are there, one bit each. Guarded by the owner's gate.</summary>
    public uint Valid { get; set; }

    /// <summary>The pages that are on disk. Guarded by the owner's gate.</summary>
    public uint Stored { get; set; }

    /// <summary>How far a reader has come in it. Guarded by the owner's gate.</summary>
    public int ReadUpTo { get; set; }

    /// <summary>Whether it was read again since the clock's hand passed: then it is spared once.</summary>
    public bool Referenced { get; set; }

    /// <summary>Whether it lies on the pool's stack of cold blocks. Guarded by the pool's gate.</summary>
    public bool InColdStack { get; set; }

    /// <summary>The bytes.</summary>
    public override Span<byte> GetSpan() => new(address, Size);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(address + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Keeps the block where it is until <see cref="Release"/>; false when it is being evicted.</summary>
    public bool TryPin()
    {
        var pins = Volatile.Read(ref _pins);
        while (pins >= 0)
        {
            var seen = Interlocked.CompareExchange(ref _pins, pins + 1, pins);
            if (seen == pins)
                return true;
            pins = seen;
        }

        return false;
    }

    /// <summary>Gives a pin back. True when it was the last.</summary>
    public bool Release() => Interlocked.Decrement(ref _pins) == 0;

    /// <summary>Takes an unpinned block away from everyone; false when it is pinned or taken.</summary>
    public bool TryClaim() => Volatile.Read(ref _pins) == 0 && Interlocked.CompareExchange(ref _pins, -1, 0) == 0;

    /// <summary>Makes a claimed block, pinned once, the holder of nothing yet.</summary>
    public void Reset()
    {
        Owner = null;
        Valid = 0;
        Stored = 0;
        ReadUpTo = 0;
        Referenced = false;
        Volatile.Write(ref _pins, 1);
    }

    /// <summary>Makes a rented block part of a content.</summary>
    public void Bind(CachedContent owner, long index)
    {
        Owner = owner;
        Index = index;
    }

    /// <summary>Puts a rented block that nobody else knows back to claimed.</summary>
    public void Unbind()
    {
        Owner = null;
        Volatile.Write(ref _pins, -1);
    }

    /// <summary>How many bytes from <paramref name="within"/> on are there without a gap, whole pages counted.</summary>
    public int ValidRun(int within)
    {
        var pages = BitOperations.TrailingZeroCount(~((ulong)Valid >> (within >> PageShift)));
        return pages == 0 ? 0 : (pages << PageShift) - (within & (PageSize - 1));
    }

    /// <summary>The bits of the pages first..last-1.</summary>
    public static uint PageMask(int first, int last) => (uint)((1UL << last) - (1UL << first));

    /// <summary>Whether all of it lies on disk too.</summary>
    public bool IsStored => Valid != 0 && Stored == Valid;

    /// <summary>Whether nobody is likely to want it again: all of it has been read once and lies on disk too.</summary>
    public bool IsSpent => IsStored && !Referenced && (ReadUpTo + PageSize - 1) >> PageShift >= 32 - BitOperations.LeadingZeroCount(Valid);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
