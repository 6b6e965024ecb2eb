namespace FtpMount.Ftp.Session;

/// <summary>
/// Whether compressing is worth it in one direction of a line. It is where a transfer of at least 1 MiB was slower than 4 MB/s: then the line is what one waits for, and fewer
/// bytes are quicker; on faster lines the compressors of both sides would be. It is left off again when compressed bytes come faster than that, and for ten minutes when content
/// came no faster than it did without.
/// </summary>
internal sealed class CompressionGain(TimeProvider time)
{
    /// <summary>Bytes a second from which on a line is not slow. Servers compress some tens of MB a second and core.</summary>
    public const double FastLine = 4_000_000;

    /// <summary>The least that is measured: round trips would be most of the time of less.</summary>
    public const long LeastMeasured = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private double? _plain;
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;

    /// <summary>Whether the next transfer should be compressed.</summary>
    public bool IsWorthwhile
    {
        get
        {
            lock (_gate)
                return _plain < FastLine && time.GetUtcNow() >= _pausedUntil;
        }
    }

    /// <summary>A transfer was made.</summary>
    /// <param name="content">Bytes of content.</param>
    /// <param name="carried">Bytes on the line when it was compressed; null when it was not.</param>
    /// <param name="elapsed">How long the line was waited for.</param>
    public void Note(long content, long? carried, TimeSpan elapsed)
    {
        if (content < LeastMeasured)
            return;
        var seconds = Math.Max(elapsed.TotalSeconds, 1e-6);
        lock (_gate)
        {
            if (carried is not { } compressed)
                _plain = content / seconds;
            else if (compressed / seconds >= FastLine)
                _plain = compressed / seconds;
            else if (content / seconds <= _plain)
                _pausedUntil = time.GetUtcNow() + Pause;
        }
    }
}
