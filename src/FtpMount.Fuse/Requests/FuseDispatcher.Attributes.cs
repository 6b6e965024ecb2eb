using FtpMount.Fuse.Kernel;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <content>stat, chmod, chown, truncate, utimensat, statfs.</content>
internal sealed partial class FuseDispatcher
{
    private const uint GetattrHandle = 1;
    private const int DefaultBlockSize = 4096;

    /// <summary>No server counts inodes; some programs refuse to write where none is free.</summary>
    private const ulong PlentyOfFiles = 1_000_000_000;

    private static readonly Action<FuseRequest, VfsAttributeReply> ReplyAttributes = static (request, reply) =>
        request.Reply(KernelAttributes.ToAttrOut(reply));

    private static readonly Action<FuseRequest, VfsAttributeReply> ReplyStatx = static (request, reply) =>
        request.Reply(KernelAttributes.ToStatxOut(reply));

    private static readonly Action<FuseRequest, VfsSpace> ReplySpace = static (request, space) =>
    {
        var blockSize = space.BlockSize > 0 ? space.BlockSize : DefaultBlockSize;
        var available = (ulong)(Math.Max(space.AvailableBytes, 0) / blockSize);
        request.Reply(new FuseKstatfs
        {
            Blocks = (ulong)(Math.Max(space.TotalBytes, 0) / blockSize),
            FreeBlocks = available,
            AvailableBlocks = available,
            Files = PlentyOfFiles,
            FreeFiles = PlentyOfFiles,
            BlockSize = (uint)blockSize,
            FragmentSize = (uint)blockSize,
            NameLength = (uint)(space.MaximumNameLength > 0 ? space.MaximumNameLength : KernelName.MaximumLength),
        });
    };

    private void GetAttributes(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseGetattrIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var handle = (arguments.Flags & GetattrHandle) != 0 ? new VfsHandle(arguments.Handle) : VfsHandle.None;
        Finish(request, _fileSystem.GetAttributesAsync(request.Node, handle, request.Cancellation), ReplyAttributes);
    }

    private void GetExtendedStatus(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseStatxIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var handle = (arguments.GetattrFlags & GetattrHandle) != 0 ? new VfsHandle(arguments.Handle) : VfsHandle.None;
        Finish(request, _fileSystem.GetAttributesAsync(request.Node, handle, request.Cancellation), ReplyStatx);
    }

    private void SetAttributes(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseSetattrIn arguments) || !TryParse(arguments, out var change))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var handle = arguments.Valid.HasFlag(FuseSetattrValid.Handle) ? new VfsHandle(arguments.Handle) : VfsHandle.None;
        Finish(request, _fileSystem.SetAttributesAsync(request.Node, handle, change, request.Caller, request.Cancellation), ReplyAttributes);
    }

    private bool TryParse(in FuseSetattrIn arguments, out VfsAttributeChange change)
    {
        var valid = arguments.Valid;
        change = default;
        if (valid.HasFlag(FuseSetattrValid.Size) && arguments.Size > long.MaxValue)
            return false;
        if (!TryParse(valid, FuseSetattrValid.Accessed, FuseSetattrValid.AccessedNow, arguments.AccessSeconds, arguments.AccessNanoseconds, out var accessed)
            || !TryParse(valid, FuseSetattrValid.Modified, FuseSetattrValid.ModifiedNow, arguments.ModifySeconds, arguments.ModifyNanoseconds, out var modified))
            return false;
        change = new VfsAttributeChange
        {
            Mode = valid.HasFlag(FuseSetattrValid.Mode) ? KernelAttributes.Permissions(arguments.Mode) : null,
            UserId = valid.HasFlag(FuseSetattrValid.UserId) ? arguments.UserId : null,
            GroupId = valid.HasFlag(FuseSetattrValid.GroupId) ? arguments.GroupId : null,
            Size = valid.HasFlag(FuseSetattrValid.Size) ? (long)arguments.Size : null,
            Accessed = accessed,
            Modified = modified,
        };
        return true;
    }

    /// <summary>One time of SETATTR; null when it does not change, the present time for UTIME_NOW.</summary>
    private bool TryParse(FuseSetattrValid valid, FuseSetattrValid flag, FuseSetattrValid nowFlag, ulong seconds, uint nanoseconds, out DateTime? time)
    {
        time = null;
        if (valid.HasFlag(nowFlag))
        {
            time = _time.GetUtcNow().UtcDateTime;
        }
        else if (valid.HasFlag(flag))
        {
            if (!KernelTime.TryParse(seconds, nanoseconds, out var parsed))
                return false;
            time = parsed;
        }

        return true;
    }

    private void GetSpace(FuseRequest request) =>
        Finish(request, _fileSystem.GetSpaceAsync(request.Node, request.Cancellation), ReplySpace);
}
