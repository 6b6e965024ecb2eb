using FtpMount.Ftp.Session;

namespace FtpMount.Ftp.Transfers;

/// <summary>
/// Ends a store on which nothing moves any more. A send of a large block says nothing until all of it is in the socket, and megabytes wait in the
/// socket after the last send; so this looks at what the other side has confirmed, a few times within each time limit.
/// </summary>
internal sealed class StoreWatch : IDisposable
{
    private const int LooksPerTimeout = 8;

    private readonly FtpDataTransfer _transfer;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private long _handedOver;
    private long _lastSeen = -1;
    private long _lastMoved;
    private bool _stopped;

    /// <param name="transfer">The store to be watched.</param>
    public StoreWatch(FtpDataTransfer transfer)
    {
        _transfer = transfer;
        var site = transfer.Connection.Site;
        _time = site.Time;
        _timeout = site.Options.Timeout;
        _lastMoved = _time.GetTimestamp();
        var interval = _timeout / LooksPerTimeout;
        _timer = _time.CreateTimer(static watch => ((StoreWatch)watch!).Look(), this, interval, interval);
    }

    /// <summary>Whether the store was ended for want of progress.</summary>
    public bool HasExpired { get; private set; }

    /// <summary>Bytes given to the socket so far.</summary>
    public void NoteHandedOver(long total) => Volatile.Write(ref _handedOver, total);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _stopped = true;
        _timer.Dispose();
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            var seen = (TcpProgress.BytesAcknowledged(_transfer.Data.Socket) ?? 0) + Volatile.Read(ref _handedOver);
            if (seen != _lastSeen)
            {
                _lastSeen = seen;
                _lastMoved = _time.GetTimestamp();
            }
            else if (_time.GetElapsedTime(_lastMoved) >= _timeout)
            {
                HasExpired = true;
                _stopped = true;
                _transfer.Abandon();
            }
        }
    }
}
