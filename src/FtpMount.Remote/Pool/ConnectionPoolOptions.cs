namespace FtpMount.Remote.Pool;

/// <summary>The limits and times of a <see cref="ConnectionPool{TConnection}"/>.</summary>
public sealed record ConnectionPoolOptions
{
    /// <summary>The most connections to be open at once, at least 1. The server may allow fewer: that is learned.</summary>
    public int MaximumConnections { get; init; } = 8;

    /// <summary>
    /// How many connections the server allowed when it was last used, when that is known; at least 1. It is believed until <see cref="RegrowthDelay"/> has passed, as a limit that
    /// was learned at the start.
    /// </summary>
    public int? RememberedLimit { get; init; }

    /// <summary>
    /// How long one call may wait for a connection, everything included: the queue, connecting, probing, repeating. Also the
    /// deadline of one attempt to connect.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A connection that was not heard of for this long is probed before it is lent. Well above the time between the calls of one
    /// program, so that a busy mount never pays that round trip; well below the shortest NAT time-outs (30 s and more).
    /// </summary>
    public TimeSpan ProbeAfterIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A probe not answered within this time means a dead connection. Below <see cref="Timeout"/>, so that a call that meets a dead connection can still make a new one.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An idle connection is probed this often; below the idle time-outs of servers (300 s and more) and of NAT (often 60 s).</summary>
    public TimeSpan KeepaliveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A connection that nobody leased for this long is closed, unless it is the only one.</summary>
    public TimeSpan SurplusIdleLifetime { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// Up to how many connections are opened only so that one is ready when the others are becoming ready (<see cref="IPooledConnection.IsBecomingReady"/>): one in use and three on
    /// their way, which for FTP takes three round trips after each use.
    /// </summary>
    public int ReadyConnections { get; init; } = 4;

    /// <summary>The longest that closing a connection may hold its place in the pool.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The pause after the first failure to connect; it doubles with each further one, and is shortened at random by up to half.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest such pause.</summary>
    public TimeSpan MaximumRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the pool believes a limit that it learned from the server before it tries one connection more. Doubles with each
    /// further refusal up to <see cref="MaximumRegrowthDelay"/>.
    /// </summary>
    public TimeSpan RegrowthDelay { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest such time.</summary>
    public TimeSpan MaximumRegrowthDelay { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How often a lane with a waiter may be passed over in favour of the lanes before it; then it comes first once. So no lane starves.
    /// </summary>
    public int MaximumOvertakes { get; init; } = 16;
}
