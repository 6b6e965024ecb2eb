using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FtpMount.Service.Control;

/// <summary>Who is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED).</summary>
/// <param name="ProcessId">The process that connected or listens.</param>
/// <param name="UserId">Its user.</param>
/// <param name="GroupId">Its group.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SocketLevel = 1; // SOL_SOCKET
    private const int PeerCredentialsOption = 17; // SO_PEERCRED

    internal static PeerCredentials Of(Socket socket)
    {
        Span<byte> buffer = stackalloc byte[12];
        socket.GetRawSocketOption(SocketLevel, PeerCredentialsOption, buffer);
        return MemoryMarshal.Read<PeerCredentials>(buffer);
    }
}
