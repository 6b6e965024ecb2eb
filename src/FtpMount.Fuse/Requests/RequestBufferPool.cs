using FtpMount.Fuse.Native;

namespace FtpMount.Fuse.Requests;

/// <summary>
/// The buffers of requests and of read replies, all of one size: the biggest transfer, its headers, and a page so that the data
/// after the headers is page-aligned. Keeps a few for the next request and gives the rest back to the system, so that a burst of
/// read-ahead does not stay in memory. Renting and returning do not allocate once buffers exist.
/// </summary>
internal sealed class RequestBufferPool : IDisposable
{
    /// <summary>The biggest READ or WRITE, in bytes; what INIT asks for at most.</summary>
    public const int MaximumTransfer = 1 << 20;

    /// <summary>Enough for two readers and a few requests that wait.</summary>
    private const int KeptBuffers = 12;

    private readonly Lock _lock = new();
    private readonly MappedBuffer[] _free = new MappedBuffer[KeptBuffers];
    private int _count;
    private bool _disposed;

    /// <summary>Room before the data for headers: one page.</summary>
    public static int HeaderRoom { get; } = Environment.SystemPageSize;

    /// <summary>Bytes of every buffer.</summary>
    public static int BufferLength { get; } = HeaderRoom + MaximumTransfer + Environment.SystemPageSize;

    /// <summary>A buffer; its content is arbitrary.</summary>
    public MappedBuffer Rent()
    {
        lock (_lock)
        {
            if (_count > 0)
                return _free[--_count];
        }

        return new MappedBuffer(BufferLength);
    }

    /// <summary>Gives a buffer back; nobody may use it any more.</summary>
    public void Return(MappedBuffer buffer)
    {
        lock (_lock)
        {
            if (!_disposed && _count < KeptBuffers)
            {
                _free[_count++] = buffer;
                return;
            }
        }

        buffer.Unmap();
    }

    /// <summary>Frees what is kept.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_count > 0)
                _free[--_count].Unmap();
        }
    }
}
