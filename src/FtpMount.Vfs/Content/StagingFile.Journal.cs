using System.Buffers;
using System.IO.Hashing;
using FtpMount.Vfs.Budget;

namespace FtpMount.Vfs.Content;

/// <content>
/// What the journal needs to know so that the file can be taken up again by another process: which ranges were written over the base, a checksum of
/// what counts, and the way back from both.
/// </content>
public sealed partial class StagingFile
{
    private const int ChecksumPiece = 256 << 10;

    /// <summary>Of a file that is not longer the checksum is taken while it is written, when it is written in order: opening and reading it again would cost more than writing it.</summary>
    private const int LongestHashed = 1 << 20;

    private XxHash3? _hash;
    private ulong? _hashValue;

    /// <summary>Up to where the checksum is taken; -1 when it is not.</summary>
    private long _hashed;

    /// <summary>What was written below the visible base; unlike what was filled from the base it must be known after a crash. Null: nothing.</summary>
    private RangeSet? _written;

    /// <summary>Ranges below the visible base that were written since <see cref="TakeExtents"/>; null when none.</summary>
    private List<ByteRange>? _newExtents;

    /// <summary>How many bytes from the start on may come from the base. Never grows.</summary>
    public long VisibleBase => Volatile.Read(ref _visibleBase);

    /// <summary>Whether something was written over the base that <see cref="TakeExtents"/> has not told yet.</summary>
    public bool HasNewExtents => Volatile.Read(ref _newExtents) is not null;

    /// <summary>Whether the base can be read without asking the server; true when there is none.</summary>
    public bool IsBaseAtHand => _base is null || _base.IsComplete;

    /// <summary>Takes up a staging file that an earlier process left. It is dirty.</summary>
    /// <param name="directory">Where the local file is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="baseContent">What it began with; needed as far as <paramref name="visibleBase"/> is not zero. Owned from now on, also when this fails.</param>
    /// <param name="visibleBase">How many bytes from the start on may come from the base.</param>
    /// <param name="extents">What of these was written.</param>
    /// <param name="budget">What its bytes count for; null for nothing.</param>
    /// <exception cref="IOException">The local file cannot be opened.</exception>
    public static StagingFile Reopen(string directory, string name, RemoteContent? baseContent, long visibleBase, IEnumerable<ByteRange> extents, StagingBudget? budget = null)
    {
        ArgumentNullException.ThrowIfNull(directory);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(extents);
        try
        {
            using var handle = LocalDisk.OpenPrivate(Path.Combine(directory, name), FileMode.Open);
            var length = RandomAccess.GetLength(handle);
            var isMadeOfId = Guid.TryParseExact(Path.GetFileNameWithoutExtension(name), "n", out var id) && string.Equals(name, NameOf(id), StringComparison.Ordinal);
            var file = new StagingFile(directory, id, isMadeOfId ? null : name, null, baseContent, budget)
            {
                _length = length,
                _visibleBase = baseContent is null ? 0 : Math.Min(Math.Min(visibleBase, baseContent.Length), length),
                _changeCount = 1,
                _hashed = -1,
            };
            foreach (var extent in extents)
            {
                if (extent.Start >= file._visibleBase)
                    continue;
                var end = Math.Min(extent.End, file._visibleBase);
                file._local.Add(extent.Start, end);
                (file._written ??= new RangeSet()).Add(extent.Start, end);
            }

            if (file._visibleBase < length)
                file._local.Add(file._visibleBase, length);
            file.Count();
            return file;
        }
        catch
        {
            baseContent?.Dispose();
            throw;
        }
    }

    /// <summary>The ranges below the visible base that were written since the last call, as they were written.</summary>
    public IReadOnlyList<ByteRange> TakeExtents()
    {
        _gate.EnterWriteLock();
        try
        {
            var taken = _newExtents ?? [];
            Volatile.Write(ref _newExtents, null);
            return taken;
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>All ranges below the visible base that were written; what was new among them counts as told.</summary>
    public IReadOnlyList<ByteRange> TakeAllExtents()
    {
        _gate.EnterWriteLock();
        try
        {
            Volatile.Write(ref _newExtents, null);
            return WrittenBelowBase().ToArray();
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>What was written below the visible base.</summary>
    public IReadOnlyList<ByteRange> WrittenExtents()
    {
        _gate.EnterReadLock();
        try
        {
            return _written?.ToArray() ?? [];
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>What differs from the base: what was written over it, and what is behind its end. In order.</summary>
    internal IReadOnlyList<ByteRange> ChangedRanges()
    {
        _gate.EnterReadLock();
        try
        {
            var changed = WrittenBelowBase();
            if (_length > _visibleBase)
                changed.Add(_visibleBase, _length);
            return changed.ToArray();
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>A part of the local file, to be sent.</summary>
    /// <exception cref="IOException">The local file cannot be opened.</exception>
    internal Stream OpenRange(ByteRange range) =>
        new StagingFileStream(File.OpenHandle(LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), range.End) { Position = range.Start };

    /// <summary>
    /// The checksum (XXH3, 64 bits) of what counts in the local file: the given ranges below the given bound, and everything from the bound to the end.
    /// </summary>
    /// <returns>Null when the content changed meanwhile, or the file is gone.</returns>
    /// <exception cref="IOException">The local disk failed.</exception>
    public ulong? ComputeChecksum(long changeCount, long visibleBase, IReadOnlyList<ByteRange> extents, long length)
    {
        var checksum = ChecksumSoFar(visibleBase, length) ?? ComputeChecksum(LocalPath, visibleBase, extents, length);
        return ChangeCount == changeCount ? checksum : null;
    }

    /// <summary>As the other, of a file that nobody has open. Null when it is not of this length.</summary>
    /// <exception cref="IOException">The local disk failed.</exception>
    public static ulong? ComputeChecksum(string path, long visibleBase, IReadOnlyList<ByteRange> extents, long length)
    {
        var ranges = CountingRanges(visibleBase, extents, length);
        var buffer = ArrayPool<byte>.Shared.Rent(ChecksumPiece);
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(handle) != length)
                return null;
            var hash = new XxHash3();
            for (var i = 0; i < ranges.Count; i++)
            {
                var (position, end) = (ranges[i].Start, ranges[i].End);
                while (position < end)
                {
                    var read = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(ChecksumPiece, end - position)), position);
                    if (read == 0)
                        return null;
                    hash.Append(buffer.AsSpan(0, read));
                    position += read;
                }
            }

            return hash.GetCurrentHashAsUInt64();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What of a staging file counts, in order: the given ranges below the given bound, and everything from the bound to the end.</summary>
    public static IReadOnlyList<ByteRange> CountingRanges(long visibleBase, IReadOnlyList<ByteRange> extents, long length)
    {
        ArgumentNullException.ThrowIfNull(extents);
        var ranges = new RangeSet();
        foreach (var extent in extents)
        {
            if (extent.Start < Math.Min(visibleBase, length))
                ranges.Add(extent.Start, Math.Min(extent.End, Math.Min(visibleBase, length)));
        }

        if (visibleBase < length)
            ranges.Add(visibleBase, length);
        var all = new ByteRange[ranges.Count];
        for (var i = 0; i < all.Length; i++)
            all[i] = ranges[i];
        return all;
    }

    /// <summary>Closes the local file until it is next needed, so that files that only wait for their upload hold no descriptor.</summary>
    public void Park()
    {
        _gate.EnterWriteLock();
        try
        {
            _handle?.Dispose();
            _handle = null;
            _hashValue ??= _hash?.GetCurrentHashAsUInt64();
            _hash = null;
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>The checksum as it was taken while the file was written; null when it was not.</summary>
    private ulong? ChecksumSoFar(long visibleBase, long length)
    {
        _gate.EnterReadLock();
        try
        {
            return visibleBase > 0 || _hashed != length || _length != length ? null
                : length == 0 ? XxHash3.HashToUInt64([])
                : _hashValue ?? _hash?.GetCurrentHashAsUInt64();
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Something was written. Called under the gate.</summary>
    private void NoteHashed(long offset, ReadOnlySpan<byte> data)
    {
        if (offset != _hashed || _visibleBase > 0 || offset + data.Length > LongestHashed || (offset > 0 && _hash is null))
        {
            DropHash();
            return;
        }

        (_hash ??= new XxHash3()).Append(data);
        _hashValue = null;
        _hashed += data.Length;
    }

    /// <summary>What was written, as far as the base reaches now. Called under the gate.</summary>
    private RangeSet WrittenBelowBase()
    {
        var below = new RangeSet();
        for (var i = 0; i < _written?.Count && _written[i].Start < _visibleBase; i++)
            below.Add(_written[i].Start, Math.Min(_written[i].End, _visibleBase));
        return below;
    }

    private void DropHash()
    {
        _hashed = -1;
        _hash = null;
        _hashValue = null;
    }

    /// <summary>Called under the gate, before a written range becomes local.</summary>
    private void NoteExtent(long start, long end)
    {
        end = Math.Min(end, _visibleBase);
        if (start >= end || _written?.Contains(start, end) == true)
            return;
        (_written ??= new RangeSet()).Add(start, end);
        var extents = _newExtents ?? [];
        if (extents.Count > 0 && extents[^1].End == start)
            extents[^1] = new ByteRange(extents[^1].Start, end);
        else
            extents.Add(new ByteRange(start, end));
        Volatile.Write(ref _newExtents, extents);
    }
}
