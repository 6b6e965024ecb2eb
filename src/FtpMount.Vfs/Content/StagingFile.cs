using System.Buffers;
using System.Runtime.CompilerServices;
using FtpMount.Remote;
using FtpMount.Vfs.Budget;
using Microsoft.Win32.SafeHandles;

namespace FtpMount.Vfs.Content;

/// <summary>
/// One file being edited: a sparse local file over the remote version it began with. What was written is local; what was not comes from the base, as far as no
/// truncation took it away; the rest is zeros.
/// </summary>
/// <remarks>
/// Thread-safe. The local file always has the file's length. Three kinds of ranges: local (written, or filled from the base), visible base (below
/// every length the file has had since, and not local), and holes, which read as zeros because the local file has zeros there. A range only ever
/// goes from base to local or to hole, so that base bytes that arrive late are used only where the range is still base.
/// Local reads and writes block their caller for as long as the local disk does. All failures of the local disk are <see cref="IOException"/>; <see cref="LocalDisk.IsFull"/> tells
/// whether the disk is full.
/// </remarks>
public sealed partial class StagingFile : IAsyncDisposable
{
    /// <summary>How the names of local files end.</summary>
    public const string Extension = ".staging";

    /// <summary>What is filled at a time.</summary>
    private const int FillPiece = 1 << 20;

    private readonly ContentGate _gate = new();
    private readonly string _directory;

    /// <summary>What the local file's name is made of, in less room than the name takes.</summary>
    private readonly Guid _id;

    /// <summary>The local file's name; null when it is that of <see cref="_id"/>.</summary>
    private readonly string? _name;

    private readonly RemoteContent? _base;
    private readonly ContentReader? _baseReader;
    private readonly RangeSet _local = new();
    private readonly StagingBudget? _budget;
    private SafeFileHandle? _handle;
    private long _length;
    private long _visibleBase;
    private long _changeCount;
    private long _cleanCount;
    private long _counted;
    private bool _discarded;
    private int _disposed;
    private StrongBox<FileVersion>? _uploadedVersion;

    private StagingFile(string directory, Guid id, string? name, SafeFileHandle? handle, RemoteContent? baseContent, StagingBudget? budget)
    {
        _budget = budget;
        _directory = directory;
        _id = id;
        _name = name;
        _handle = handle;
        _base = baseContent;
        _baseReader = baseContent?.CreateReader();
        _length = _visibleBase = baseContent?.Length ?? 0;
    }

    /// <summary>The open local file; opened again after <see cref="Park"/>. Used under the gate.</summary>
    private SafeFileHandle Handle
    {
        get
        {
            if (_handle is { } open)
                return open;
            lock (_gate)
                return _handle ??= LocalDisk.OpenPrivate(LocalPath, FileMode.Open);
        }
    }

    /// <summary>The local file (0600). It is whole after <see cref="FillAsync"/>.</summary>
    public string LocalPath => Path.Combine(_directory, _name ?? NameOf(_id));

    /// <summary>Length in bytes.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Counts what changed the content: writes, changes of length, <see cref="MarkChanged"/>. Never goes back.</summary>
    public long ChangeCount => Volatile.Read(ref _changeCount);

    /// <summary>Whether something changed that <see cref="MarkClean"/> has not covered.</summary>
    public bool IsDirty => Volatile.Read(ref _changeCount) != Volatile.Read(ref _cleanCount);

    /// <summary>What <see cref="MarkClean"/> said last; null before.</summary>
    public FileVersion? UploadedVersion => _uploadedVersion?.Value;

    /// <summary>Whether the local file has every byte, so that the base is not needed.</summary>
    public bool IsWhole
    {
        get
        {
            _gate.EnterReadLock();
            try
            {
                return !NeedsBase(0, _length);
            }
            finally
            {
                _gate.ExitReadLock();
            }
        }
    }

    /// <summary>Makes a staging file. It is clean: nothing differs from the base yet.</summary>
    /// <param name="directory">Where; made (0700) when missing.</param>
    /// <param name="baseContent">What it begins with; null for an empty file. Owned from now on, also when this fails.</param>
    /// <param name="budget">What its bytes count for; null for nothing.</param>
    /// <exception cref="IOException">The local file cannot be made.</exception>
    public static StagingFile Create(string directory, RemoteContent? baseContent, StagingBudget? budget = null)
    {
        SafeFileHandle? handle = null;
        var id = Guid.NewGuid();
        var path = Path.Combine(directory, NameOf(id));
        try
        {
            try
            {
                handle = LocalDisk.OpenPrivate(path, FileMode.CreateNew);
            }
            catch (DirectoryNotFoundException)
            {
                LocalDisk.CreatePrivateDirectory(directory);
                handle = LocalDisk.OpenPrivate(path, FileMode.CreateNew);
            }

            if (baseContent is { Length: > 0 })
                RandomAccess.SetLength(handle, baseContent.Length);
            return new StagingFile(directory, id, null, handle, baseContent, budget);
        }
        catch
        {
            baseContent?.Dispose();
            if (handle is not null)
            {
                handle.Dispose();
                LocalDisk.TryDelete(path);
            }

            throw;
        }
    }

    /// <summary>Reads. What is local completes synchronously.</summary>
    /// <returns>The number of bytes; fewer than asked for only at the end.</returns>
    /// <exception cref="RemoteException">The base was needed and could not be read.</exception>
    /// <exception cref="IOException">The local disk failed.</exception>
    public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        _gate.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (offset >= _length || buffer.IsEmpty)
                return new(0);
            var wanted = (int)Math.Min(buffer.Length, _length - offset);
            buffer = buffer[..wanted];
            if (!NeedsBase(offset, offset + wanted))
            {
                ReadLocal(offset, buffer.Span);
                return new(wanted);
            }
        }
        finally
        {
            _gate.ExitReadLock();
        }

        return ReadThroughAsync(offset, buffer, cancellationToken);
    }

    /// <summary>Writes all of <paramref name="data"/>; what lies between the old end and <paramref name="offset"/> becomes zeros.</summary>
    /// <exception cref="IOException">
    /// The local disk or the budget is full (<see cref="LocalDisk.IsFull"/>), or the disk failed; the length is as before, of the range itself a part may be written when the disk is to blame.
    /// </exception>
    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (data.IsEmpty)
            return;
        var end = checked(offset + data.Length);
        _gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_budget is not null)
                TakeRoom(offset, end);
            NoteChangeFrom(offset);
            try
            {
                for (var done = 0; done < data.Length; done += LocalDisk.WriteSize)
                    RandomAccess.Write(Handle, data.Slice(done, Math.Min(LocalDisk.WriteSize, data.Length - done)), offset + done);
            }
            catch (IOException)
            {
                DropHash();
                UndoWrite(offset, end);
                Count();
                throw;
            }

            NoteExtent(offset, end);
            _local.Add(offset, end);
            if (end > _length)
                Volatile.Write(ref _length, end);
            Volatile.Write(ref _changeCount, _changeCount + 1);
            NoteWrittenInOrder(offset);
            NoteHashed(offset, data);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Truncates or lengthens. What is added reads as zeros, also where the base had bytes before.</summary>
    /// <exception cref="IOException">The local disk failed.</exception>
    public ValueTask SetLengthAsync(long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        _gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            SetLength(length);
        }
        finally
        {
            _gate.ExitWriteLock();
        }

        return default;
    }

    /// <summary>Counts as a change although no byte differs: a new, empty file that is to be uploaded.</summary>
    public void MarkChanged()
    {
        _gate.EnterWriteLock();
        Volatile.Write(ref _changeCount, _changeCount + 1);
        _gate.ExitWriteLock();
    }

    /// <summary>Fetches from the base what the local file lacks, so that it is whole. What is written meanwhile stays as written.</summary>
    /// <exception cref="RemoteException">The base could not be read; what has come is kept.</exception>
    /// <exception cref="IOException">The local disk is full or failed.</exception>
    public async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (!TryGetGap(0, out var gap))
            return;
        var buffer = ArrayPool<byte>.Shared.Rent(FillPiece);
        try
        {
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = (int)Math.Min(FillPiece, gap.Length);
                await ReadBaseAsync(gap.Start, buffer.AsMemory(0, count), cancellationToken);
                Fill(gap.Start, buffer.AsSpan(0, count));
            }
            while (TryGetGap(gap.Start, out gap));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The whole file from its start on, with the length it has now; can seek. It reads what is in the file when it comes there: whether that changed during the upload,
    /// <see cref="ChangeCount"/> tells.
    /// </summary>
    /// <exception cref="InvalidOperationException">The local file is not whole: <see cref="FillAsync"/> first.</exception>
    public Stream OpenForUpload()
    {
        _gate.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            return NeedsBase(0, _length)
                ? throw new InvalidOperationException("The staging file is not whole.")
                : new StagingFileStream(File.OpenHandle(LocalPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), _length);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Notes that the content as of a change count is on the server. The file stays dirty when it has changed since.</summary>
    /// <param name="changeCount">What <see cref="ChangeCount"/> was before the upload began.</param>
    /// <param name="uploaded">What the server says of it now.</param>
    public void MarkClean(long changeCount, FileVersion uploaded)
    {
        _gate.EnterWriteLock();
        if (changeCount > _cleanCount)
            Volatile.Write(ref _cleanCount, changeCount);
        _uploadedVersion = new StrongBox<FileVersion>(uploaded);
        _gate.ExitWriteLock();
    }

    /// <summary>The first offset from <paramref name="offset"/> on that holds data (SEEK_DATA; all of the base counts as data); -1 when there is none.</summary>
    public long SeekData(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _gate.EnterReadLock();
        try
        {
            if (offset >= _length)
                return -1;
            if (offset < _visibleBase)
                return offset;
            var next = _local.NextPresent(offset);
            return next < _length ? next : -1;
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>The first offset from <paramref name="offset"/> on that is in a hole (SEEK_HOLE; the end counts as one); -1 when it is past the end.</summary>
    public long SeekHole(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _gate.EnterReadLock();
        try
        {
            return offset >= _length ? -1 : Math.Min(_length, _local.EndOfRangeAt(Math.Max(offset, _visibleBase)));
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Reserves local room for a range (fallocate(2)), so that writing there does not fail for want of it.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="keepSize">Whether the length stays although the range ends behind it.</param>
    /// <exception cref="IOException">The local disk is full (<see cref="LocalDisk.IsFull"/>) or failed.</exception>
    public void Allocate(long offset, long length, bool keepSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var end = checked(offset + length);
        _gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_budget is not null)
                TakeRoom(offset, end);
            try
            {
                LocalDisk.Reserve(Handle, offset, length);
                if (!keepSize && end > _length)
                    SetLength(end);
            }
            finally
            {
                // What is reserved is counted when it is written.
                Count();
            }
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    /// <summary>Brings what was written to the local disk itself, or only out of this program, where it always is.</summary>
    /// <exception cref="IOException">The local disk failed.</exception>
    public void Flush(bool toDisk)
    {
        if (!toDisk)
            return;
        _gate.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            RandomAccess.FlushToDisk(Handle);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>What was written is not wanted any more: disposal deletes the local file although it is dirty.</summary>
    public void Discard() => Volatile.Write(ref _discarded, true);

    /// <summary>Closes. The local file is deleted when it is clean or discarded; else it stays where it is.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_baseReader is not null)
            await _baseReader.DisposeAsync();
        _base?.Dispose();

        // Whoever is just reading or writing locally finishes first.
        _gate.EnterWriteLock();
        Awake();
        _handle?.Dispose();
        _gate.ExitWriteLock();
        if (!IsDirty || Volatile.Read(ref _discarded))
            LocalDisk.TryDelete(LocalPath);
        _budget?.NoteFreed(Interlocked.Exchange(ref _counted, 0));
    }

    private static string NameOf(Guid id) => $"{id:n}{Extension}";

    /// <summary>Counts what a write will add. Called under the gate.</summary>
    private void TakeRoom(long offset, long end)
    {
        var added = end - offset - _local.CountWithin(offset, end);
        if (added > 0 && !_budget!.TryTake(added))
            throw LocalDisk.Full($"What is not on the server yet takes the {_budget.Limit} bytes that it may take here (write-budget).");
        _counted += added;
    }

    /// <summary>Brings the budget to what is really here. Called under the gate.</summary>
    /// <param name="isRoomMade">Whether something that was here has gone: a write that was not done makes no room for anybody.</param>
    private void Count(bool isRoomMade = false)
    {
        if (_budget is null)
            return;
        var change = _local.TotalLength - _counted;
        _counted += change;
        if (isRoomMade)
            _budget.Give(-change);
        else
            _budget.Take(change);
    }

    private async ValueTask<int> ReadThroughAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (var position = offset; TryGetGap(position, out var gap) && gap.Start < offset + buffer.Length; position = gap.End)
        {
            var end = Math.Min(gap.End, offset + buffer.Length);
            await ReadBaseAsync(gap.Start, buffer[(int)(gap.Start - offset)..(int)(end - offset)], cancellationToken);
        }

        _gate.EnterReadLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);

            // What is still base has been read above; everything else, also what was written or cut off meanwhile, is what the local file says now.
            var end = offset + Math.Max(0, Math.Min(buffer.Length, _length - offset));
            for (var position = offset; position < end;)
            {
                var isBase = NeedsBase(position, position + 1);
                var next = isBase ? NextNotBase(position) : NextBase(position);
                next = Math.Min(next, end);
                if (!isBase)
                    ReadLocal(position, buffer.Span[(int)(position - offset)..(int)(next - offset)]);
                position = next;
            }

            return (int)(end - offset);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    private async ValueTask ReadBaseAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var read = await _baseReader!.ReadAsync(offset, buffer, cancellationToken);
        if (read != buffer.Length)
            throw new RemoteException(RemoteError.Changed, $"{_base!.Path} ended at byte {offset + read} while it was being edited.") { Path = _base.Path };
    }

    /// <summary>Puts base bytes where nothing else has come meanwhile.</summary>
    private void Fill(long offset, ReadOnlySpan<byte> bytes)
    {
        _gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            var end = Math.Min(offset + bytes.Length, _visibleBase);
            for (var position = offset; position < end && _local.TryGetFirstGap(position, end, out var gap); position = gap.End)
            {
                RandomAccess.Write(Handle, bytes[(int)(gap.Start - offset)..(int)(gap.End - offset)], gap.Start);
                _local.Add(gap.Start, gap.End);
            }

            Count();
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    private bool TryGetGap(long from, out ByteRange gap)
    {
        _gate.EnterReadLock();
        try
        {
            gap = default;
            return from < _visibleBase && _local.TryGetFirstGap(from, _visibleBase, out gap);
        }
        finally
        {
            _gate.ExitReadLock();
        }
    }

    /// <summary>Whether a part of the range is to be had from the base only.</summary>
    private bool NeedsBase(long start, long end)
    {
        end = Math.Min(end, _visibleBase);
        return start < end && !_local.Contains(start, end);
    }

    private long NextBase(long position)
    {
        if (position >= _visibleBase)
            return long.MaxValue;
        return _local.TryGetFirstGap(position, _visibleBase, out var gap) ? gap.Start : long.MaxValue;
    }

    private long NextNotBase(long position)
    {
        var next = _local.NextPresent(position);
        return next < 0 ? _visibleBase : Math.Min(next, _visibleBase);
    }

    private void ReadLocal(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(Handle, destination, offset);
            if (read == 0)
                throw new IOException($"The staging file {LocalPath} is shorter than it was written: something else has changed it.");
            destination = destination[read..];
            offset += read;
        }
    }

    private void SetLength(long length)
    {
        if (length == _length)
            return;
        NoteChangeFrom(length);
        DropHash();
        RandomAccess.SetLength(Handle, length);
        if (length == 0)
            _hashed = 0;
        if (length < _length)
        {
            _local.Remove(length, _length);
            Volatile.Write(ref _writtenInOrder, Math.Min(_writtenInOrder, length));
            Count(isRoomMade: true);
            Volatile.Write(ref _visibleBase, Math.Min(_visibleBase, length));
        }

        Volatile.Write(ref _length, length);
        Volatile.Write(ref _changeCount, _changeCount + 1);
    }

    /// <summary>After a failed write: nothing stays behind the end, and what was written into a hole counts as written.</summary>
    private void UndoWrite(long offset, long end)
    {
        if (end > _length)
            RandomAccess.SetLength(Handle, _length);
        var start = Math.Max(offset, _visibleBase);
        end = Math.Min(end, _length);
        if (start < end)
            _local.Add(start, end);
    }
}
