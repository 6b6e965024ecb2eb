using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Native;
using FtpMount.Fuse.Transport;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <summary>
/// One request of the kernel from its arrival to its reply. The objects are used again and again: a reader thread keeps one for
/// everything it answers at once; when an answer must wait, the request leaves the reader together with the buffers that it
/// needs, and returns to the pool after its reply. The reply is sent exactly once.
/// </summary>
#pragma warning disable CA1001 // A source without a timer holds nothing to dispose of, and whoever was given its token may still look at it.
internal sealed class FuseRequest(IVirtualFileSystem fileSystem, IFuseTransport transport, RequestBufferPool buffers, FuseStatistics statistics, ILogger logger)
#pragma warning restore CA1001
{
    private readonly KernelDirectorySink _directorySink = new();
    private CancellationTokenSource _cancellation = new();
    private MappedBuffer? _replyBuffer;
    private bool _replyBufferTaken;
    private bool _answered;

    /// <summary>The file system, for giving back what an undeliverable reply had counted.</summary>
    public IVirtualFileSystem FileSystem => fileSystem;

    /// <summary>The opcode.</summary>
    public FuseOpcode Opcode { get; private set; }

    /// <summary>The kernel's number of this request.</summary>
    public ulong Unique { get; private set; }

    /// <summary>The inode it is about.</summary>
    public NodeId Node { get; private set; }

    /// <summary>Who asks.</summary>
    public VfsCaller Caller { get; private set; }

    /// <summary>A number of the opcode's own that the reply depends on: a handle, or the room that the caller has.</summary>
    public ulong Argument { get; set; }

    /// <summary>Cancelled by INTERRUPT and at the end of the mount.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>The reader that still holds this request; null once it waits on its own.</summary>
    public FuseReader? Reader { get; set; }

    /// <summary>The buffer whose WRITE data the file system is still reading, once the request has left its reader.</summary>
    public MappedBuffer? HeldBuffer { get; set; }

    /// <summary>Starts a request.</summary>
    public void Begin(in FuseInHeader header)
    {
        Opcode = (FuseOpcode)header.Opcode;
        Unique = header.Unique;
        Node = new NodeId(header.NodeId);
        Caller = new VfsCaller(header.UserId, header.GroupId, header.ProcessId);
        Argument = 0;
        _answered = false;
        _replyBufferTaken = false;
        if (_cancellation.IsCancellationRequested)
            _cancellation = new CancellationTokenSource();
    }

    /// <summary>Where the body of a long reply goes: page-aligned, with room for the header before it.</summary>
    public Memory<byte> TakeReplyBody(int length)
    {
        _replyBuffer ??= buffers.Rent();
        _replyBufferTaken = true;
        return _replyBuffer.Memory.Slice(RequestBufferPool.HeaderRoom, length);
    }

    /// <summary>A sink that writes directory entries into the reply.</summary>
    public KernelDirectorySink TakeDirectorySink(int length, bool wantsEntries)
    {
        _directorySink.Begin(TakeReplyBody(length), wantsEntries);
        return _directorySink;
    }

    /// <summary>Ends what waits for this request.</summary>
    public async Task CancelAsync()
    {
        try
        {
            await _cancellation.CancelAsync();
        }
        catch (AggregateException e)
        {
            logger.LogError(e, "Interrupting a {Opcode} request failed.", Opcode);
        }
    }

    /// <summary>Called when the request leaves its reader: a reply buffer that it does not need goes back.</summary>
    public void Detach()
    {
        Reader = null;
        if (!_replyBufferTaken)
            ReturnReplyBuffer();
    }

    /// <summary>Gives back all buffers.</summary>
    public void ReturnBuffers()
    {
        ReturnReplyBuffer();
        if (HeldBuffer is { } held)
        {
            HeldBuffer = null;
            buffers.Return(held);
        }
    }

    /// <summary>Answers with an error, or with success where there is nothing to tell.</summary>
    public bool Reply(Errno errno)
    {
        if (errno != Errno.None)
            statistics.CountError();
        var header = new FuseOutHeader { Length = (uint)Unsafe.SizeOf<FuseOutHeader>(), Error = -(int)errno, Unique = Unique };
        return Send(MemoryMarshal.AsBytes(new ReadOnlySpan<FuseOutHeader>(in header)));
    }

    /// <summary>Answers with an error, or with success where there is nothing to tell.</summary>
    public bool Reply(VfsError error) => Reply(VfsErrno.Of(error));

    /// <summary>Answers with a structure.</summary>
    /// <returns>False when nobody received it: what it counted or opened has to be taken back.</returns>
    public bool Reply<T>(in T body)
        where T : unmanaged
    {
        Span<byte> frame = stackalloc byte[Unsafe.SizeOf<FuseOutHeader>() + Unsafe.SizeOf<T>()];
        MemoryMarshal.Write(frame, new FuseOutHeader { Length = (uint)frame.Length, Unique = Unique });
        MemoryMarshal.Write(frame[Unsafe.SizeOf<FuseOutHeader>()..], body);
        return Send(frame);
    }

    /// <summary>Answers with the first <paramref name="length"/> bytes of what <see cref="TakeReplyBody"/> gave.</summary>
    public bool ReplyBody(int length)
    {
        var headerLength = Unsafe.SizeOf<FuseOutHeader>();
        var frame = _replyBuffer!.GetSpan().Slice(RequestBufferPool.HeaderRoom - headerLength, headerLength + length);
        MemoryMarshal.Write(frame, new FuseOutHeader { Length = (uint)frame.Length, Unique = Unique });
        return Send(frame);
    }

    /// <summary>Answers with bytes that lie elsewhere.</summary>
    public bool ReplyBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(TakeReplyBody(bytes.Length).Span);
        return ReplyBody(bytes.Length);
    }

    /// <summary>Answers a READ with what the reply body holds.</summary>
    public void ReplyRead(int length)
    {
        statistics.CountRead(length);
        ReplyBody(length);
    }

    /// <summary>Answers a WRITE.</summary>
    public void ReplyWritten(int length)
    {
        statistics.CountWritten(length);
        Reply(new FuseWriteOut { Size = (uint)length });
    }

    /// <summary>The file system failed with an exception: a bug in one request must never end the mount.</summary>
    public void Fail(Exception exception)
    {
        logger.LogError(exception, "A {Opcode} request on node {Node} failed.", Opcode, Node.Value);
        if (!_answered)
            Reply(Errno.EIO);
    }

    private bool Send(ReadOnlySpan<byte> frame)
    {
        if (_answered)
        {
            logger.LogError("A second answer to a {Opcode} request was suppressed.", Opcode);
            return false;
        }

        _answered = true;
        var errno = transport.Send(frame);
        switch (errno)
        {
            case Errno.None:
                return true;

            // Nobody waits any more: the request was aborted, or the file system is unmounted.
            case Errno.ENOENT or Errno.ENODEV or Errno.EPERM or Errno.ENOTCONN:
                return false;
            default:
                logger.LogError("The kernel refused the answer to a {Opcode} request: {Error}.", Opcode, errno);
                var header = new FuseOutHeader { Length = (uint)Unsafe.SizeOf<FuseOutHeader>(), Error = -(int)Errno.EIO, Unique = Unique };
                transport.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<FuseOutHeader>(in header)));
                return false;
        }
    }

    private void ReturnReplyBuffer()
    {
        if (_replyBuffer is { } buffer)
        {
            _replyBuffer = null;
            buffers.Return(buffer);
        }
    }
}
