using System.Text;
using FtpMount.Remote;
using FtpMount.Vfs.Content;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>
/// Extended attributes: no server of these protocols keeps them. What there is, is <c>user.ftpmount.state</c>, which says what becomes of a file, and checksums that the
/// server computes: <c>user.ftpmount.sha256</c>, <c>.sha1</c>, <c>.md5</c> and <c>.crc32</c>. They are not listed, because programs that copy attributes along (cp -a, rsync -X, tar)
/// would let the server read every file once for each. Of the kernel's own and of lists of names it is said once that there are none, so that nobody asks again.
/// </content>
public sealed partial class VirtualFileSystem
{
    private const string UserPrefix = "user.";
    private const string ChecksumPrefix = "user.ftpmount.";
    private const string StateAttribute = "user.ftpmount.state";

    private bool? _offersChecksums;

    /// <summary>Asked once: the kernel asks for attributes of its own with every write.</summary>
    private bool OffersChecksums => _offersChecksums ??= _remote.Checksums.Count > 0;

    /// <inheritdoc/>
    public ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!name.StartsWith(UserPrefix, StringComparison.Ordinal))
            return new(VfsError.Unsupported);
        if (name == StateAttribute)
            return new(GetState(node));
        if (!OffersChecksums)
            return new(VfsError.NoData);
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

    private VfsResult<ReadOnlyMemory<byte>> GetState(NodeId id)
    {
        lock (_table.Gate)
        {
            if (_table.Find(id) is not { } node)
                return VfsError.Stale;
            ReadOnlyMemory<byte> word = Encoding.ASCII.GetBytes(node.Kind == RemoteKind.Directory ? StateBelow(node) : StateOf(node));
            return word;
        }
    }

    /// <summary>What becomes of a file, in one word of docs/SEMANTICS.md. Called under the gate.</summary>
    private string StateOf(Node node)
    {
        if (node.Deleted)
            return "clean"; // nothing becomes of it
        if (node.File is { IsDirty: true } file)
        {
            return file.Upload is not null ? "uploading"
                : file.Failures > 0 && !RemoteErrorMapping.IsTransient(file.LastError) ? "failed"
                : "dirty";
        }

        return _incidents.IsInConflict(_table.PathOf(node)) ? "conflict" : IsOffline ? "offline" : "clean";
    }

    /// <summary>Of a directory: what most needs looking at of what is to be sent from it.</summary>
    private string StateBelow(Node directory)
    {
        var states = _uploader.PendingNodes.Where(n => IsBelow(n, directory)).Select(StateOf).ToHashSet();
        return states.Contains("failed") ? "failed"
            : states.Count > 0 ? "dirty"
            : IsOffline ? "offline" : "clean";
    }

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
