namespace FtpMount.Remote.Pool;

/// <summary>
/// Who waits for a connection, and whose turn it is. First in, first out within a lane. Between lanes the order of <see cref="Lane"/>
/// rules, but a lane that could have been served and was passed over a given number of times comes first once, so none starves.
/// Not thread-safe: the pool's lock protects it.
/// </summary>
internal sealed class LeaseQueue<TConnection>(int maximumOvertakes)
    where TConnection : class, IPooledConnection
{
    private readonly LinkedList<LeaseWaiter<TConnection>>[] _lanes = [new(), new(), new(), new()];
    private readonly int[] _overtaken = new int[4];

    /// <summary>How many wait in <see cref="Lane.Interactive"/>.</summary>
    public int InteractiveCount => _lanes[0].Count;

    /// <summary>How many wait in the other lanes together.</summary>
    public int BulkCount => _lanes[1].Count + _lanes[2].Count + _lanes[3].Count;

    /// <summary>Whether anyone waits in this lane.</summary>
    public bool IsWaiting(Lane lane) => _lanes[(int)lane].Count > 0;

    /// <summary>Puts a waiter at the end of its lane.</summary>
    public void Add(LeaseWaiter<TConnection> waiter) => _lanes[(int)waiter.Lane].AddLast(waiter.Place);

    /// <summary>Takes out a waiter that gave up; false when it was served or failed before.</summary>
    public bool Remove(LeaseWaiter<TConnection> waiter)
    {
        var lane = _lanes[(int)waiter.Lane];
        if (waiter.Place.List != lane)
            return false;
        lane.Remove(waiter.Place);
        if (lane.Count == 0)
            _overtaken[(int)waiter.Lane] = 0;
        return true;
    }

    /// <summary>The waiter whose turn it is, or null; it stays in the queue.</summary>
    /// <param name="bulkMayTake">Whether the lanes after <see cref="Lane.Interactive"/> may have a connection now.</param>
    public LeaseWaiter<TConnection>? Peek(bool bulkMayTake)
    {
        if (bulkMayTake)
        {
            for (var lane = 1; lane < _lanes.Length; lane++)
            {
                if (_overtaken[lane] >= maximumOvertakes && _lanes[lane].First is { } overdue)
                    return overdue.Value;
            }
        }

        for (var lane = 0; lane < (bulkMayTake ? _lanes.Length : 1); lane++)
        {
            if (_lanes[lane].First is { } first)
                return first.Value;
        }

        return null;
    }

    /// <summary>Takes out the waiter that <see cref="Peek"/> gave, because it is served.</summary>
    public void Serve(LeaseWaiter<TConnection> waiter, bool bulkMayTake)
    {
        var served = (int)waiter.Lane;
        _lanes[served].Remove(waiter.Place);
        CountOvertaking(waiter.Lane, bulkMayTake);
    }

    /// <summary>Notes that a lane was served at the cost of those after it.</summary>
    public void CountOvertaking(Lane servedLane, bool bulkMayTake)
    {
        _overtaken[(int)servedLane] = 0;
        if (!bulkMayTake)
            return;
        for (var lane = (int)servedLane + 1; lane < _lanes.Length; lane++)
            _overtaken[lane] = _lanes[lane].Count > 0 ? _overtaken[lane] + 1 : 0;
    }

    /// <summary>Takes out everyone.</summary>
    public List<LeaseWaiter<TConnection>> TakeAll()
    {
        var all = new List<LeaseWaiter<TConnection>>(InteractiveCount + BulkCount);
        foreach (var lane in _lanes)
        {
            all.AddRange(lane);
            lane.Clear();
        }

        Array.Clear(_overtaken);
        return all;
    }
}
