namespace FtpMount.Remote.Pool;

/// <summary>One call that waits for a connection. Whoever takes it out of the <see cref="LeaseQueue{TConnection}"/> completes it.</summary>
internal sealed class LeaseWaiter<TConnection> : TaskCompletionSource<ConnectionLease<TConnection>>
    where TConnection : class, IPooledConnection
{
    public LeaseWaiter(ConnectionPool<TConnection> pool, Lane lane, TimeSpan since, TimeSpan timeout)
        // Completed under the pool's lock, so nothing of the caller's may run there.
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Pool = pool;
        Lane = lane;
        Since = since;
        Timeout = timeout;
        Place = new LinkedListNode<LeaseWaiter<TConnection>>(this);
    }

    public ConnectionPool<TConnection> Pool { get; }

    public Lane Lane { get; }

    /// <summary>When it began to wait, on the pool's clock.</summary>
    public TimeSpan Since { get; }

    /// <summary>How long it may wait.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Its place in the queue; <c>Place.List</c> is null when it waits no more.</summary>
    public LinkedListNode<LeaseWaiter<TConnection>> Place { get; }

    /// <summary>The token whose cancellation ends the wait.</summary>
    public CancellationToken CancellationToken { get; init; }
}
