using System.Net;

namespace FtpMount.Remote.Network;

/// <summary>How the connections of a mount are made, and how fast they may be.</summary>
public sealed record NetworkOptions
{
    /// <summary>The proxy that all connections go through; null for none.</summary>
    public ProxyOptions? Proxy { get; init; }

    /// <summary>The address of this machine that connections come from; null for the one that the system chooses.</summary>
    public IPAddress? BindAddress { get; init; }

    /// <summary>How many bytes a second all connections together may carry, by the time of day; null for any number.</summary>
    public RateSchedule? Rates { get; init; }
}
