using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Transport;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <summary>
/// Turns request frames of the kernel's FUSE protocol (<c>include/uapi/linux/fuse.h</c>, 7.31 and later) into calls of
/// <see cref="IVirtualFileSystem"/> and their outcomes into reply frames.
/// <list type="bullet">
/// <item>A call that completes synchronously is answered on the spot, without an allocation. Any other is entered in the table of waiting requests, where INTERRUPT finds it, and answered when it completes.</item>
/// <item>A frame is not trusted: one that is too short, or whose name has no end, is answered with an error.</item>
/// <item>What a reply counts (lookups) or opens (handles) is taken back when nobody received the reply.</item>
/// </list>
/// </summary>
internal sealed partial class FuseDispatcher : IDisposable
{
    /// <summary>Bytes before the data of a WRITE: the longest headers there are.</summary>
    public const int WriteHeaderLength = 80;

    private const int PooledRequests = 64;

    private readonly IVirtualFileSystem _fileSystem;
    private readonly IFuseTransport _transport;
    private readonly RequestBufferPool _buffers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Stack<FuseRequest> _pool = new(PooledRequests);
    private readonly Dictionary<ulong, FuseRequest> _waiting = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    public FuseDispatcher(IVirtualFileSystem fileSystem, IFuseTransport transport, RequestBufferPool buffers, int maximumBackground, TimeProvider time, ILogger logger)
    {
        _fileSystem = fileSystem;
        _transport = transport;
        _buffers = buffers;
        _maximumBackground = maximumBackground;
        _time = time;
        _logger = logger;
    }

    /// <summary>The counters.</summary>
    public FuseStatistics Statistics { get; } = new();

    /// <summary>A request object to read the next frame with.</summary>
    public FuseRequest RentRequest()
    {
        lock (_lock)
        {
            if (_pool.TryPop(out var request))
                return request;
        }

        return new FuseRequest(_fileSystem, _transport, _buffers, Statistics, _logger);
    }

    /// <summary>Handles one frame.</summary>
    /// <param name="request">The request object, still held by its reader.</param>
    /// <param name="frame">The frame, in the reader's buffer.</param>
    public void Dispatch(FuseRequest request, ReadOnlyMemory<byte> frame)
    {
        var body = frame.Span;
        if (!TryTake(ref body, out FuseInHeader header))
        {
            _logger.LogError("A request of {Length} bytes is too short to have a header.", frame.Length);
            return;
        }

        request.Begin(header);
        Statistics.CountRequest(request.Opcode);
        var extensions = header.TotalExtensionLength * sizeof(ulong);
        if (header.Length != frame.Length || extensions > body.Length)
        {
            _logger.LogError("A {Opcode} request says it has {Said} bytes and has {Length}.", request.Opcode, header.Length, frame.Length);
            if (request.Opcode is not (FuseOpcode.Forget or FuseOpcode.BatchForget))
                request.Reply(Errno.EIO);
            return;
        }

        try
        {
            Dispatch(request, body[..^extensions], frame);
        }
#pragma warning disable CA1031 // Whatever went wrong in one request must not end the mount.
        catch (Exception e)
#pragma warning restore CA1031
        {
            request.Fail(e);
        }

        if (request.Reader is not null)
            Statistics.CountInline();
    }

    /// <summary>
    /// After the last reader has ended: cancels what waits, waits until the file system has let go of every request, and closes the
    /// handles whose RELEASE never came.
    /// </summary>
    public async Task EndAsync()
    {
        List<Task> cancellations = [];
        lock (_lock)
        {
            _ended = true;
            foreach (var (_, request) in _waiting)
            {
                // Nobody waits for these, but a release still has to do its work.
                if (request.Opcode != FuseOpcode.Release)
                    cancellations.Add(request.CancelAsync());
            }

            if (_waiting.Count == 0)
                _drained.TrySetResult();
        }

        await Task.WhenAll(cancellations);
        await _drained.Task;
        await ReleaseHandlesAsync();
        _initialized.TrySetResult(false);
    }

    /// <summary>Frees the buffers of pooled requests.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            while (_pool.TryPop(out var request))
                request.ReturnBuffers();
        }
    }

    private void Dispatch(FuseRequest request, ReadOnlySpan<byte> body, ReadOnlyMemory<byte> frame)
    {
        switch (request.Opcode)
        {
            case FuseOpcode.Lookup: Lookup(request, body); break;
            case FuseOpcode.Forget: Forget(request, body); break;
            case FuseOpcode.BatchForget: BatchForget(body); break;
            case FuseOpcode.Getattr: GetAttributes(request, body); break;
            case FuseOpcode.Statx: GetExtendedStatus(request, body); break;
            case FuseOpcode.Setattr: SetAttributes(request, body); break;
            case FuseOpcode.Readlink: ReadLink(request); break;
            case FuseOpcode.Symlink: CreateSymlink(request, body); break;
            case FuseOpcode.Mknod: CreateNode(request, body); break;
            case FuseOpcode.Mkdir: CreateDirectory(request, body); break;
            case FuseOpcode.Link: CreateLink(request, body); break;
            case FuseOpcode.Unlink: Unlink(request, body); break;
            case FuseOpcode.Rmdir: RemoveDirectory(request, body); break;
            case FuseOpcode.Rename: Rename(request, body); break;
            case FuseOpcode.Rename2: Rename2(request, body); break;
            case FuseOpcode.Open: Open(request, body); break;
            case FuseOpcode.Create: Create(request, body); break;
            case FuseOpcode.Read: Read(request, body); break;
            case FuseOpcode.Write: Write(request, body, frame); break;
            case FuseOpcode.Flush: Flush(request, body); break;
            case FuseOpcode.Fsync: Fsync(request, body); break;
            case FuseOpcode.Release: Release(request, body); break;
            case FuseOpcode.Lseek: Seek(request, body); break;
            case FuseOpcode.Fallocate: Allocate(request, body); break;
            case FuseOpcode.CopyFileRange or FuseOpcode.CopyFileRange64: CopyRange(request, body); break;
            case FuseOpcode.Opendir: OpenDirectory(request); break;
            case FuseOpcode.Readdir or FuseOpcode.Readdirplus: ReadDirectory(request, body); break;
            case FuseOpcode.Releasedir: ReleaseDirectory(request, body); break;
            case FuseOpcode.Fsyncdir: FsyncDirectory(request, body); break;
            case FuseOpcode.Statfs: GetSpace(request); break;
            case FuseOpcode.Syncfs: Finish(request, _fileSystem.SyncAsync(request.Cancellation)); break;
            case FuseOpcode.Getxattr: GetExtendedAttribute(request, body); break;
            case FuseOpcode.Listxattr: ListExtendedAttributes(request, body); break;
            case FuseOpcode.Setxattr: SetExtendedAttribute(request, body); break;
            case FuseOpcode.Removexattr: RemoveExtendedAttribute(request, body); break;
            case FuseOpcode.Interrupt: Interrupt(request, body); break;
            case FuseOpcode.Init: Initialize(request, body); break;
            case FuseOpcode.Destroy: request.Reply(Errno.None); break;
            case FuseOpcode.NotifyReply: break; // Answers a NOTIFY_RETRIEVE, which is never sent; it takes no reply.

            // ACCESS, locks, IOCTL, POLL, BMAP and what later kernels bring: the kernel remembers the answer, does what it can
            // do itself, and asks no more.
            default: request.Reply(Errno.ENOSYS); break;
        }
    }

    /// <summary>Takes a structure off the front of a frame; false when the frame is too short.</summary>
    private static bool TryTake<T>(ref ReadOnlySpan<byte> body, out T value)
        where T : unmanaged
    {
        if (body.Length < Unsafe.SizeOf<T>())
        {
            value = default;
            return false;
        }

        value = MemoryMarshal.Read<T>(body);
        body = body[Unsafe.SizeOf<T>()..];
        return true;
    }

    /// <summary>Answers now or later, with an error or with success.</summary>
    private void Finish(FuseRequest request, ValueTask<VfsError> operation)
    {
        if (operation.IsCompleted)
        {
            request.Reply(operation.GetAwaiter().GetResult());
            return;
        }

        Detach(request, withData: false);
        _ = FinishLaterAsync(request, operation);
    }

    /// <summary>Answers now or later, with what <paramref name="reply"/> makes of the outcome.</summary>
    private void Finish<T>(FuseRequest request, ValueTask<VfsResult<T>> operation, Action<FuseRequest, T> reply, bool withData = false)
    {
        if (operation.IsCompleted)
        {
            Answer(request, operation.GetAwaiter().GetResult(), reply);
            return;
        }

        Detach(request, withData);
        _ = FinishLaterAsync(request, operation, reply);
    }

    private static void Answer<T>(FuseRequest request, in VfsResult<T> result, Action<FuseRequest, T> reply)
    {
        if (result.IsSuccess)
            reply(request, result.Value);
        else
            request.Reply(result.Error);
    }

#pragma warning disable CA1031 // Whatever went wrong in one request must not end the mount.
    private async Task FinishLaterAsync(FuseRequest request, ValueTask<VfsError> operation)
    {
        try
        {
            request.Reply(await operation);
        }
        catch (OperationCanceledException) when (request.Cancellation.IsCancellationRequested)
        {
            request.Reply(Errno.EINTR);
        }
        catch (Exception e)
        {
            request.Fail(e);
        }

        Complete(request);
    }

    private async Task FinishLaterAsync<T>(FuseRequest request, ValueTask<VfsResult<T>> operation, Action<FuseRequest, T> reply)
    {
        try
        {
            Answer(request, await operation, reply);
        }
        catch (OperationCanceledException) when (request.Cancellation.IsCancellationRequested)
        {
            request.Reply(Errno.EINTR);
        }
        catch (Exception e)
        {
            request.Fail(e);
        }

        Complete(request);
    }
#pragma warning restore CA1031

    /// <summary>The request leaves its reader and waits where INTERRUPT can find it.</summary>
    private void Detach(FuseRequest request, bool withData)
    {
        request.Reader!.Release(withData);
        request.Detach();
        Statistics.EnterFlight();
        lock (_lock)
            _waiting[request.Unique] = request;
    }

    /// <summary>The request has been answered and nothing uses its buffers any more.</summary>
    private void Complete(FuseRequest request)
    {
        Statistics.LeaveFlight();
        request.ReturnBuffers();
        lock (_lock)
        {
            _waiting.Remove(request.Unique);
            if (_pool.Count < PooledRequests)
                _pool.Push(request);
            if (_ended && _waiting.Count == 0)
                _drained.TrySetResult();
        }
    }

    private void Interrupt(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseInterruptIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        lock (_lock)
        {
            if (_waiting.TryGetValue(arguments.Unique, out var target))
            {
                Statistics.CountInterrupt();
                _ = target.CancelAsync();
                return;
            }
        }

        // Not here yet (the other reader has just taken it) or answered already: the kernel sorts this out by asking again.
        request.Reply(Errno.EAGAIN);
    }
}
