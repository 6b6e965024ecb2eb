using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp;

/// <content>Symbolic and hard links.</content>
public sealed partial class SftpFileSystem
{
    /// <inheritdoc/>
    /// <remarks>
    /// The kernel here follows what this returns, so that with <see cref="LinkPolicy.Contain"/> it must not lead out of the mount (CVE-2026-47187 of sshfs):
    /// <see cref="LinkTarget"/> says how.
    /// </remarks>
    public ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        var bytes = _site.Encode(path);
        return _connections.RunAsync(
            lane,
            isRepeatable: true,
            async (connection, _, token) =>
            {
                var (name, status) = await connection.NameAsync(SftpPacketType.Readlink, bytes, token).ConfigureAwait(false);
                if (name is null)
                    throw Refusal("Reading the link", path, status, RemoteError.InvalidName);
                var target = _site.Codec.Decode(name);
                if (_site.Options.Links == LinkPolicy.AsIs)
                    return target;
                var shown = LinkTarget.NeedsServer(target) ? null : LinkTarget.Contain(target, path, Root);
                // An absolute target may come into the root by way of another link.
                if (shown is null && (LinkTarget.NeedsServer(target) || target.StartsWith('/')))
                    shown = await ResolveOnServerAsync(connection, path, target, token).ConfigureAwait(false);
                return shown ?? throw new RemoteException(
                    RemoteError.AccessDenied,
                    $"The link {SftpErrorMapping.Quote(path)} leads out of {SftpErrorMapping.Quote(Root)}, to '{SftpSite.Printable(name)}'; links=asis would follow it on this machine.")
                { Path = path };
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The arguments go in the order of OpenSSH, target first, which is not that of the draft and which other servers have taken over (OpenSSH PROTOCOL section 4.1). The
    /// link is looked at in the same packet: where it is not, the server follows the draft.
    /// </remarks>
    public async ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        const string What = "Making the link";
        if (_site.Options.Links == LinkPolicy.Contain && !LinkTarget.NeedsServer(target) && LinkTarget.Contain(target, path, Root) is null)
        {
            // It could not be read here: ReadLinkAsync would refuse it.
            throw new RemoteException(
                RemoteError.AccessDenied, $"A link at {SftpErrorMapping.Quote(path)} to '{target}' would lead out of {SftpErrorMapping.Quote(Root)}; links=asis allows it.")
            { Path = path };
        }

        var bytes = _site.Encode(path);
        var text = _site.Codec.Encode(target);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                using var make = connection.Ask(SftpPacketType.Symlink, text).Write(bytes);
                using var look = connection.Ask(SftpPacketType.Readlink, bytes);
                connection.Submit([make, look], SftpPriority.Interactive);
                await make.WaitAsync(token).ConfigureAwait(false);
                await look.WaitAsync(token).ConfigureAwait(false);
                var status = SftpStatus.Of(make);
                var made = look.ReplyType == SftpPacketType.Name && FirstName(look).SequenceEqual(text);
                if (made && (status.IsOk || isAgain))
                    return true;
                if (status.IsOk && look.ReplyType == SftpPacketType.Name)
                {
                    // ProFTPD makes targets absolute. What reads here as it was wanted is as good; any other link goes again.
                    if (_site.Options.Links == LinkPolicy.Contain && LinkTarget.Contain(_site.Codec.Decode(FirstName(look)), path, Root) == target)
                        return true;
                    await connection.StatusAsync(connection.Ask(SftpPacketType.Remove, bytes), CancellationToken.None).ConfigureAwait(false);
                }

                if (status.IsOk)
                {
                    // It made something else, or somewhere else.
                    var (there, why) = look.ReplyType == SftpPacketType.Name ? (SftpSite.Printable(FirstName(look)), default) : ("", SftpStatus.Of(look));
                    throw SftpErrorMapping.Failure(RemoteError.Unsupported, $"Making a link to '{target}' (the server says '{there}{why.Message}') at", path, null);
                }
                throw await MakingRefusalAsync(connection, What, path, bytes, status, token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>hardlink@openssh.com (OpenSSH PROTOCOL section 4.5).</remarks>
    public async ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Making the link";
        if (!_site.Has(SftpExtensions.Hardlink))
            throw SftpErrorMapping.Failure(RemoteError.Unsupported, What, path, null);
        var from = _site.Encode(existing);
        var to = _site.Encode(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                var status = await connection.StatusAsync(connection.Rent(SftpExtensionNames.Hardlink).Write(from).Write(to), token).ConfigureAwait(false);
                if (status.IsOk)
                    return true;
                if (isAgain && await connection.KindAsync(to, token).ConfigureAwait(false) is not null)
                    return true;
                if (SftpErrorMapping.Classify(status) is RemoteError.NotFound && await connection.KindAsync(from, token).ConfigureAwait(false) is null)
                    throw SftpErrorMapping.Failure(RemoteError.NotFound, "Linking to", existing, status);
                throw await MakingRefusalAsync(connection, What, path, to, status, token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<RemoteException> MakingRefusalAsync(
        SftpConnection connection, string what, RemotePath path, byte[] bytes, SftpStatus status, CancellationToken cancellationToken)
    {
        var error = SftpErrorMapping.Classify(status);
        if (error is null or RemoteError.AccessDenied && await connection.KindAsync(bytes, cancellationToken).ConfigureAwait(false) is not null)
            error = RemoteError.AlreadyExists;
        error = await CorrectForParentAsync(connection, path, error, cancellationToken).ConfigureAwait(false);
        return SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path.Parent, cancellationToken).ConfigureAwait(false), what, path, status);
    }

    private static ReadOnlySpan<byte> FirstName(SftpRequest request)
    {
        var reader = new SftpPacketReader(request.Body);
        return reader.ReadUInt32() > 0 ? reader.ReadString() : default;
    }

    /// <summary>The server says where the link leads; that path holds no further link, so that it can be shown as a relative one.</summary>
    private async ValueTask<string?> ResolveOnServerAsync(SftpConnection connection, RemotePath link, string target, CancellationToken cancellationToken)
    {
        var from = target[0] == '/' ? target : link.Parent.Value + "/" + target;
        var (name, _) = await connection.NameAsync(SftpPacketType.Realpath, _site.Codec.Encode(from), cancellationToken).ConfigureAwait(false);
        return name is null ? null : LinkTarget.Contain(_site.Codec.Decode(name), link, Root);
    }
}
