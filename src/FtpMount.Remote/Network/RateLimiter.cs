using System.Net.Sockets;

namespace FtpMount.Remote.Network;

/// <summary>
/// Keeps the content that all connections of a mount carry together below the rates of a schedule. Every transfer has a <see cref="RateFlow"/>. What is not content
/// (commands, replies, listings) is not limited, so that looking around stays quick beside a full link.
/// </summary>
public sealed class RateLimiter
{
    private const int SmallestSocketBuffer = 128 * 1024;
    private const int LargestSocketBuffer = 4 * 1024 * 1024;
    private const int SocketBuffersPerSecond = 4;

    /// <summary>Makes a limiter.</summary>
    /// <param name="schedule">The rates.</param>
    /// <param name="time">The clock, also for the local time of day.</param>
    public RateLimiter(RateSchedule schedule, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(time);
        Download = new RateLimit(schedule, static entry => entry.Download, time);
        Upload = new RateLimit(schedule, static entry => entry.Upload, time);
    }

    /// <summary>From the server.</summary>
    public RateLimit Download { get; }

    /// <summary>To the server.</summary>
    public RateLimit Upload { get; }

    /// <summary>
    /// Makes the kernel's buffers of a connection for content small enough that what it takes ahead of this program, up to megabytes otherwise, is a part of a second
    /// at the rate of now.
    /// </summary>
    public void Shape(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (Download.BytesPerSecond is { } down)
            socket.ReceiveBufferSize = (int)Math.Clamp(down / SocketBuffersPerSecond, SmallestSocketBuffer, LargestSocketBuffer);
        if (Upload.BytesPerSecond is { } up)
            socket.SendBufferSize = (int)Math.Clamp(up / SocketBuffersPerSecond, SmallestSocketBuffer, LargestSocketBuffer);
    }
}
