using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.Remote.Network;

/// <summary>Asks a SOCKS5 proxy for a connection (RFC 1928, RFC 1929 for the password). Exactly the bytes of each answer are taken from the socket.</summary>
internal static class Socks5
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte UserAndPassword = 2;
    private const byte NoAcceptableMethod = 0xFF;
    private const byte Connect = 1;
    private const byte AddressV4 = 1;
    private const byte AddressName = 3;
    private const byte AddressV6 = 4;
    private const int LongestField = 255;

    /// <summary>Returns when the socket leads to the target.</summary>
    /// <exception cref="RemoteException">The proxy refuses, or is no SOCKS5 proxy.</exception>
    public static async ValueTask NegotiateAsync(Socket socket, ProxyOptions proxy, ProxyTarget target, CancellationToken cancellationToken)
    {
        byte[] greeting = proxy.User is null ? [Version, 1, NoAuthentication] : [Version, 2, NoAuthentication, UserAndPassword];
        await ProxyBytes.SendAsync(socket, greeting, cancellationToken);
        var answer = new byte[4];
        await ReceiveAsync(answer.AsMemory(0, 2));
        if (answer[0] != Version)
            throw NotAProxy(proxy, answer[0] == 0 ? "it speaks version 4" : "it answers in another protocol");
        switch (answer[1])
        {
            case NoAuthentication:
                break;
            case UserAndPassword when proxy.User is not null:
                await AuthenticateAsync(socket, proxy, cancellationToken);
                break;
            case NoAcceptableMethod:
                throw new RemoteException(
                    RemoteError.AuthenticationFailed,
                    proxy.User is null
                        ? $"{proxy.Subject} asks for a user and a password: proxy=socks5://user@{proxy.Host}:{proxy.Port} and proxy-password-file=FILE."
                        : $"{proxy.Subject} takes neither a user with a password nor none.");
            default:
                throw NotAProxy(proxy, $"it chose the method {answer[1]}, which was not offered");
        }

        await ProxyBytes.SendAsync(socket, Request(target), cancellationToken);
        await ReceiveAsync(answer);
        if (answer[0] != Version)
            throw NotAProxy(proxy, "its answer has another version");
        if (answer[1] != 0)
            throw new RemoteException(RemoteError.Offline, $"{proxy.Subject} could not connect to {target}: {Reason(answer[1])}.");
        var length = answer[3] switch
        {
            AddressV4 => 4,
            AddressV6 => 16,
            AddressName => -1,
            _ => throw NotAProxy(proxy, $"its answer has an address of the unknown kind {answer[3]}"),
        };
        var rest = new byte[LongestField + sizeof(ushort)];
        if (length < 0)
        {
            await ReceiveAsync(rest.AsMemory(0, 1));
            length = rest[0];
        }

        await ReceiveAsync(rest.AsMemory(0, length + sizeof(ushort)));

        ValueTask ReceiveAsync(Memory<byte> bytes) => ProxyBytes.ReceiveAsync(socket, bytes, cancellationToken);
    }

    private static async ValueTask AuthenticateAsync(Socket socket, ProxyOptions proxy, CancellationToken cancellationToken)
    {
        const byte SubnegotiationVersion = 1;
        var user = NameCodec.Utf8.Encode(proxy.User ?? "");
        var password = NameCodec.Utf8.Encode(proxy.Password ?? "");
        if (user.Length > LongestField || password.Length > LongestField)
            throw new RemoteException(RemoteError.AuthenticationFailed, $"User and password for a SOCKS5 proxy have at most {LongestField} bytes each.");
        byte[] request = [SubnegotiationVersion, (byte)user.Length, .. user, (byte)password.Length, .. password];
        await ProxyBytes.SendAsync(socket, request, cancellationToken);
        var answer = new byte[2];
        await ProxyBytes.ReceiveAsync(socket, answer, cancellationToken);
        if (answer[1] != 0)
            throw new RemoteException(RemoteError.AuthenticationFailed, $"{proxy.Subject} does not accept this user and password.");
    }

    private static byte[] Request(ProxyTarget target)
    {
        Span<byte> port = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)target.Port);
        if (target.Address is { } address)
        {
            var kind = address.AddressFamily == AddressFamily.InterNetworkV6 ? AddressV6 : AddressV4;
            return [Version, Connect, 0, kind, .. address.GetAddressBytes(), .. port];
        }

        return [Version, Connect, 0, AddressName, (byte)target.Name.Length, .. Encoding.ASCII.GetBytes(target.Name), .. port];
    }

    private static string Reason(byte reply) => reply switch
    {
        1 => "general failure",
        2 => "its rules do not allow it",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached or is unknown",
        5 => "the connection was refused; check the port and that the server runs",
        6 => "the time to live ran out",
        7 => "it cannot make connections (command not supported)",
        8 => "it does not know this kind of address",
        _ => $"reply {reply}",
    };

    private static RemoteException NotAProxy(ProxyOptions proxy, string why) =>
        new(RemoteError.ProtocolViolation, $"{proxy.Subject} is not a SOCKS5 proxy: {why}. Check the address and the kind (http:// or socks5://).");
}
