using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Native;

namespace FtpMount.Fuse.Transport;

/// <summary>
/// An open, mounted <c>/dev/fuse</c>. One read gives one request, one write takes one reply. Disposed only after every thread that
/// uses it has ended: closing a descriptor neither wakes a reader nor is it safe while its number may be used again.
/// </summary>
internal sealed unsafe class DeviceTransport(int descriptor) : IFuseTransport
{
    private int _descriptor = descriptor;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var length = LibC.Read(_descriptor, start, (nuint)buffer.Length);
                if (length > 0)
                    return (int)length;
                var errno = (Errno)Marshal.GetLastPInvokeError();
                switch (errno)
                {
                    // ENOENT: the request was aborted while it was being read.
                    case Errno.EINTR or Errno.EAGAIN or Errno.ENOENT:
                        continue;
                    case Errno.ENODEV:
                        return 0;
                    default:
                        throw new IOException($"Reading /dev/fuse failed: {LibC.Describe((int)errno)}.");
                }
            }
        }
    }

    /// <inheritdoc/>
    public Errno Send(ReadOnlySpan<byte> frame)
    {
        fixed (byte* start = frame)
        {
            while (LibC.Write(_descriptor, start, (nuint)frame.Length) < 0)
            {
                var errno = (Errno)Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                    return errno;
            }
        }

        return Errno.None;
    }

    /// <summary>Closes the device; without another descriptor of it the kernel aborts the connection.</summary>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
    }
}
