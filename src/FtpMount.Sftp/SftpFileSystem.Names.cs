using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using FtpMount.Sftp.Session;

namespace FtpMount.Sftp;

/// <content>
/// Making, removing and renaming. When the link is lost in the middle of one of these, it is done again on another connection; what the first attempt may have
/// done already is then no failure: the directory that exists, the file that is gone.
/// </content>
public sealed partial class SftpFileSystem
{
    /// <inheritdoc/>
    public async ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Deleting";
        var bytes = _site.Encode(path);
        _openFiles.Forget(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                var status = await connection.StatusAsync(connection.Ask(SftpPacketType.Remove, bytes), token).ConfigureAwait(false);
                if (status.IsOk || (isAgain && SftpErrorMapping.Classify(status) == RemoteError.NotFound))
                    return true;
                var error = SftpErrorMapping.Classify(status);
                // Unlinking a directory is EISDIR or EPERM.
                if (error is null or RemoteError.AccessDenied && await connection.KindAsync(bytes, token).ConfigureAwait(false) == RemoteKind.Directory)
                    error = RemoteError.IsADirectory;
                throw SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path, token).ConfigureAwait(false), What, path, status);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Making the directory";
        var bytes = _site.Encode(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                var status = await connection.StatusAsync(connection.Ask(SftpPacketType.Mkdir, bytes).Write(default(SftpAttributes)), token).ConfigureAwait(false);
                if (status.IsOk)
                    return true;
                var error = SftpErrorMapping.Classify(status);
                if (error is null or RemoteError.AlreadyExists or RemoteError.AccessDenied && await connection.KindAsync(bytes, token).ConfigureAwait(false) is { } kind)
                {
                    if (isAgain && kind == RemoteKind.Directory)
                        return true;
                    error = RemoteError.AlreadyExists;
                }

                error = await CorrectForParentAsync(connection, path, error, token).ConfigureAwait(false);
                throw SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path.Parent, token).ConfigureAwait(false), What, path, status);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken)
    {
        const string What = "Removing the directory";
        var bytes = _site.Encode(path);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                var status = await connection.StatusAsync(connection.Ask(SftpPacketType.Rmdir, bytes), token).ConfigureAwait(false);
                var error = SftpErrorMapping.Classify(status);
                if (status.IsOk || (isAgain && error == RemoteError.NotFound))
                    return true;
                var kind = await connection.KindAsync(bytes, token).ConfigureAwait(false);
                if (kind is { } other && other != RemoteKind.Directory)
                    error = RemoteError.NotADirectory;
                else if (error is null && await HasEntriesAsync(connection, bytes, token).ConfigureAwait(false))
                    error = RemoteError.NotEmpty;
                throw SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, path, token).ConfigureAwait(false), What, path, status);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken)
    {
        if (source == target)
        {
            await StatAsync(source, lane, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (target.IsAtOrBelow(source))
            throw new RemoteException(RemoteError.InvalidName, $"{SftpErrorMapping.Quote(source)} cannot be moved into itself.") { Path = target };
        var from = _site.Encode(source);
        var to = _site.Encode(target);
        _openFiles.Forget(source);
        _openFiles.Forget(target);
        await _connections.RunAsync(
            lane,
            isRepeatable: false,
            async (connection, isAgain, token) =>
            {
                // Servers without posix-rename may replace where the draft says that they must not.
                if (!replace && !isAgain && !_site.Has(SftpExtensions.PosixRename) && await connection.KindAsync(to, token).ConfigureAwait(false) is not null)
                    throw SftpErrorMapping.Failure(RemoteError.AlreadyExists, "Renaming to", target, null);
                var status = await connection.StatusAsync(RenameRequest(connection, from, to, replace), token).ConfigureAwait(false);
                if (!status.IsOk)
                    await RenameOtherwiseAsync(connection, source, target, replace, isAgain, status, token).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>posix-rename@openssh.com replaces in one step; RENAME does not replace (and in OpenSSH links, so that nothing comes in between).</summary>
    private SftpRequest RenameRequest(SftpConnection connection, byte[] from, byte[] to, bool replace) =>
        (replace && _site.Has(SftpExtensions.PosixRename) ? connection.Rent(SftpExtensionNames.PosixRename) : connection.Rent(SftpPacketType.Rename)).Write(from).Write(to);

    /// <summary>A rename was refused: finds out why, and where the server only does not replace, does it in steps.</summary>
    private async ValueTask RenameOtherwiseAsync(
        SftpConnection connection, RemotePath source, RemotePath target, bool replace, bool isAgain, SftpStatus status, CancellationToken cancellationToken)
    {
        var from = await connection.KindAsync(_site.Encode(source), cancellationToken).ConfigureAwait(false);
        var to = await connection.KindAsync(_site.Encode(target), cancellationToken).ConfigureAwait(false);
        if (from is null && to is not null && isAgain)
            return; // the first attempt did it
        var error = SftpErrorMapping.Classify(status);
        if (from is null)
            throw SftpErrorMapping.Failure(error is RemoteError.AccessDenied ? RemoteError.AccessDenied : RemoteError.NotFound, "Renaming", source, status);
        if (to is null)
        {
            error = await CorrectForParentAsync(connection, target, error, cancellationToken).ConfigureAwait(false);
            throw SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, target.Parent, cancellationToken).ConfigureAwait(false), "Renaming to", target, status);
        }

        if (!replace)
            throw SftpErrorMapping.Failure(RemoteError.AlreadyExists, "Renaming to", target, status);
        var isDirectory = from == RemoteKind.Directory;
        if (isDirectory != (to == RemoteKind.Directory))
            throw SftpErrorMapping.Failure(isDirectory ? RemoteError.NotADirectory : RemoteError.IsADirectory, "Renaming to", target, status);
        if (isDirectory && await HasEntriesAsync(connection, _site.Encode(target), cancellationToken).ConfigureAwait(false))
            throw SftpErrorMapping.Failure(RemoteError.NotEmpty, "Renaming to", target, status);
        if (_site.Has(SftpExtensions.PosixRename))
        {
            if (status.Code == SftpStatusCode.OpUnsupported)
                _site.Lacks(SftpExtensions.PosixRename);
            else
                throw SftpErrorMapping.Failure(error ?? await WhyNotChangedAsync(connection, target.Parent, cancellationToken).ConfigureAwait(false), "Renaming to", target, status);
        }
        else if (error is RemoteError.AccessDenied)
        {
            throw SftpErrorMapping.Failure(RemoteError.AccessDenied, "Renaming to", target, status);
        }

        await ReplaceInStepsAsync(connection, source, target, isDirectory).ConfigureAwait(false);
    }

    /// <summary>
    /// The server does not replace. The old target is moved aside first and removed last, so that it is not lost when the source cannot be moved either. From the first step on
    /// the caller's wish to stop must not leave the target away; every request has its deadline.
    /// </summary>
    private async ValueTask ReplaceInStepsAsync(SftpConnection connection, RemotePath source, RemotePath target, bool isDirectory)
    {
        var from = _site.Encode(source);
        var to = _site.Encode(target);
        var aside = _site.Encode(target.Parent.Combine($".ftpmount-{RandomNumberGenerator.GetHexString(12, lowercase: true)}.replaced"));
        var status = await connection.StatusAsync(RenameRequest(connection, to, aside, replace: false), CancellationToken.None).ConfigureAwait(false);
        if (!status.IsOk)
            throw Refusal("Replacing", target, status, RemoteError.AccessDenied);
        status = await connection.StatusAsync(RenameRequest(connection, from, to, replace: false), CancellationToken.None).ConfigureAwait(false);
        if (!status.IsOk)
        {
            await connection.StatusAsync(RenameRequest(connection, aside, to, replace: false), CancellationToken.None).ConfigureAwait(false);
            throw Refusal("Renaming to", target, status, RemoteError.AccessDenied);
        }

        await connection.StatusAsync(connection.Ask(isDirectory ? SftpPacketType.Rmdir : SftpPacketType.Remove, aside), CancellationToken.None).ConfigureAwait(false);
    }

    private static async ValueTask<bool> HasEntriesAsync(SftpConnection connection, byte[] directory, CancellationToken cancellationToken)
    {
        var (handle, _) = await connection.OpenDirectoryAsync(directory, cancellationToken).ConfigureAwait(false);
        if (handle is null)
            return false;
        try
        {
            while (true)
            {
                using var request = connection.Ask(SftpPacketType.Readdir, handle.Bytes);
                await connection.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (!SftpStatus.IsAnswered(request, SftpPacketType.Name, out _))
                    return false;
                if (HoldsName(request))
                    return true;
            }
        }
        finally
        {
            handle.Close();
        }
    }

    /// <summary>Whether there is a name besides <c>.</c> and <c>..</c>.</summary>
    private static bool HoldsName(SftpRequest request)
    {
        var reader = new SftpPacketReader(request.Body);
        for (var count = reader.ReadUInt32(); count > 0; count--)
        {
            var name = reader.ReadString();
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                return true;
            reader.ReadString();
            reader.ReadAttributes();
        }

        return false;
    }

    /// <summary>What is made needs a parent that is a directory: OpenSSH says NO_SUCH_FILE for ENOTDIR as for ENOENT.</summary>
    private async ValueTask<RemoteError?> CorrectForParentAsync(SftpConnection connection, RemotePath path, RemoteError? error, CancellationToken cancellationToken)
    {
        if (error is not (null or RemoteError.NotFound) || path.IsRoot)
            return error;
        var (attributes, _) = await connection.AttributesAsync(SftpPacketType.Stat, _site.Encode(path.Parent), cancellationToken).ConfigureAwait(false);
        if (attributes is not { } parent)
            return RemoteError.NotFound;
        return SftpEntry.KindOf(parent) == RemoteKind.Directory ? error : RemoteError.NotADirectory;
    }

    /// <summary>A change failed without a word: a full or read-only file system says so when asked.</summary>
    private async ValueTask<RemoteError> WhyNotChangedAsync(SftpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        if (!_site.Has(SftpExtensions.Statvfs))
            return RemoteError.ServerFailure;
        var (space, _) = await AskSpaceAsync(connection, _site.Encode(path), cancellationToken).ConfigureAwait(false);
        return space switch
        {
            { IsReadOnly: true } => RemoteError.ReadOnly,
            { Available: 0 } or { AvailableFiles: 0 } => RemoteError.NoSpace,
            _ => RemoteError.ServerFailure,
        };
    }
}
