namespace FtpMount.Remote.Pool;

/// <summary>
/// The right to use one connection. Disposing gives the connection back when it is reusable and closes it when it is in doubt;
/// a second disposal does nothing. Disposing never waits for the network.
/// </summary>
/// <typeparam name="TConnection">The protocol's connection.</typeparam>
public sealed class ConnectionLease<TConnection> : IAsyncDisposable
    where TConnection : class, IPooledConnection
{
    private readonly ConnectionPool<TConnection> _pool;
    private readonly TConnection _connection;
    private int _returned;
    private volatile bool _discard;

    internal ConnectionLease(ConnectionPool<TConnection> pool, TConnection connection, Lane lane, bool isNew)
    {
        _pool = pool;
        _connection = connection;
        Lane = lane;
        IsNew = isNew;
    }

    /// <summary>The connection.</summary>
    /// <exception cref="ObjectDisposedException">The lease was given back: the connection may belong to somebody else.</exception>
    public TConnection Connection
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _returned) != 0, this);
            return _connection;
        }
    }

    /// <summary>The lane in which it was leased.</summary>
    public Lane Lane { get; }

    /// <summary>Whether nobody used the connection before: a failure is then not that of a connection that died while it was idle.</summary>
    internal bool IsNew { get; }

    /// <summary>Marks the connection as in doubt: it is closed, not reused, when the lease is disposed.</summary>
    public void Discard() => _discard = true;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
            _pool.Return(_connection, Lane, _discard);
        return ValueTask.CompletedTask;
    }
}
