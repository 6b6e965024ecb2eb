using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp;

/// <content>Putting an upload in its place.</content>
public sealed partial class SftpFileSystem
{
    /// <inheritdoc/>
    /// <remarks>
    /// One round trip when the store before it has just seen the size; otherwise two: the size first. Attributes, rename and the look at the result go out together; the server
    /// takes them in order.
    /// </remarks>
    public ValueTask<RemoteEntry> PublishAsync(
        RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        var from = _site.Encode(temporary);
        var to = _site.Encode(target);
        _openFiles.Forget(temporary);
        _openFiles.Forget(target);
        return _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                if (isAgain || !_openFiles.TakeStored(temporary, expectedSize))
                {
                    var (stored, status) = await connection.AttributesAsync(SftpPacketType.Lstat, from, token).ConfigureAwait(false);
                    if (stored is null && isAgain && await PublishedAsync(connection, target, to, expectedSize, token).ConfigureAwait(false) is { } done)
                        return done;
                    if (stored is null)
                        throw Refusal("Looking at the upload", temporary, status);
                    if (stored.Value.Size is { } size && size != (ulong)expectedSize)
                    {
                        throw new RemoteException(
                            RemoteError.ServerFailure, $"The server holds {size} of {expectedSize} bytes of the upload to {SftpErrorMapping.Quote(temporary)}. It must be sent again.")
                        { Path = temporary };
                    }
                }

                return await PublishAsync(connection, (temporary, from), (target, to), change, isAgain, token).ConfigureAwait(false);
            },
            cancellationToken);
    }

    private async ValueTask<RemoteEntry> PublishAsync(
        SftpConnection connection, (RemotePath Path, byte[] Bytes) from, (RemotePath Path, byte[] Bytes) to, RemoteAttributeChange change, bool isAgain, CancellationToken cancellationToken)
    {
        // An owner that is not the login's has a request of its own: when it is refused, the others are not. It takes the set-user-ID bits away, so it goes first.
        var owner = change is { UserId: { } user, GroupId: { } group } && !_owners.IsLogin(user, group) ? new SftpAttributes { Owner = (_owners.UserThere(user), _owners.GroupThere(group)) } : default;
        using var give = owner == default ? null : connection.Ask(SftpPacketType.Setstat, from.Bytes).Write(owner);
        var attributes = WithoutOwner(change, accessed: _site.Time.GetUtcNow());
        using var set = attributes == default ? null : connection.Ask(SftpPacketType.Setstat, from.Bytes).Write(attributes);
        using var rename = RenameRequest(connection, from.Bytes, to.Bytes, replace: true);
        using var look = connection.Ask(SftpPacketType.Lstat, to.Bytes);
        SftpRequest?[] all = [give, set, rename, look];
        connection.Submit(all.OfType<SftpRequest>().ToArray(), SftpPriority.Interactive);
        if (give is not null)
            await give.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (set is not null)
            await set.WaitAsync(cancellationToken).ConfigureAwait(false);
        await rename.WaitAsync(cancellationToken).ConfigureAwait(false);
        await look.WaitAsync(cancellationToken).ConfigureAwait(false);
        var status = SftpStatus.Of(rename);
        var (found, missing) = SftpCalls.ReadAttributes(look);
        if (!status.IsOk)
        {
            await RenameOtherwiseAsync(connection, from.Path, to.Path, replace: true, isAgain, status, cancellationToken).ConfigureAwait(false);
            (found, missing) = await connection.AttributesAsync(SftpPacketType.Lstat, to.Bytes, cancellationToken).ConfigureAwait(false);
        }

        return found is { } there ? SftpEntry.From(to.Path.Name, there, _owners) : throw Refusal("Looking at", to.Path, missing);
    }

    /// <summary>The link was lost when the temporary file was to be renamed, and it is gone: what is at the target is it when its size is right.</summary>
    private async ValueTask<RemoteEntry?> PublishedAsync(SftpConnection connection, RemotePath target, byte[] path, long expectedSize, CancellationToken cancellationToken)
    {
        var (found, _) = await connection.AttributesAsync(SftpPacketType.Lstat, path, cancellationToken).ConfigureAwait(false);
        return found is { } there && there.Size == (ulong)expectedSize ? SftpEntry.From(target.Name, there, _owners) : null;
    }
}
