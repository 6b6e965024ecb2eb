using System.Net;
using System.Net.Sockets;

namespace FtpMount.Ftp.Session;

/// <summary>
/// Which addresses are this machine's or its own network's, so that a password on the way there does not cross the internet: loopback, RFC 1918, link-local (RFC 3927,
/// RFC 4291), unique local (RFC 4193), shared address space (RFC 6598).
/// </summary>
internal static class PrivateNetwork
{
    /// <summary>Whether an address is one of them.</summary>
    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address))
            return true;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal;
        Span<byte> b = stackalloc byte[4];
        return address.TryWriteBytes(b, out var length) && length == b.Length && (b[0], b[1]) switch
        {
            (10, _) => true,
            (172, >= 16 and <= 31) => true,
            (192, 168) => true,
            (169, 254) => true,
            (100, >= 64 and <= 127) => true,
            _ => false,
        };
    }
}
