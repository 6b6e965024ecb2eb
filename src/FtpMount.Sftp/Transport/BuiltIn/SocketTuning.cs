using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// Gives a socket of SSH.NET back to the kernel's care: SSH.NET sets buffers of some hundred KiB, which end the kernel's own sizing of them and so cap a link of 100 ms at a few
/// MB/s. SO_BUF_LOCK (Linux 5.14) undoes that.
/// </summary>
internal static class SocketTuning
{
    private const int SolSocket = 1;
    private const int SoBufLock = 72;

    /// <summary>Before Linux 5.14: the largest buffers that the system allows, up to this.</summary>
    private const int FallbackBuffer = 8 << 20;

    /// <summary>Applies it to a connected socket.</summary>
    public static void Apply(Socket socket, ILogger logger)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                var unlocked = 0;
                socket.SetRawSocketOption(SolSocket, SoBufLock, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in unlocked)));
                return;
            }
        }
        catch (SocketException e)
        {
            logger.LogDebug("The kernel does not size the buffers of SSH connections here: {Message}", e.Message);
        }

        try
        {
            socket.SendBufferSize = FallbackBuffer;
            socket.ReceiveBufferSize = FallbackBuffer;
        }
        catch (SocketException e)
        {
            logger.LogDebug("The buffers of an SSH connection stay as they are: {Message}", e.Message);
        }
    }
}
