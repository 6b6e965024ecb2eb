namespace FtpMount.Vfs;

/// <content>No server of these protocols keeps extended attributes: saying so once makes the kernel stop asking.</content>
public sealed partial class VirtualFileSystem
{
    /// <inheritdoc/>
    public ValueTask<VfsResult<ReadOnlyMemory<byte>>> GetExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken) =>
        new(VfsError.NotImplemented);

    /// <inheritdoc/>
    public ValueTask<VfsResult<IReadOnlyList<string>>> ListExtendedAttributesAsync(NodeId node, CancellationToken cancellationToken) =>
        new(VfsError.NotImplemented);

    /// <inheritdoc/>
    public ValueTask<VfsError> SetExtendedAttributeAsync(NodeId node, string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken) =>
        new(VfsError.NotImplemented);

    /// <inheritdoc/>
    public ValueTask<VfsError> RemoveExtendedAttributeAsync(NodeId node, string name, CancellationToken cancellationToken) =>
        new(VfsError.NotImplemented);
}
