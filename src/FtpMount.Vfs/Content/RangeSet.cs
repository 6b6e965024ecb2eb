using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace FtpMount.Vfs.Content;

/// <summary>
/// A set of byte offsets, kept as sorted, disjoint, non-adjacent ranges: which parts of a sparse file are there. Additions at the end,
/// the everyday case, cost a comparison; others a binary search and a move within an array. Not thread-safe: whoever owns it locks.
/// </summary>
public sealed class RangeSet
{
    private long[] _starts = [];
    private long[] _ends = [];
    private int _count;

    /// <summary>The number of ranges.</summary>
    public int Count => _count;

    /// <summary>The number of offsets in all ranges.</summary>
    public long TotalLength { get; private set; }

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The range at a position in the order.</summary>
    public ByteRange this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count, nameof(index));
            return new ByteRange(_starts[index], _ends[index]);
        }
    }

    /// <summary>All ranges, in order, as they are now.</summary>
    public ByteRange[] ToArray()
    {
        var all = new ByteRange[_count];
        for (var i = 0; i < all.Length; i++)
            all[i] = new ByteRange(_starts[i], _ends[i]);
        return all;
    }

    /// <summary>Adds the offsets from <paramref name="start"/> up to, not including, <paramref name="end"/>.</summary>
    public void Add(long start, long end)
    {
        Check(start, end);
        if (start == end)
            return;

        // The ranges first..last-1 touch or overlap the new one and become one with it.
        var first = FirstEndingAtOrAfter(start);
        var last = first;
        while (last < _count && _starts[last] <= end)
        {
            start = Math.Min(start, _starts[last]);
            end = Math.Max(end, _ends[last]);
            TotalLength -= _ends[last] - _starts[last];
            last++;
        }

        Replace(first, last, 1);
        _starts[first] = start;
        _ends[first] = end;
        TotalLength += end - start;
    }

    /// <summary>Removes the offsets from <paramref name="start"/> up to, not including, <paramref name="end"/>.</summary>
    public void Remove(long start, long end)
    {
        Check(start, end);
        if (start == end)
            return;
        var first = FirstEndingAtOrAfter(start + 1);
        var last = first;
        while (last < _count && _starts[last] < end)
        {
            TotalLength -= _ends[last] - _starts[last];
            last++;
        }

        if (first == last)
            return;
        var head = new ByteRange(_starts[first], start);
        var tail = new ByteRange(end, _ends[last - 1]);
        Replace(first, last, (head.IsEmpty ? 0 : 1) + (tail.IsEmpty ? 0 : 1));
        if (!head.IsEmpty)
            Put(first++, head);
        if (!tail.IsEmpty)
            Put(first, tail);
    }

    /// <summary>Removes everything.</summary>
    public void Clear()
    {
        _count = 0;
        TotalLength = 0;
    }

    /// <summary>Whether every offset from <paramref name="start"/> up to, not including, <paramref name="end"/> is in the set; true when there is none.</summary>
    public bool Contains(long start, long end)
    {
        Check(start, end);
        if (start == end)
            return true;
        var index = FirstEndingAtOrAfter(start + 1);
        return index < _count && _starts[index] <= start && _ends[index] >= end;
    }

    /// <summary>Where the range that holds <paramref name="offset"/> ends; <paramref name="offset"/> itself when none holds it.</summary>
    public long EndOfRangeAt(long offset)
    {
        var index = FirstEndingAtOrAfter(offset + 1);
        return index < _count && _starts[index] <= offset ? _ends[index] : offset;
    }

    /// <summary>The first offset at or after <paramref name="offset"/> that is in the set; -1 when there is none.</summary>
    public long NextPresent(long offset)
    {
        var index = FirstEndingAtOrAfter(offset + 1);
        return index == _count ? -1 : Math.Max(offset, _starts[index]);
    }

    /// <summary>The first gap within the bounds; false when all of it is in the set.</summary>
    public bool TryGetFirstGap(long start, long end, out ByteRange gap)
    {
        Check(start, end);
        start = EndOfRangeAt(start);
        if (start >= end)
        {
            gap = default;
            return false;
        }

        var next = NextPresent(start);
        gap = new ByteRange(start, next < 0 ? end : Math.Min(end, next));
        return true;
    }

    /// <summary>The parts of the bounds that are not in the set, in order. The set must not change meanwhile.</summary>
    public IEnumerable<ByteRange> Gaps(long start, long end)
    {
        while (start < end && TryGetFirstGap(start, end, out var gap))
        {
            yield return gap;
            start = gap.End;
        }
    }

    /// <summary>How many offsets within the bounds are in the set.</summary>
    public long CountWithin(long start, long end)
    {
        Check(start, end);
        var count = 0L;
        for (var i = FirstEndingAtOrAfter(start + 1); i < _count && _starts[i] < end; i++)
            count += Math.Min(end, _ends[i]) - Math.Max(start, _starts[i]);
        return count;
    }

    /// <summary>The number of bytes that <see cref="WriteTo"/> writes.</summary>
    public int SerializedLength => checked(sizeof(int) + (_count * 2 * sizeof(long)));

    /// <summary>Writes the set: the number of ranges as a little-endian Int32, then start and end of each as little-endian Int64.</summary>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination, _count);
        for (var i = 0; i < _count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(destination[(sizeof(int) + (i * 16))..], _starts[i]);
            BinaryPrimitives.WriteInt64LittleEndian(destination[(sizeof(int) + (i * 16) + 8)..], _ends[i]);
        }
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote; false when it is not a set of ranges in order.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out RangeSet? set)
    {
        set = null;
        if (source.Length < sizeof(int))
            return false;
        var count = BinaryPrimitives.ReadInt32LittleEndian(source);
        if (count < 0 || (source.Length - sizeof(int)) / 16 < count)
            return false;
        var result = new RangeSet { _starts = new long[count], _ends = new long[count], _count = count };
        var previous = -1L;
        for (var i = 0; i < count; i++)
        {
            var start = BinaryPrimitives.ReadInt64LittleEndian(source[(sizeof(int) + (i * 16))..]);
            var end = BinaryPrimitives.ReadInt64LittleEndian(source[(sizeof(int) + (i * 16) + 8)..]);
            if (start <= previous || end <= start)
                return false;
            result.Put(i, new ByteRange(start, end));
            previous = end;
        }

        set = result;
        return true;
    }

    private static void Check(long start, long end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, start);
    }

    private void Put(int index, ByteRange range)
    {
        _starts[index] = range.Start;
        _ends[index] = range.End;
        TotalLength += range.Length;
    }

    /// <summary>The first range whose end is at or after the offset; <see cref="Count"/> when there is none.</summary>
    private int FirstEndingAtOrAfter(long offset)
    {
        if (_count == 0 || _ends[_count - 1] < offset)
            return _count;
        if (_count == 1 || _ends[_count - 2] < offset)
            return _count - 1;
        var found = Array.BinarySearch(_ends, 0, _count, offset);
        return found >= 0 ? found : ~found;
    }

    /// <summary>Makes the ranges first..last-1 give way to <paramref name="replacements"/> ranges.</summary>
    private void Replace(int first, int last, int replacements)
    {
        var count = _count - (last - first) + replacements;
        if (count > _starts.Length)
        {
            // Most sets have one range for good: that of a file that is there from its beginning on.
            var capacity = _starts.Length == 0 ? count : Math.Max(4, Math.Max(count, _starts.Length * 2));
            Array.Resize(ref _starts, capacity);
            Array.Resize(ref _ends, capacity);
        }

        Array.Copy(_starts, last, _starts, first + replacements, _count - last);
        Array.Copy(_ends, last, _ends, first + replacements, _count - last);
        _count = count;
    }
}
