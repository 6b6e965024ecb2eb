namespace FtpMount.Vfs.Content;

/// <summary>
/// Bounds how many streams are open at one time, because each holds a connection of a small pool. When all places are taken, the stream that has paused longest makes way;
/// when none pauses, the reader gets by with fetches.
/// </summary>
internal sealed class StreamSlots(int maximum)
{
    private readonly Lock _gate = new();
    private readonly List<Transfer> _streams = [];
    private int _reserved;

    /// <summary>Streams open now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _streams.Count;
        }
    }

    /// <summary>Reserves a place for a stream; false when there is none. Without any gate.</summary>
    public bool TryReserve()
    {
        Transfer? victim = null;
        lock (_gate)
        {
            if (_streams.Count + _reserved >= maximum)
            {
                foreach (var stream in _streams)
                {
                    if (stream.PausedSince is var since and not 0 && (victim is null || since < victim.PausedSince))
                        victim = stream;
                }

                if (victim is null)
                    return false;
                _streams.Remove(victim);
            }

            _reserved++;
        }

        victim?.Stop();
        return true;
    }

    /// <summary>Gives a reserved place to a stream.</summary>
    public void Enter(Transfer stream)
    {
        lock (_gate)
        {
            _reserved--;
            _streams.Add(stream);
        }
    }

    /// <summary>Gives a reserved place back.</summary>
    public void GiveBack()
    {
        lock (_gate)
            _reserved--;
    }

    /// <summary>A stream is over.</summary>
    public void Leave(Transfer stream)
    {
        lock (_gate)
            _streams.Remove(stream);
    }
}
