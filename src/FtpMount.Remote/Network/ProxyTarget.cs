using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FtpMount.Remote.Network;

/// <summary>The host that a proxy is asked to connect to: an address, or a name that cannot be mistaken for anything else in the proxy's protocol.</summary>
internal sealed record ProxyTarget
{
    private const int LongestName = 253;

    private ProxyTarget(string name, IPAddress? address, int port)
    {
        Name = name;
        Address = address;
        Port = port;
    }

    /// <summary>The name in ASCII (A-labels); empty for an address.</summary>
    public string Name { get; }

    /// <summary>The address; null for a name.</summary>
    public IPAddress? Address { get; }

    /// <summary>The port.</summary>
    public int Port { get; }

    /// <summary>Checks host and port.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.InvalidName"/>.</exception>
    public static ProxyTarget Parse(string host, int port)
    {
        if (IPAddress.TryParse(host, out var address))
            return new ProxyTarget("", new IPAddress(address.GetAddressBytes()), port); // a zone means nothing to the proxy
        var name = host;
        try
        {
            name = new IdnMapping().GetAscii(host.ToLowerInvariant());
        }
        catch (ArgumentException) when (host.All(char.IsAscii))
        {
            // Underscores and the like, which IDN refuses and resolvers do not.
        }
        catch (ArgumentException)
        {
            name = "";
        }

        return name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? new ProxyTarget(name, null, port)
            : throw new RemoteException(RemoteError.InvalidName, "The name of the server is not one that a proxy can be asked for.");
    }

    /// <summary><c>host:port</c>, with brackets around IPv6 (RFC 9112 section 3.2.3).</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Address is null ? Name : Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString())}:{Port}");
}
