namespace FtpMount.Vfs.Content;

/// <summary>
/// How one handle reads: from beginning to end, or here and there. Decides what deserves a stream.
/// </summary>
/// <remarks>
/// The kernel sends the reads of a sequential program from two threads, so they come out of order by a request or two; a program may look into the end of an
/// archive and come back. So there are two tracks: a read near the end of the current one continues it, a read elsewhere begins or continues a candidate, and a candidate that
/// is continued becomes the current one. Guarded by the content's gate.
/// </remarks>
internal sealed class ReadPattern
{
    /// <summary>How far from the expected offset a read may be to continue a track that is not established: two requests of the kernel's default read-ahead.</summary>
    private const int Near = 256 << 10;

    /// <summary>The same for an established track: two of the largest requests.</summary>
    private const int NearEstablished = 2 << 20;

    /// <summary>Reads elsewhere, in a row, that end the current track.</summary>
    private const int Strays = 4;

    /// <summary>A first read this long comes from the kernel's read-ahead, which for a program that begins at the start may overtake the read of the start.</summary>
    private const int ReadAheadRequest = 64 << 10;

    private Track _current;
    private Track _candidate;
    private int _strays;
    private long _checkedUpTo;

    /// <summary>Whether it reads here and there.</summary>
    public bool IsScattered => _strays >= 2;

    /// <summary>The stream that this reader follows.</summary>
    public Transfer? Stream { get; set; }

    /// <summary>Notes a read. Under the gate.</summary>
    public void ObserveLocked(long offset, long end)
    {
        if (_current.Reads == 0)
        {
            _current = Track.Begin(offset, end, isFirst: true);
        }
        else if (_current.IsNear(offset))
        {
            _current.Continue(end);
            _strays = 0;
        }
        else if (_candidate.Reads > 0 && _candidate.IsNear(offset))
        {
            _candidate.Continue(end);
            if (!_candidate.IsEstablished)
                return;
            _current = _candidate;
            _candidate = default;
            _strays = 0;
            _checkedUpTo = 0;
        }
        else
        {
            _candidate = Track.Begin(offset, end, isFirst: false);
            if (++_strays < Strays)
                return;
            _current = _candidate;
            _candidate = default;
            _checkedUpTo = 0;
            CachedContent.DetachLocked(this);
        }
    }

    /// <summary>Notes that the bytes were given to the reader. Under the gate.</summary>
    /// <returns>Where a stream should be started now because the reader will soon come to what is missing; -1 when nowhere.</returns>
    public long AdvanceLocked(CachedContent content, long offset, long end)
    {
        if (Stream is { } stream)
        {
            if (!stream.Ended)
            {
                stream.Consume(offset, end);
                return -1;
            }

            CachedContent.DetachLocked(this);
        }

        if (!_current.IsEstablished || !_current.IsNear(offset) || end < _checkedUpTo || end >= content.Size)
            return -1;

        // Once a block: look whether what comes next is here.
        _checkedUpTo = end + MemoryBlock.Size;
        var missing = content.FirstMissingLocked(end, Math.Min(content.Size, end + (2 * MemoryBlock.Size)));
        return missing < Math.Min(content.Size, end + (2 * MemoryBlock.Size)) ? missing : -1;
    }

    /// <summary>Whether a read that found nothing deserves a stream. Under the gate.</summary>
    public bool WantsStreamLocked(long offset, long end)
    {
        // What is behind the track was overtaken by a read ahead of it: the stream is elsewhere already.
        if (Stream is { Ended: false } stream && offset < stream.Position && _current.IsNear(offset))
            return false;
        return (_current.IsEstablished && _current.IsNear(offset)) || (_candidate.IsEstablished && _candidate.IsNear(offset)) || (_current.Reads == 1 && Track.IsStart(offset, end));
    }

    /// <summary>Where that stream begins. Under the gate.</summary>
    public long StreamStartLocked(CachedContent content, long offset) =>
        (_current.Reads == 1 && offset <= NearEstablished ? content.FirstMissingLocked(0, offset) : offset) & ~(MemoryBlock.PageSize - 1L);

    private struct Track
    {
        public long Expected;
        public int Reads;
        public bool IsEstablished;

        public static Track Begin(long offset, long end, bool isFirst) => new() { Expected = end, Reads = 1, IsEstablished = isFirst && IsStart(offset, end) };

        public readonly bool IsNear(long offset) => Math.Abs(offset - Expected) <= (IsEstablished ? NearEstablished : Near);

        public void Continue(long end)
        {
            // Only what goes forward makes a track: reads around one place do not.
            if (end <= Expected)
                return;
            Expected = end;
            if (++Reads >= 3)
                IsEstablished = true;
        }

        public static bool IsStart(long offset, long end) => offset == 0 || (end - offset >= ReadAheadRequest && offset <= 2 * (end - offset));
    }
}
