using FtpMount.Fuse.Kernel;
using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <content>Extended attributes.</content>
internal sealed partial class FuseDispatcher
{
    /// <summary>XATTR_SIZE_MAX and XATTR_LIST_MAX.</summary>
    private const int MaximumValueLength = 65536;

    private const uint MustCreate = 1;
    private const uint MustReplace = 2;

    private static readonly Action<FuseRequest, ReadOnlyMemory<byte>> ReplyValue = static (request, value) => ReplySized(request, value.Span);

    private static readonly Action<FuseRequest, IReadOnlyList<string>> ReplyNames = static (request, names) =>
    {
        using var list = new MemoryStream();
        foreach (var name in names)
        {
            if (!NameCodec.Utf8.TryEncode(name, out var bytes))
                continue;
            list.Write(bytes);
            list.WriteByte(0);
        }

        ReplySized(request, list.GetBuffer().AsSpan(0, (int)list.Length));
    };

    private void GetExtendedAttribute(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTakeWithAttributeName(request, ref body, out FuseGetxattrIn arguments, out var name))
            return;
        request.Argument = arguments.Size;
        Finish(request, _fileSystem.GetExtendedAttributeAsync(request.Node, name, request.Cancellation), ReplyValue);
    }

    private void ListExtendedAttributes(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseGetxattrIn arguments))
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        request.Argument = arguments.Size;
        Finish(request, _fileSystem.ListExtendedAttributesAsync(request.Node, request.Cancellation), ReplyNames);
    }

    private void SetExtendedAttribute(FuseRequest request, ReadOnlySpan<byte> body)
    {
        uint size;
        uint flags;
        string name;
        if (Agreed.HasFlag(FuseInitFlags.SetxattrExt))
        {
            if (!TryTakeWithAttributeName(request, ref body, out FuseSetxattrExtIn arguments, out name))
                return;
            (size, flags) = (arguments.Size, arguments.Flags);
        }
        else
        {
            if (!TryTakeWithAttributeName(request, ref body, out FuseSetxattrIn arguments, out name))
                return;
            (size, flags) = (arguments.Size, arguments.Flags);
        }

        if (size > body.Length || (flags & ~(MustCreate | MustReplace)) != 0)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var value = body[..(int)size].ToArray();
        Finish(request, flags == 0
            ? _fileSystem.SetExtendedAttributeAsync(request.Node, name, value, request.Cancellation)
            : SetConditionallyAsync(request.Node, name, value, flags, request.Cancellation));
    }

    /// <summary>XATTR_CREATE and XATTR_REPLACE.</summary>
    private async ValueTask<VfsError> SetConditionallyAsync(NodeId node, string name, byte[] value, uint flags, CancellationToken cancellationToken)
    {
        var present = await _fileSystem.GetExtendedAttributeAsync(node, name, cancellationToken);
        if (!present.IsSuccess && present.Error != VfsError.NoData)
            return present.Error;
        if (present.IsSuccess && (flags & MustCreate) != 0)
            return VfsError.AlreadyExists;
        if (!present.IsSuccess && (flags & MustReplace) != 0)
            return VfsError.NoData;
        return await _fileSystem.SetExtendedAttributeAsync(node, name, value, cancellationToken);
    }

    private void RemoveExtendedAttribute(FuseRequest request, ReadOnlySpan<byte> body)
    {
        var errno = TryTakeAttributeName(ref body, out var name);
        if (errno != Errno.None)
            request.Reply(errno);
        else
            Finish(request, _fileSystem.RemoveExtendedAttributeAsync(request.Node, name, request.Cancellation));
    }

    private static void ReplySized(FuseRequest request, ReadOnlySpan<byte> bytes)
    {
        if (request.Argument == 0)
            request.Reply(new FuseGetxattrOut { Size = (uint)bytes.Length });
        else if (bytes.Length > MaximumValueLength || (ulong)bytes.Length > request.Argument)
            request.Reply(Errno.ERANGE);
        else
            request.ReplyBytes(bytes);
    }

    private static Errno TryTakeAttributeName(ref ReadOnlySpan<byte> body, out string name)
    {
        name = "";
        if (!KernelName.TryTake(ref body, out var bytes) || bytes.IsEmpty)
            return Errno.EINVAL;
        if (bytes.Length > KernelName.MaximumLength)
            return Errno.ERANGE;
        name = NameCodec.Utf8.Decode(bytes);
        return Errno.None;
    }

    private static bool TryTakeWithAttributeName<T>(FuseRequest request, ref ReadOnlySpan<byte> body, out T arguments, out string name)
        where T : unmanaged
    {
        name = "";
        var errno = TryTake(ref body, out arguments) ? TryTakeAttributeName(ref body, out name) : Errno.EINVAL;
        if (errno == Errno.None)
            return true;
        request.Reply(errno);
        return false;
    }
}
