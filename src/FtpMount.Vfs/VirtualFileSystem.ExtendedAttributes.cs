using System.Text;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>
/// Extended attributes: no server of these protocols keeps them. What there is are checksums of files that the server computes: <c>user.ftpmount.sha256</c>, <c>.sha1</c>,
/// <c>.md5</c> and <c>.crc32</c>. They are not listed, because programs that copy attributes along (cp -a, rsync -X, tar) would let the server read every file once for
/// each. Where the server computes none, saying so once makes the kernel stop asking.
/// </content>
public sealed partial class VirtualFileSystem
{
    private const string ChecksumPrefix = "user.ftpmount.";

    private bool? _offersChecksums;

    /// <summary>Asked once: the kernel asks for attributes of its own with every write.</summary>
    private bool OffersChecksums => _offersChecksums ??= _remote.Checksums.Count > 0;

    /// <inheritdoc/>
    public ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!OffersChecksums)
            return new(VfsError.NotImplemented);
        ChecksumAlgorithm? asked = name switch
        {
            ChecksumPrefix + "sha256" => ChecksumAlgorithm.Sha256,
            ChecksumPrefix + "sha1" => ChecksumAlgorithm.Sha1,
            ChecksumPrefix + "md5" => ChecksumAlgorithm.Md5,
            ChecksumPrefix + "crc32" => ChecksumAlgorithm.Crc32,
            _ => null,
        };
        return asked is { } algorithm && _remote.Checksums.Contains(algorithm) ? GetChecksumAsync(node, algorithm, cancellationToken) : new(VfsError.NoData);
    }

    /// <inheritdoc/>
    public ValueTask<VfsResult<IReadOnlyList<string>>> ListExtendedAttributesAsync(NodeId node, CancellationToken cancellationToken) =>
        OffersChecksums ? ValueTask.FromResult<VfsResult<IReadOnlyList<string>>>(Array.Empty<string>()) : new(VfsError.NotImplemented);

    /// <inheritdoc/>
    public ValueTask<VfsError> SetExtendedAttributeAsync(NodeId node, string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        new(OffersChecksums ? VfsError.Unsupported : VfsError.NotImplemented);

    /// <inheritdoc/>
    public ValueTask<VfsError> RemoveExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken) =>
        new(OffersChecksums ? VfsError.Unsupported : VfsError.NotImplemented);

    /// <summary>In lower-case hexadecimal digits, as sha256sum(1) writes it. A file with changes that are not on the server has none.</summary>
    private async ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetChecksumAsync(NodeId id, ChecksumAlgorithm algorithm, CancellationToken cancellationToken)
    {
        Node node;
        long size;
        lock (_table.Gate)
        {
            node = _table.Find(id)!;
            if (node is null)
                return VfsError.Stale;
            if (node.Kind != RemoteKind.File || node.Deleted || node.IsLocal || node.Remote is not { } remote)
                return VfsError.NoData;
            size = remote.Size ?? 0;
            NodeTable.Pin(node);
        }

        try
        {
            using var use = await _locks.UsePathAsync(node, cancellationToken).ConfigureAwait(false);
            RemotePath path;
            lock (_table.Gate)
                path = _table.PathOf(node);
            var value = await _remote.GetChecksumAsync(path, algorithm, size, Lane.Read, cancellationToken).ConfigureAwait(false);
            lock (_table.Gate)
            {
                if (node.IsLocal)
                    return VfsError.NoData; // changed here meanwhile
            }

            return AsText(value.Span);
        }
        catch (RemoteException e) when (e.Error == RemoteError.Unsupported)
        {
            return size == 0 ? OfNothing(algorithm) : VfsError.NoData;
        }
        catch (Exception e) when (RemoteErrorMapping.IsExpected(e))
        {
            return Failed(e, "Asking for a checksum", node);
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(node);
        }
    }

    /// <summary>ProFTPD's older commands refuse a file without content.</summary>
    private static VfsResult<ReadOnlyMemory<byte>> OfNothing(ChecksumAlgorithm algorithm)
    {
        using var checksum = ContentChecksum.Create(algorithm);
        return AsText(checksum.Finish());
    }

    private static ReadOnlyMemory<byte> AsText(ReadOnlySpan<byte> checksum) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(checksum));
}
