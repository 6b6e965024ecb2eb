namespace FtpMount.Remote.Pool;

/// <summary>
/// A logged-in connection that a <see cref="ConnectionPool{TConnection}"/> lends out. It is used by one lessee at a time.
/// </summary>
/// <remarks>
/// <see cref="IAsyncDisposable.DisposeAsync"/> closes it, never throws, ends within seconds, and may be called while an operation runs on
/// it (when the pool is closed): that operation then ends with <see cref="RemoteError.Offline"/>.
/// </remarks>
public interface IPooledConnection : IAsyncDisposable
{
    /// <summary>
    /// Whether the connection is known to be between two operations. False once in doubt: in the middle of a reply, closed by either
    /// side, or after a violation of the protocol. It does not become true again. Cheap: asked under the pool's lock.
    /// </summary>
    bool IsReusable { get; }

    /// <summary>
    /// Whether what connections are leased for most often can begin on it at once. Among idle connections such a one is lent first. Cheap: asked under the pool's lock.
    /// </summary>
    bool IsReady => true;

    /// <summary>
    /// Whether it is idle and will soon be ready by itself. When such a one must be lent before it is, connections are wanted faster than they become ready, and the pool
    /// opens one more, up to <see cref="ConnectionPoolOptions.ReadyConnections"/>.
    /// </summary>
    bool IsBecomingReady => false;

    /// <summary>
    /// Asks the server for a sign of life in one cheap round trip (FTP: NOOP). Also the keepalive.
    /// </summary>
    /// <returns>Whether the connection is alive. False or an exception: it is dead and is discarded.</returns>
    ValueTask<bool> ProbeAsync(CancellationToken cancellationToken);
}
