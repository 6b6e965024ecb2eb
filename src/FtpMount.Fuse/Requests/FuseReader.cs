using FtpMount.Fuse.Native;
using FtpMount.Fuse.Transport;

namespace FtpMount.Fuse.Requests;

/// <summary>
/// The loop of one dedicated thread: takes a request from the kernel, has it dispatched, takes the next. What can be answered at
/// once is answered on this thread, with the same request object and buffers every time; a request that has to wait leaves with
/// what it needs, and the loop goes on with others.
/// </summary>
internal sealed class FuseReader(FuseDispatcher dispatcher, IFuseTransport transport, RequestBufferPool buffers) : IDisposable
{
    private MappedBuffer? _received;
    private FuseRequest? _request;

    /// <summary>The buffer that holds the present frame.</summary>
    public MappedBuffer Received => _received!;

    /// <summary>Serves until the file system is unmounted.</summary>
    /// <exception cref="IOException">The device failed.</exception>
    public void Serve()
    {
        while (ServeOne())
        {
            // One request after the other.
        }
    }

    /// <summary>Serves one request; false when the file system is unmounted.</summary>
    public bool ServeOne()
    {
        _received ??= buffers.Rent();
        _request ??= dispatcher.RentRequest();
        _request.Reader = this;
        var start = RequestBufferPool.HeaderRoom - FuseDispatcher.WriteHeaderLength;
        var length = transport.Receive(_received.GetSpan()[start..]);
        if (length == 0)
            return false;
        dispatcher.Dispatch(_request, _received.Memory.Slice(start, length));
        return true;
    }

    /// <summary>Lets the present request go: its answer has to wait.</summary>
    /// <param name="withData">Whether it takes the received frame with it (WRITE).</param>
    public void Release(bool withData)
    {
        var request = _request!;
        _request = null;
        if (!withData)
            return;
        request.HeldBuffer = _received;
        _received = null;
    }

    /// <summary>Gives the buffers back, after the loop has ended.</summary>
    public void Dispose()
    {
        if (_received is { } received)
        {
            _received = null;
            buffers.Return(received);
        }

        if (_request is { } request)
        {
            _request = null;
            request.ReturnBuffers();
        }
    }
}
