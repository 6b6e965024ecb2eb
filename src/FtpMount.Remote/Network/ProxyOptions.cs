namespace FtpMount.Remote.Network;

/// <summary>A proxy that every connection of a mount goes through.</summary>
public sealed record ProxyOptions
{
    /// <summary>What it speaks.</summary>
    public required ProxyKind Kind { get; init; }

    /// <summary>Its name or address; IPv6 without brackets.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    public required int Port { get; init; }

    /// <summary>The user that it asks for (RFC 7617, RFC 1929); null when it asks for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password.</summary>
    public string? Password { get; init; }

    /// <summary>For messages: <c>The proxy squid port 3128</c>.</summary>
    internal string Subject => $"The proxy {Host} port {Port}";

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{Kind} {Host} {Port}";
}
