using System.Buffers.Binary;
using System.Net.Sockets;

namespace FtpMount.Ftp.Transfers;

/// <summary>How much of what was sent the other side has confirmed: <c>tcpi_bytes_acked</c> of <c>struct tcp_info</c> (linux/tcp.h, Linux 4.1).</summary>
internal static class TcpProgress
{
    private const int SolTcp = 6;
    private const int TcpInfo = 11;

    // u8[8], u32[24], u64 tcpi_pacing_rate, u64 tcpi_max_pacing_rate, u64 tcpi_bytes_acked
    private const int BytesAckedOffset = 8 + (24 * 4) + 8 + 8;

    /// <summary>The number of bytes confirmed since the connection was made; null where the system does not tell.</summary>
    public static long? BytesAcknowledged(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> info = stackalloc byte[256];
        try
        {
            var length = socket.GetRawSocketOption(SolTcp, TcpInfo, info);
            return length >= BytesAckedOffset + sizeof(long) ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAckedOffset..]) : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
