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
    private readonly Lock _lock = new();
    private readonly List<nuint> _readers = [];
    private int _descriptor = descriptor;
    private volatile bool _stopping;

    /// <summary>Says that this thread is going to read.</summary>
    public void EnterReader()
    {
        WakeSignal.EnsureInstalled();
        lock (_lock)
            _readers.Add(LibC.CurrentThread());
    }

    /// <summary>Says that this thread reads no more.</summary>
    public void LeaveReader()
    {
        lock (_lock)
            _readers.Remove(LibC.CurrentThread());
    }

    /// <summary>Lets every reader see the end although the file system is still mounted. To be repeated until they have ended.</summary>
    public void StopReaders()
    {
        _stopping = true;
        lock (_lock)
        {
            foreach (var thread in _readers)
                WakeSignal.Send(thread);
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (!_stopping)
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

        return 0;
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
