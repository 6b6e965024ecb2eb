using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp;

/// <content>Setting attributes.</content>
public sealed partial class SftpFileSystem
{
    /// <inheritdoc/>
    /// <remarks>
    /// SETSTAT follows links; lsetstat@openssh.com does not (OpenSSH PROTOCOL section 4.7). Version 3 sets both times or none, and both owners or none: what is not given is
    /// asked for first.
    /// </remarks>
    public async ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        const string What = "Setting attributes of";
        var bytes = _site.Encode(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var (found, missing) = await connection.AttributesAsync(SftpPacketType.Lstat, bytes, token).ConfigureAwait(false);
                if (found is not { } present)
                    throw Refusal(What, path, missing);
                var attributes = Complete(change, present, path);
                if (attributes == default)
                    return true;
                var isLink = SftpEntry.KindOf(present) == RemoteKind.Symlink;
                if (isLink && (!_site.Has(SftpExtensions.Lsetstat) || change.Size is not null))
                    throw SftpErrorMapping.Failure(RemoteError.Unsupported, What, path, null);
                var request = isLink ? connection.Rent(SftpExtensionNames.Lsetstat).Write(bytes) : connection.Ask(SftpPacketType.Setstat, bytes);
                var status = await connection.StatusAsync(request.Write(attributes), token).ConfigureAwait(false);
                if (status.IsOk)
                    return true;
                throw await AttributeRefusalAsync(connection, path, change, isLink, status, token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<RemoteException> AttributeRefusalAsync(
        SftpConnection connection, RemotePath path, RemoteAttributeChange change, bool isLink, SftpStatus status, CancellationToken cancellationToken)
    {
        var error = SftpErrorMapping.Classify(status);
        if (error is null && change.Size is not null && await connection.KindAsync(_site.Encode(path), cancellationToken).ConfigureAwait(false) == RemoteKind.Directory)
            error = RemoteError.IsADirectory;
        // Linux has no permission bits of links: EOPNOTSUPP, which comes as FAILURE.
        if (error is null && isLink && change.Mode is not null)
            error = RemoteError.Unsupported;
        return SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path, cancellationToken).ConfigureAwait(false), "Setting attributes of", path, status);
    }

    private SftpAttributes Complete(RemoteAttributeChange change, in SftpAttributes present, RemotePath path)
    {
        var result = new SftpAttributes
        {
            Size = change.Size is { } size ? (ulong)size : null,
            Permissions = change.Mode is { } mode ? (uint)mode & 0xFFF : null,
        };
        if (change.UserId is not null || change.GroupId is not null)
        {
            if (present.Owner is not { } owner)
                throw SftpErrorMapping.Failure(RemoteError.Unsupported, "Setting the owner of", path, null);
            result = result with
            {
                Owner = (change.UserId is { } user ? _owners.UserThere(user) : owner.User, change.GroupId is { } group ? _owners.GroupThere(group) : owner.Group),
            };
        }

        if (change.Modified is null && change.Accessed is null)
            return result;
        var accessed = change.Accessed is { } a ? SftpEntry.Seconds(a) : present.Times?.Accessed ?? SftpEntry.Seconds(_site.Time.GetUtcNow());
        var modified = change.Modified is { } m ? SftpEntry.Seconds(m) : present.Times?.Modified ?? SftpEntry.Seconds(_site.Time.GetUtcNow());
        return accessed is { } atime && modified is { } mtime
            ? result with { Times = (atime, mtime) }
            : throw SftpErrorMapping.Failure(RemoteError.Unsupported, "Setting a time before 1970 or after 2106 of", path, null);
    }

    /// <summary>What of a change can be set on a file of our own that nobody else has seen: without asking what it has.</summary>
    private static SftpAttributes WithoutOwner(RemoteAttributeChange change, DateTimeOffset accessed)
    {
        var atime = SftpEntry.Seconds(change.Accessed ?? accessed);
        var mtime = change.Modified is { } modified ? SftpEntry.Seconds(modified) : null;
        return new SftpAttributes
        {
            Permissions = change.Mode is { } mode ? (uint)mode & 0xFFF : null,
            Times = atime is { } a && mtime is { } m ? (a, m) : null,
        };
    }
}
