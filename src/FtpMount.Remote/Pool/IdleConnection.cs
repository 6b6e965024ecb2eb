namespace FtpMount.Remote.Pool;

/// <summary>A connection that nobody uses now.</summary>
/// <param name="Connection">The connection.</param>
/// <param name="LastUsed">When it was last given back (or made), on the pool's clock.</param>
/// <param name="LastHeard">When the server was last heard on it: given back, made or probed.</param>
/// <param name="IsNew">Whether it was never lent.</param>
internal readonly record struct IdleConnection<TConnection>(TConnection Connection, TimeSpan LastUsed, TimeSpan LastHeard, bool IsNew)
    where TConnection : class, IPooledConnection;
