using FtpMount.Fuse.Kernel;
using FtpMount.Remote;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging;

namespace FtpMount.Fuse.Requests;

/// <content>Whatever finds, makes, renames or removes a name.</content>
internal sealed partial class FuseDispatcher
{
    private const uint RenameNoReplace = 1;
    private const uint RenameExchange = 2;

    /// <summary>The longest path name, without its NUL (PATH_MAX).</summary>
    private const int MaximumPathLength = 4095;

    private static readonly Action<FuseRequest, VfsEntry> ReplyEntry = static (request, entry) =>
    {
        if (!request.Reply(KernelAttributes.ToEntryOut(entry)) && !entry.Node.IsNone)
            request.FileSystem.Forget(entry.Node, 1);
    };

    /// <summary>What made a name must not answer with a negative entry.</summary>
    private static readonly Action<FuseRequest, VfsEntry> ReplyNewEntry = static (request, entry) =>
    {
        if (entry.Node.IsNone)
            request.Reply(Errno.EIO);
        else
            ReplyEntry(request, entry);
    };

    private static readonly Action<FuseRequest, string> ReplyLink = static (request, target) =>
    {
        if (!NameCodec.Utf8.TryEncode(target, out var bytes))
            request.Reply(Errno.EILSEQ);
        else if (bytes.Length is 0 or > MaximumPathLength || bytes.Contains((byte)0))
            request.Reply(bytes.Length > MaximumPathLength ? Errno.ENAMETOOLONG : Errno.EIO);
        else
            request.ReplyBytes(bytes);
    };

    private void Lookup(FuseRequest request, ReadOnlySpan<byte> body)
    {
        var errno = KernelName.TryTakeEntry(ref body, out ReadOnlySpan<byte> bytes);
        if (errno != Errno.None)
        {
            request.Reply(errno);
            return;
        }

        Span<char> name = stackalloc char[KernelName.MaximumChars];
        var length = NameCodec.Utf8.Decode(bytes, name);
        Finish(request, _fileSystem.LookupAsync(request.Node, name[..length], request.Cancellation), ReplyEntry);
    }

    private void Forget(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseForgetIn arguments))
            ForgetNode(request.Node.Value, arguments.Lookups);
    }

    private void BatchForget(ReadOnlySpan<byte> body)
    {
        if (!TryTake(ref body, out FuseBatchForgetIn arguments))
            return;
        for (var i = 0u; i < arguments.Count && TryTake(ref body, out FuseForgetOne one); i++)
            ForgetNode(one.NodeId, one.Lookups);
    }

    private void ForgetNode(ulong node, ulong lookups)
    {
#pragma warning disable CA1031 // FORGET has no reply that could carry an error.
        try
        {
            if (node != 0)
                _fileSystem.Forget(new NodeId(node), lookups);
        }
        catch (Exception e)
        {
            _logger.LogError(e, "Forgetting node {Node} failed.", node);
        }
#pragma warning restore CA1031
    }

    private void ReadLink(FuseRequest request) =>
        Finish(request, _fileSystem.ReadLinkAsync(request.Node, request.Cancellation), ReplyLink);

    private void CreateSymlink(FuseRequest request, ReadOnlySpan<byte> body)
    {
        var errno = KernelName.TryTakeEntry(ref body, out string name);
        if (errno != Errno.None)
            request.Reply(errno);
        else if (!KernelName.TryTake(ref body, out var target) || target.IsEmpty)
            request.Reply(Errno.EINVAL);
        else if (target.Length > MaximumPathLength)
            request.Reply(Errno.ENAMETOOLONG);
        else
            Finish(request, _fileSystem.CreateSymlinkAsync(request.Node, name, NameCodec.Utf8.Decode(target), request.Caller, request.Cancellation), ReplyNewEntry);
    }

    private void CreateNode(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (!TryTakeWithName(request, ref body, out FuseMknodIn arguments, out var name))
            return;
        if (!KernelAttributes.IsRegular(arguments.Mode))
            request.Reply(Errno.EPERM);
        else
            Finish(request, _fileSystem.CreateFileAsync(request.Node, name, KernelAttributes.Permissions(arguments.Mode), request.Caller, request.Cancellation), ReplyNewEntry);
    }

    private void CreateDirectory(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTakeWithName(request, ref body, out FuseMkdirIn arguments, out var name))
            Finish(request, _fileSystem.CreateDirectoryAsync(request.Node, name, KernelAttributes.Permissions(arguments.Mode), request.Caller, request.Cancellation), ReplyNewEntry);
    }

    private void CreateLink(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTakeWithName(request, ref body, out FuseLinkIn arguments, out var name))
            Finish(request, _fileSystem.CreateLinkAsync(new NodeId(arguments.OldNodeId), request.Node, name, request.Cancellation), ReplyNewEntry);
    }

    private void Unlink(FuseRequest request, ReadOnlySpan<byte> body)
    {
        var errno = KernelName.TryTakeEntry(ref body, out string name);
        if (errno != Errno.None)
            request.Reply(errno);
        else
            Finish(request, _fileSystem.UnlinkAsync(request.Node, name, request.Cancellation));
    }

    private void RemoveDirectory(FuseRequest request, ReadOnlySpan<byte> body)
    {
        var errno = KernelName.TryTakeEntry(ref body, out string name);
        if (errno != Errno.None)
            request.Reply(errno);
        else
            Finish(request, _fileSystem.RemoveDirectoryAsync(request.Node, name, request.Cancellation));
    }

    private void Rename(FuseRequest request, ReadOnlySpan<byte> body)
    {
        if (TryTake(ref body, out FuseRenameIn arguments))
            Rename(request, body, arguments.NewDirectory, VfsRenameFlags.None);
        else
            request.Reply(Errno.EINVAL);
    }

    private void Rename2(FuseRequest request, ReadOnlySpan<byte> body)
    {
        // RENAME_WHITEOUT is for overlay file systems only.
        if (!TryTake(ref body, out FuseRename2In arguments) || (arguments.Flags & ~(RenameNoReplace | RenameExchange)) != 0)
        {
            request.Reply(Errno.EINVAL);
            return;
        }

        var flags = VfsRenameFlags.None;
        if ((arguments.Flags & RenameNoReplace) != 0)
            flags |= VfsRenameFlags.NoReplace;
        if ((arguments.Flags & RenameExchange) != 0)
            flags |= VfsRenameFlags.Exchange;
        Rename(request, body, arguments.NewDirectory, flags);
    }

    private void Rename(FuseRequest request, ReadOnlySpan<byte> body, ulong newDirectory, VfsRenameFlags flags)
    {
        var newName = "";
        var errno = KernelName.TryTakeEntry(ref body, out string name);
        if (errno == Errno.None)
            errno = KernelName.TryTakeEntry(ref body, out newName);
        if (errno != Errno.None)
            request.Reply(errno);
        else
            Finish(request, _fileSystem.RenameAsync(request.Node, name, new NodeId(newDirectory), newName, flags, request.Cancellation));
    }

    /// <summary>Takes a structure and the name after it; false when the request has been answered with an error.</summary>
    private static bool TryTakeWithName<T>(FuseRequest request, ref ReadOnlySpan<byte> body, out T arguments, out string name)
        where T : unmanaged
    {
        name = "";
        var errno = TryTake(ref body, out arguments) ? KernelName.TryTakeEntry(ref body, out name) : Errno.EINVAL;
        if (errno == Errno.None)
            return true;
        request.Reply(errno);
        return false;
    }
}
