using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using FtpMount.Fuse.Kernel;
using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Requests;

/// <summary>
/// Writes directory entries straight into the reply: <c>fuse_dirent</c> records for READDIR, <c>fuse_direntplus</c> records, each
/// of which counts one lookup, for READDIRPLUS. A name that Linux cannot have (empty, with <c>/</c> or NUL, too long, not
/// encodable) would make the kernel fail the whole listing, so it is left out and its lookup given back.
/// </summary>
internal sealed class KernelDirectorySink : IDirectorySink
{
    private const int RecordAlignment = 8;

    /// <summary>FUSE_UNKNOWN_INO of libfuse: for entries whose inode number is not known.</summary>
    private const ulong UnknownInode = 0xFFFF_FFFF;

    private readonly List<NodeId> _leftOut = [];
    private Memory<byte> _body;

    /// <inheritdoc/>
    public bool WantsEntries { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Entries left out since <see cref="Begin"/>.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Starts a reply.</summary>
    public void Begin(Memory<byte> body, bool wantsEntries)
    {
        _body = body;
        WantsEntries = wantsEntries;
        Length = 0;
        LeftOut = 0;
        _leftOut.Clear();
    }

    /// <inheritdoc/>
    public bool TryAdd(ReadOnlySpan<char> name, in VfsEntry entry, long nextCookie)
    {
        var rest = _body.Span[Length..];
        var headerLength = WantsEntries ? Unsafe.SizeOf<FuseDirentPlus>() : Unsafe.SizeOf<FuseDirent>();
        if (rest.Length < headerLength)
            return false;
        if (!TryEncode(name, rest[headerLength..], out var nameLength))
            return false;
        if (nameLength is 0 or > KernelName.MaximumLength || rest.Slice(headerLength, nameLength).IndexOfAny((byte)'/', (byte)0) >= 0)
        {
            LeaveOut(entry.Node);
            return true;
        }

        var length = (headerLength + nameLength + RecordAlignment - 1) & -RecordAlignment;
        if (length > rest.Length)
            return false;
        rest[(headerLength + nameLength)..length].Clear();

        var dirent = new FuseDirent
        {
            Inode = entry.Attributes.Inode == 0 ? UnknownInode : entry.Attributes.Inode,
            Offset = (ulong)nextCookie,
            NameLength = (uint)nameLength,
            Type = KernelAttributes.DirentType(entry.Attributes.Kind),
        };
        if (WantsEntries)
        {
            MemoryMarshal.Write(rest, KernelAttributes.ToEntryOut(entry));
            MemoryMarshal.Write(rest[Unsafe.SizeOf<FuseEntryOut>()..], dirent);
        }
        else
        {
            MemoryMarshal.Write(rest, dirent);
        }

        Length += length;
        return true;
    }

    /// <summary>Gives back the lookups of entries that were left out.</summary>
    public void ForgetLeftOut(IVirtualFileSystem fileSystem)
    {
        foreach (var node in _leftOut)
            fileSystem.Forget(node, 1);
        _leftOut.Clear();
    }

    /// <summary>Gives back the lookups of every entry in the reply, which nobody received.</summary>
    public void ForgetAll(IVirtualFileSystem fileSystem)
    {
        if (!WantsEntries)
            return;
        for (var rest = _body.Span[..Length]; !rest.IsEmpty;)
        {
            var record = MemoryMarshal.Read<FuseDirentPlus>(rest);
            if (record.Entry.NodeId != 0)
                fileSystem.Forget(new NodeId(record.Entry.NodeId), 1);
            var length = Unsafe.SizeOf<FuseDirentPlus>() + (int)record.Dirent.NameLength;
            rest = rest[((length + RecordAlignment - 1) & -RecordAlignment)..];
        }
    }

    /// <summary>False when the bytes do not fit; a length of 0 when the name has no bytes.</summary>
    private static bool TryEncode(ReadOnlySpan<char> name, Span<byte> destination, out int length)
    {
        var status = Utf8.FromUtf16(name, destination, out _, out length, replaceInvalidSequences: false);
        if (status == OperationStatus.Done)
            return true;
        if (status == OperationStatus.DestinationTooSmall)
        {
            // Only a name that could be shown at all is offered again with an empty buffer.
            if (name.Length <= KernelName.MaximumLength)
                return false;
            length = 0;
            return true;
        }

        // Bytes that are not UTF-8 travel as lone surrogates.
        if (!NameCodec.Utf8.TryEncode(name, out var bytes) || bytes.Length > KernelName.MaximumLength)
        {
            length = 0;
            return true;
        }

        length = bytes.Length;
        return bytes.AsSpan().TryCopyTo(destination);
    }

    private void LeaveOut(NodeId node)
    {
        LeftOut++;
        if (WantsEntries && !node.IsNone)
            _leftOut.Add(node);
    }
}
