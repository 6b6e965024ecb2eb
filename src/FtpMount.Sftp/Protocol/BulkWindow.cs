namespace FtpMount.Sftp.Protocol;

/// <summary>
/// How many bytes of content may be asked for or sent on one connection before replies come: enough to fill the link, and not much more, because a short
/// request waits behind all of them.
/// </summary>
/// <remarks>
/// As in BBR, the rate is measured by what was delivered between the sending of a request and its reply, and the delay is the shortest such time. The window is
/// twice their product, which doubles it each round trip until the rate does not rise any more. Thread-safe.
/// </remarks>
internal sealed class BulkWindow(TimeProvider time)
{
    /// <summary>Eight of the smallest requests: also a link of 10 KB/s answers one of them within seconds.</summary>
    public const int Smallest = 256 * 1024;

    /// <summary>1 Gbit/s at 130 ms.</summary>
    public const int Largest = 32 << 20;

    private const int SmallestRequest = 32 * 1024;

    /// <summary>What dropbear and its like take before they grant more is well below.</summary>
    private const int SmallWindow = 256 * 1024;

    /// <summary>Of the 2 MiB of OpenSSH's channels so much is in use at best, because more is granted only when some was taken.</summary>
    private const int UsualWindow = 1408 * 1024;

    /// <summary>Programs on both ends need a while to get going after each other: a window for less than this would run dry on a link without delay.</summary>
    private static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(2.5);

    /// <summary>So long a measured rate or delay is believed when nothing confirms it.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long _delivered;
    private double _rate;
    private long _rateSeen;
    private TimeSpan _delay = TimeSpan.MaxValue;
    private long _delaySeen;
    private TimeSpan _roundTrip = TimeSpan.MaxValue;
    private int _limit = Smallest;
    private int _inFlight;

    /// <summary>Bytes asked for or sent, and not answered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>The most that <see cref="InFlight"/> should be.</summary>
    public int Limit => Volatile.Read(ref _limit);

    /// <summary>The shortest time that any request on this connection took; <see cref="TimeSpan.MaxValue"/> before the first.</summary>
    public TimeSpan RoundTrip
    {
        get
        {
            lock (_gate)
                return _roundTrip;
        }
    }

    /// <summary>
    /// Whether what one round trip delivers is more than the small windows of some servers and less than the 2 MiB of OpenSSH: then it is the link that takes no more, and what
    /// further connections would carry is taken from this one.
    /// </summary>
    public bool FillsLink
    {
        get
        {
            lock (_gate)
                return _rate * _roundTrip.TotalSeconds is > SmallWindow and < UsualWindow;
        }
    }

    /// <summary>Whether there is room for a further request of this length.</summary>
    public bool HasRoom(int length) => InFlight + length <= Limit;

    /// <summary>
    /// The length of a request that suits the window, a power of two from 32 KiB up to <paramref name="most"/>: an eighth of it, so that it never runs dry, and so that each
    /// answer, which costs both ends a wakeup, is for much.
    /// </summary>
    public int RequestLength(int most)
    {
        var length = SmallestRequest;
        while (length * 2 <= most && length * 8 <= Limit)
            length *= 2;
        return Math.Min(length, most);
    }

    /// <summary>A request is sent.</summary>
    /// <returns>To be given to <see cref="Answered(int, long, long)"/>: what was delivered before.</returns>
    public long Sent(int length)
    {
        Interlocked.Add(ref _inFlight, length);
        return Interlocked.Read(ref _delivered);
    }

    /// <summary>Whether everything that was in flight when a request was sent has been answered.</summary>
    /// <param name="mark">What <see cref="Sent"/> returned for it, plus what was in flight then.</param>
    public bool HasDelivered(long mark) => Interlocked.Read(ref _delivered) >= mark;

    /// <summary>A short request was answered.</summary>
    /// <param name="sentAt">The timestamp when it was sent.</param>
    public void Answered(long sentAt)
    {
        var delay = time.GetElapsedTime(sentAt);
        lock (_gate)
        {
            if (delay < _roundTrip)
                _roundTrip = delay;
        }
    }

    /// <summary>A request was given up without an answer.</summary>
    public void Dropped(int length) => Interlocked.Add(ref _inFlight, -length);

    /// <summary>A request was answered.</summary>
    /// <param name="length">Its length as sent.</param>
    /// <param name="deliveredBefore">What <see cref="Sent"/> returned.</param>
    /// <param name="sentAt">The timestamp when it was sent.</param>
    public void Answered(int length, long deliveredBefore, long sentAt)
    {
        Interlocked.Add(ref _inFlight, -length);
        lock (_gate)
        {
            _delivered += length;
            var now = time.GetTimestamp();
            var delay = time.GetElapsedTime(sentAt, now);
            if (delay < _roundTrip)
                _roundTrip = delay;
            if (delay <= TimeSpan.Zero)
                return;
            if (delay <= _delay || time.GetElapsedTime(_delaySeen, now) > Memory)
            {
                _delay = delay;
                _delaySeen = now;
            }

            var rate = (_delivered - deliveredBefore) / delay.TotalSeconds;
            if (rate >= _rate || time.GetElapsedTime(_rateSeen, now) > Memory)
            {
                _rate = rate;
                _rateSeen = now;
            }

            var target = 2 * _rate * Math.Max(_delay.TotalSeconds, LeastDelay.TotalSeconds);
            Volatile.Write(ref _limit, (int)Math.Clamp(target, Smallest, Largest));
        }
    }
}
