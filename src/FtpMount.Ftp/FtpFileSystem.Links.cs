using System.Buffers;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>
/// Making symbolic links: no RFC has a command for it, some servers have one below SITE. ProFTPD's SITE SYMLINK turns the target into an absolute path within the session's
/// root and wants it to exist. So what was made is read back: a link that does not read as the caller wanted it is removed again.
/// </content>
public sealed partial class FtpFileSystem
{
    /// <summary>The commands separate their two paths by a space, and none has a way to write one within a path.</summary>
    private static readonly SearchValues<char> Separators = SearchValues.Create(" \t\"");

    /// <inheritdoc/>
    public ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.StartsWith('/') || target.Length == 0 || target.AsSpan().ContainsAny(Separators) || path.Name.AsSpan().ContainsAny(Separators)
            || FtpLinkTarget.Shown(path, target, Root) is null)
        {
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, $"Making a link to '{FtpReply.Printable(target)}' at", path, null);
        }

        return _pool.RunAsync(lane, repeatable: false, (connection, token) => CreateSymlinkAsync(connection, path, target, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Making the link", path, null);

    private async ValueTask CreateSymlinkAsync(FtpConnection connection, RemotePath path, string target, CancellationToken cancellationToken)
    {
        FtpReply? refusal = null;
        foreach (var (verb, support, learn) in LinkCommands())
        {
            if (support == FtpSupport.No)
                continue;
            // Relative to the link's directory, which is then the working directory.
            FtpCommand[] commands = connection.WorkingDirectory == path.Parent
                ? [new FtpCommand(verb, _site.Codec.Encode(target + " " + path.Name))]
                : [_site.Command("CWD", path.Parent), new FtpCommand(verb, _site.Codec.Encode(target + " " + path.Name))];
            // One after the other: in a directory that could not be entered nothing may be made.
            FtpReply reply = commands.Length == 1 ? await connection.ExchangeAsync(commands[0], cancellationToken) : await EnterAndAsync(connection, path.Parent, commands, cancellationToken);
            if (reply.Code.IsUnknownCommand || reply.Code == FtpReplyCode.BadParameters)
            {
                learn(FtpSupport.No);
                continue;
            }

            if (reply.Code.IsCompletion)
            {
                learn(FtpSupport.Yes);
                await CheckLinkAsync(connection, path, target);
                return;
            }

            refusal = reply;
            break;
        }

        if (refusal is null)
            throw FtpErrorMapping.Failure(RemoteError.Unsupported, "Making the link", path, null);
        throw await LinkRefusalAsync(connection, path, refusal, cancellationToken);
    }

    private (string Verb, FtpSupport Support, Action<FtpSupport> Learn)[] LinkCommands() =>
    [
        ("SITE SYMLINK", _site.SiteSymlink, value => _site.SiteSymlink = value),
        ("SITE LN -s", _site.SiteLn, value => _site.SiteLn = value),
        ("SITE LINK", _site.SiteLink, value => _site.SiteLink = value),
    ];

    private static async ValueTask<FtpReply> EnterAndAsync(FtpConnection connection, RemotePath directory, FtpCommand[] commands, CancellationToken cancellationToken)
    {
        var entered = await connection.ExchangeAsync(commands[0], cancellationToken);
        if (!entered.Code.IsCompletion)
            return entered;
        connection.NoteWorkingDirectory(directory);
        return await connection.ExchangeAsync(commands[1], cancellationToken);
    }

    /// <summary>What was made must read as it was wanted. The caller's wish to stop does not keep a wrong link from being removed.</summary>
    private async ValueTask CheckLinkAsync(FtpConnection connection, RemotePath path, string target)
    {
        var made = await FtpLinks.FindAsync(connection, path, CancellationToken.None);
        if (made is { Kind: RemoteKind.Symlink, LinkTarget: { } stored } && FtpLinkTarget.Shown(path, stored, Root) == target)
            return;
        await connection.ExchangeAsync(_site.Command("DELE", path), CancellationToken.None);
        throw FtpErrorMapping.Failure(
            RemoteError.Unsupported, $"Making a link to '{FtpReply.Printable(target)}' (the server made one to '{FtpReply.Printable(made?.LinkTarget ?? "?")}') at", path, null);
    }

    private static async ValueTask<RemoteException> LinkRefusalAsync(FtpConnection connection, RemotePath path, FtpReply refusal, CancellationToken cancellationToken)
    {
        const string What = "Making the link";
        switch (await FtpStat.ProbeAsync(connection, path, cancellationToken))
        {
            case FtpPathState.File or FtpPathState.Directory:
                return FtpErrorMapping.Failure(RemoteError.AlreadyExists, What, path, refusal);
            case FtpPathState.Denied:
                return FtpErrorMapping.Failure(RemoteError.AccessDenied, What, path, refusal);
        }

        var error = await FtpStat.ParentErrorAsync(connection, path, cancellationToken);
        // The directory is fine: ProFTPD refuses a target that is not there with "No such file or directory", and names with what it does not know.
        if (error == RemoteError.AccessDenied && FtpErrorMapping.FromText(refusal) is not RemoteError.AccessDenied)
            error = RemoteError.Unsupported;
        return FtpErrorMapping.Failure(error, What, path, refusal);
    }
}
