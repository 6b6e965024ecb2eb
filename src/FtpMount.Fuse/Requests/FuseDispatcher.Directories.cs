using FtpMount.Fuse.Kernel;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <content>Open directories.</content>
internal sealed partial class FuseDispatcher
{
    private readonly HashSet<ulong> _openDirectories = [];

    private Action<FuseRequest, VfsOpenReply> ReplyOpenDirectory => field ??= (request, reply) =>
    {
        Remember(_openDirectories, reply.Handle);

        // The kernel may keep the listing for this handle, and for later ones when it is still the content.
        var flags = reply.DirectIo ? FuseOpenOutFlags.None : FuseOpenOutFlags.CacheDirectory;
        if (reply.KeepCache)
            flags |= FuseOpenOutFlags.KeepCache;
        if (request.Reply(new FuseOpenOut { Handle = reply.Handle.Value, Flags = flags }))
            return;
        Drop(_openDirectories, reply.Handle);
        ReleaseDirectory(reply.Handle);
    };

    private void OpenDirectory(FuseRequest request) =>
        Finish(request, _fileSystem.OpenDirectoryAsync(request.Node, request.Cancellation), ReplyOpenDirectory);

    private void ReadDirectory(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseReadIn arguments) || arguments.Size > RequestBufferPool.MaximumTransfer)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var sink = request.TakeDirectorySink((int)arguments.Size, request.Opcode == FuseOpcode.Readdirplus);
        var operation = _fileSystem.ReadDirectoryAsync(new VfsHandle(arguments.Handle), (long)arguments.Offset, sink, request.Cancellation);
        if (operation.IsCompleted)
        {
            AnswerDirectory(request, sink, operation.GetAwaiter().GetResult());
            return;
        }

        Detach(request, withData: false);
        _ = FinishDirectoryAsync(request, sink, operation);
    }

    private async Task FinishDirectoryAsync(FuseRequest request, KernelDirectorySink sink, ValueTask<VfsError> operation)
    {
#pragma warning disable CA1031 // Whatever went wrong in one request must not end the mount.
        try
        {
            AnswerDirectory(request, sink, await operation);
        }
        catch (OperationCanceledException) when (request.Cancellation.IsCancellationRequested)
        {
            sink.ForgetAll(_fileSystem);
            request.Reply(Errno.EINTR);
        }
        catch (Exception e)
        {
            sink.ForgetAll(_fileSystem);
            request.Fail(e);
        }
#pragma warning restore CA1031

        Complete(request);
    }

    private void AnswerDirectory(FuseRequest request, KernelDirectorySink sink, VfsError error)
    {
        if (sink.LeftOut > 0)
        {
            _logger.LogWarning("{Count} names in the directory of node {Node} cannot be names on Linux and are not shown.", sink.LeftOut, request.Node.Value);
            sink.ForgetLeftOut(_fileSystem);
        }

        // What was read before an error is worth having: the error comes again on the next call.
        var delivered = error == VfsError.None || sink.Length > 0 ? request.ReplyBody(sink.Length) : request.Reply(error);
        if (!delivered)
            sink.ForgetAll(_fileSystem);
    }

    private void ReleaseDirectory(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseReleaseIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var handle = new VfsHandle(arguments.Handle);
        Drop(_openDirectories, handle);
        ReleaseDirectory(handle);
        request.Reply(Errno.None);
    }

    private void ReleaseDirectory(VfsHandle handle)
    {
#pragma warning disable CA1031 // Nobody could be told.
        try
        {
            _fileSystem.ReleaseDirectory(handle);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Closing directory handle {Handle} failed.", handle.Value);
        }
#pragma warning restore CA1031
    }

    private void FsyncDirectory(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseFsyncIn arguments))
            Finish(request, _fileSystem.FsyncDirectoryAsync(new VfsHandle(arguments.Handle), request.Cancellation));
        else
            request.Reply(Errno.EINVAL);
    }
}
