using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Transport;

/// <summary>Where request frames come from and reply frames go to: <c>/dev/fuse</c>, or memory in a test. Thread-safe.</summary>
internal interface IFuseTransport : IDisposable
{
    /// <summary>Waits for the next request.</summary>
    /// <param name="buffer">Where it goes; at least the biggest WRITE and its headers.</param>
    /// <returns>Its length in bytes; 0 when the file system was unmounted.</returns>
    /// <exception cref="IOException">The device failed.</exception>
    int Receive(Span<byte> buffer);

    /// <summary>Sends one whole frame, a reply or a notification.</summary>
    /// <returns><see cref="Errno.None"/>; <see cref="Errno.ENOENT"/> when nobody waits for this reply (or the kernel does not know what the notification is about); or what the kernel finds wrong with the frame.</returns>
    Errno Send(ReadOnlySpan<byte> frame);
}
