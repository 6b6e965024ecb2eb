namespace FtpMount.Remote;

/// <summary>A snapshot of counters for status and tests. All counts are since the start.</summary>
public sealed record RemoteStatistics
{
    /// <summary>Connections open now.</summary>
    public int OpenConnections { get; init; }

    /// <summary>Connections leased now.</summary>
    public int BusyConnections { get; init; }

    /// <summary>The most connections that will be opened: the option, or less when the server refused more.</summary>
    public int ConnectionLimit { get; init; }

    /// <summary>Connections made.</summary>
    public long ConnectionsMade { get; init; }

    /// <summary>Connections discarded as lost or in doubt.</summary>
    public long ConnectionsLost { get; init; }

    /// <summary>Commands or requests sent.</summary>
    public long Commands { get; init; }

    /// <summary>Bytes of content received.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Bytes of content sent.</summary>
    public long BytesSent { get; init; }

    /// <summary>Whether the last attempt to use the server failed for want of a link.</summary>
    public bool Offline { get; init; }

    /// <summary>What the server said it is (FTP: SYST and greeting), when known.</summary>
    public string? ServerSoftware { get; init; }

    /// <summary>The last error, in words, without secrets.</summary>
    public string? LastError { get; init; }
}
