using System.Runtime.CompilerServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <content>Open files.</content>
internal sealed partial class FuseDispatcher
{
    private const uint FsyncDataOnly = 1;
    private const uint FallocateKeepSize = 1;
    private const uint SeekData = 3;
    private const uint SeekHole = 4;

    private readonly HashSet<ulong> _openFiles = [];
    private readonly Lock _handlesLock = new();

    private static readonly Action<FuseRequest, int> ReplyRead = static (request, count) =>
    {
        if ((ulong)count > request.Argument)
            request.Reply(Errno.EIO);
        else
            request.ReplyRead(count);
    };

    private static readonly Action<FuseRequest, int> ReplyWrite = static (request, count) =>
    {
        if ((ulong)count > request.Argument)
            request.Reply(Errno.EIO);
        else
            request.ReplyWritten(count);
    };

    private static readonly Action<FuseRequest, long> ReplyOffset = static (request, offset) =>
        request.Reply(new FuseLseekOut { Offset = (ulong)offset });

    private static readonly Action<FuseRequest, long> ReplyCopied = static (request, count) =>
    {
        if ((ulong)count > request.Argument)
            request.Reply(Errno.EIO);
        else if (request.Opcode == FuseOpcode.CopyFileRange64)
            request.Reply(new FuseCopyFileRangeOut { BytesCopied = (ulong)count });
        else
            request.Reply(new FuseWriteOut { Size = (uint)count });
    };

    private Action<FuseRequest, VfsOpenReply> ReplyOpen => field ??= (request, reply) =>
    {
        Remember(_openFiles, reply.Handle);
        if (!request.Reply(ToOpenOut(reply)))
            ReleaseUnheard(reply.Handle);
    };

    private Action<FuseRequest, VfsCreateReply> ReplyCreate => field ??= (request, reply) =>
    {
        Remember(_openFiles, reply.Open.Handle);
        if (request.Reply(new FuseCreateOut { Entry = KernelAttributes.ToEntryOut(reply.Entry), Open = ToOpenOut(reply.Open) }))
            return;
        ReleaseUnheard(reply.Open.Handle);
        _fileSystem.Forget(reply.Entry.Node, 1);
    };

    private void Open(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseOpenIn arguments))
            Finish(request, _fileSystem.OpenAsync(request.Node, KernelOpenFlags.ToVfs(arguments.Flags), request.Caller, request.Cancellation), ReplyOpen);
        else
            request.Reply(Errno.EINVAL);
    }

    private void Create(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTakeWithName(request, ref body, out FuseCreateIn arguments, out var name))
            return;
        Finish(
            request,
            _fileSystem.CreateAsync(request.Node, name, KernelAttributes.Permissions(arguments.Mode), KernelOpenFlags.ToVfs(arguments.Flags), request.Caller, request.Cancellation),
            ReplyCreate);
    }

    private void Read(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseReadIn arguments) || arguments.Size > RequestBufferPool.MaximumTransfer || arguments.Offset > long.MaxValue)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        request.Argument = arguments.Size;
        var buffer = request.TakeReplyBody((int)arguments.Size);
        var operation = _fileSystem.ReadAsync(new VfsHandle(arguments.Handle), (long)arguments.Offset, buffer, request.Cancellation);
        Finish(request, operation, ReplyRead);
    }

    private void Write(FuseRequest request, ReadOnlySpan<byte> body, ReadOnlyMemory<byte> frame)
    {
        if (!TryTake(ref body, out FuseWriteIn arguments) || arguments.Size > body.Length || arguments.Offset > long.MaxValue)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        request.Argument = arguments.Size;
        var data = frame.Slice(Unsafe.SizeOf<FuseInHeader>() + Unsafe.SizeOf<FuseWriteIn>(), (int)arguments.Size);
        Finish(request, _fileSystem.WriteAsync(new VfsHandle(arguments.Handle), (long)arguments.Offset, data, request.Cancellation), ReplyWrite, withData: true);
    }

    private void Flush(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseFlushIn arguments))
            Finish(request, _fileSystem.FlushAsync(new VfsHandle(arguments.Handle), request.Cancellation));
        else
            request.Reply(Errno.EINVAL);
    }

    private void Fsync(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseFsyncIn arguments))
            Finish(request, _fileSystem.FsyncAsync(new VfsHandle(arguments.Handle), (arguments.Flags & FsyncDataOnly) != 0, request.Cancellation));
        else
            request.Reply(Errno.EINVAL);
    }

    /// <summary>
    /// Answered at once: nobody sees an error here, and the kernel counts an unanswered RELEASE against its background requests,
    /// so that slow ones would hold up read-ahead.
    /// </summary>
    private void Release(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseReleaseIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var handle = new VfsHandle(arguments.Handle);
        Drop(_openFiles, handle);
        var operation = _fileSystem.ReleaseAsync(handle);
        request.Reply(Errno.None);
        if (operation.IsCompleted)
        {
            operation.GetAwaiter().GetResult();
            return;
        }

        Detach(request, withData: false);
        _ = FinishReleaseAsync(request, operation);
    }

    private async Task FinishReleaseAsync(FuseRequest request, ValueTask operation)
    {
#pragma warning disable CA1031 // Whatever went wrong in one request must not end the mount.
        try
        {
            await operation;
        }
        catch (Exception e)
        {
            request.Fail(e);
        }
#pragma warning restore CA1031

        Complete(request);
    }

    private void Seek(FuseRequest request, ReadOnlySpan<byte> body)
    {
        // The kernel does every other whence itself.
        if (!TryTake(ref body, out FuseLseekIn arguments) || arguments.Whence is not (SeekData or SeekHole))
            request.Reply(Errno.EINVAL);
        else if (arguments.Offset > long.MaxValue)
            request.Reply(Errno.ENXIO);
        else
            Finish(request, _fileSystem.SeekAsync(new VfsHandle(arguments.Handle), (long)arguments.Offset, arguments.Whence == SeekData ? VfsSeekKind.Data : VfsSeekKind.Hole, request.Cancellation), ReplyOffset);
    }

    private void Allocate(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseFallocateIn arguments) || arguments.Offset > long.MaxValue || arguments.Length > long.MaxValue - arguments.Offset)
            request.Reply(Errno.EINVAL);
        else if ((arguments.Mode & ~FallocateKeepSize) != 0)
            request.Reply(Errno.EOPNOTSUPP);
        else
            Finish(request, _fileSystem.AllocateAsync(new VfsHandle(arguments.Handle), (long)arguments.Offset, (long)arguments.Length, (arguments.Mode & FallocateKeepSize) != 0, request.Cancellation));
    }

    private void CopyRange(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseCopyFileRangeIn arguments) || arguments.Flags != 0 || arguments.SourceOffset > long.MaxValue || arguments.TargetOffset > long.MaxValue)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        // The reply to the older request has 32 bits for the count.
        var length = Math.Min(arguments.Length, request.Opcode == FuseOpcode.CopyFileRange64 ? (ulong)long.MaxValue : uint.MaxValue);
        request.Argument = length;
        Finish(
            request,
            _fileSystem.CopyRangeAsync(new VfsHandle(arguments.SourceHandle), (long)arguments.SourceOffset, new VfsHandle(arguments.TargetHandle), (long)arguments.TargetOffset, (long)length, request.Cancellation),
            ReplyCopied);
    }

    private static FuseOpenOut ToOpenOut(in VfsOpenReply reply)
    {
        var flags = reply.KeepCache ? FuseOpenOutFlags.KeepCache : FuseOpenOutFlags.None;
        if (reply.DirectIo)
            flags |= FuseOpenOutFlags.DirectIo | FuseOpenOutFlags.ParallelDirectWrites;
        return new FuseOpenOut { Handle = reply.Handle.Value, Flags = flags };
    }

    private void Remember(HashSet<ulong> handles, VfsHandle handle)
    {
        lock (_handlesLock)
            handles.Add(handle.Value);
    }

    private void Drop(HashSet<ulong> handles, VfsHandle handle)
    {
        lock (_handlesLock)
            handles.Remove(handle.Value);
    }

    /// <summary>Closes a handle that the kernel never heard of.</summary>
    private void ReleaseUnheard(VfsHandle handle)
    {
        Drop(_openFiles, handle);
        _ = ReleaseAsync(handle);
    }

    /// <summary>At unmount the kernel throws away RELEASE requests that nobody has read yet.</summary>
    private async Task ReleaseHandlesAsync()
    {
        ulong[] files;
        ulong[] directories;
        lock (_handlesLock)
        {
            files = [.. _openFiles];
            directories = [.. _openDirectories];
            _openFiles.Clear();
            _openDirectories.Clear();
        }

        foreach (var handle in directories)
            ReleaseDirectory(new VfsHandle(handle));
        await Task.WhenAll(files.Select(handle => ReleaseAsync(new VfsHandle(handle))));
    }

    private async Task ReleaseAsync(VfsHandle handle)
    {
#pragma warning disable CA1031 // Nobody could be told.
        try
        {
            await _fileSystem.ReleaseAsync(handle);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Closing handle {Handle} failed.", handle.Value);
        }
#pragma warning restore CA1031
    }
}
