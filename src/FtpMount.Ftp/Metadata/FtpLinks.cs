using System.Buffers;
using System.Runtime.CompilerServices;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// Symbolic links where MLSD and MLST do not tell enough of them.
/// <para>
/// ProFTPD's MLSD shows a link as <c>OS.unix=symlink</c> without target and leaves out one that leads nowhere; its MLST shows the kind of the target, with size and mode
/// of the link itself. Pure-FTPd's show <c>OS.unix=slink:</c> without target. LIST shows every link with its target, so it is asked where that is needed: once for a
/// listing that has links, once for a name that may be one.
/// </para>
/// </summary>
internal static class FtpLinks
{
    /// <summary>The longest target of a link that Linux keeps (PATH_MAX without its NUL): what shows more bytes is no link.</summary>
    private const int LongestTarget = 4095;

    /// <summary>What is not certain to come through as one argument of LIST: patterns, quotes, spaces, and what some servers take for options.</summary>
    private static readonly SearchValues<char> SpecialCharacters = SearchValues.Create("*?[]{}~\\\"' \t-");

    /// <summary>Whether what MLST said may be about a link that it followed.</summary>
    public static bool MayHaveBeenFollowed(FtpSite site, RemoteEntry entry)
    {
        const RemotePermissions OfDirectories = RemotePermissions.Enter | RemotePermissions.List | RemotePermissions.CreateFile | RemotePermissions.CreateDirectory | RemotePermissions.Purge;
        if (!site.MlstMayFollowLinks || entry.Mode != site.LinkMode || entry.Size is > LongestTarget)
            return false;
        return entry.Kind switch
        {
            RemoteKind.File => true,
            // The permissions are those of a file: the object itself is no directory.
            RemoteKind.Directory => entry.Permissions is not { } allowed || (allowed & OfDirectories) == 0,
            _ => false,
        };
    }

    /// <summary>The link at a path with its target, by LIST; null when there is no link.</summary>
    public static async ValueTask<RemoteEntry?> FindAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        if (path.IsRoot)
            return null;
        if (!path.Name.AsSpan().ContainsAny(SpecialCharacters))
        {
            await foreach (var entry in ListAsync(connection, path.Parent, new FtpCommand("LIST", (byte[])[.. "-d "u8, .. connection.Site.Codec.Encode(path.Name)]), cancellationToken))
            {
                if (entry.Name == path.Name)
                    return entry.Kind == RemoteKind.Symlink ? entry : null;
            }
        }

        RemoteEntry? found = null;
        await foreach (var entry in FtpListing.ListLinksAsync(connection, path.Parent, cancellationToken))
        {
            if (entry.Name == path.Name)
                found = entry;
        }

        return found;
    }

    /// <summary>Gives links that MLSD showed their targets, and those that it left out, by one LIST.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="links">The links that MLSD showed.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public static async IAsyncEnumerable<RemoteEntry> CompleteAsync(
        FtpConnection connection, RemotePath directory, List<RemoteEntry> links, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var byName = new Dictionary<string, RemoteEntry>(links.Count, StringComparer.Ordinal);
        foreach (var link in links)
            byName[link.Name] = link;
        var hidden = false;
        if (connection.IsReusable)
        {
            await foreach (var listed in FtpListing.ListLinksAsync(connection, directory, cancellationToken))
            {
                if (byName.Remove(listed.Name, out var known))
                {
                    yield return known with { LinkTarget = listed.LinkTarget };
                }
                else
                {
                    hidden = true;
                    yield return listed;
                }
            }
        }

        connection.Site.NoteHiddenLinks(directory, hidden);
        foreach (var rest in byName.Values)
            yield return rest;
    }

    private static async IAsyncEnumerable<RemoteEntry> ListAsync(
        FtpConnection connection, RemotePath directory, FtpCommand list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var opening = await connection.OpenTransferAsync(new FtpTransferRequest { Command = list, Enter = directory }, cancellationToken);
        if (opening.Transfer is not { } transfer)
            yield break;
        var listing = new FtpListingTransfer(transfer, isMlsd: false, listsAll: false);
        await foreach (var entry in listing.ReadAsync(connection.Site.UtcOffset ?? TimeSpan.Zero, cancellationToken))
            yield return FtpListing.WithTrustedTime(connection.Site, entry);
    }
}
