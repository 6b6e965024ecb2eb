using System.Buffers;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// What one path is, without listing its parent.
/// <para>
/// With MLST (RFC 3659 section 7): one command. A refusal can mean missing or denied; a CWD to the parent in the same packet decides it (a directory that can be
/// entered hides nothing from stat), and is left out while the session is in that directory anyway.
/// </para>
/// <para>
/// Without MLST: SIZE, MDTM and CWD together tell a file from a directory from nothing. Mode, owner and links come from vsftpd's filter:
/// <c>STAT /dir/{name}</c> is no directory, so vsftpd lists what in <c>/dir</c> matches the pattern <c>{name}</c>, which is this name alone, with the very line
/// that LIST gives. It goes in the same packet. Links do not match there. Other servers answer <c>STAT /dir/file</c> with that line; that is asked only when SIZE has
/// shown that it is a file, because STAT of a directory would list it.
/// </para>
/// </summary>
internal static class FtpStat
{
    /// <summary>Characters that have a meaning of their own in vsftpd's filter.</summary>
    private static readonly SearchValues<char> FilterCharacters = SearchValues.Create("{},*?");

    /// <summary>What is at the path.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.NotFound"/>, <see cref="RemoteError.AccessDenied"/>, and those of the link.</exception>
    public static async ValueTask<RemoteEntry> StatAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        var (state, entry) = await LookAsync(connection, path, cancellationToken);
        return entry ?? throw FtpErrorMapping.Failure(
            state == FtpPathState.Denied ? RemoteError.AccessDenied : RemoteError.NotFound, "Looking up", path, null);
    }

    /// <summary>What is at the path, as far as a decision between errors needs it.</summary>
    public static async ValueTask<FtpPathState> ProbeAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken) =>
        (await LookAsync(connection, path, cancellationToken)).State;

    /// <summary>Why nothing can be made at a path at which nothing is: the directory that it would be in is missing, is no directory, or does not allow it.</summary>
    public static async ValueTask<RemoteError> ParentErrorAsync(FtpConnection connection, RemotePath path, CancellationToken cancellationToken) =>
        path.IsRoot ? RemoteError.AccessDenied
        : await ProbeAsync(connection, path.Parent, cancellationToken) switch
        {
            FtpPathState.Missing => RemoteError.NotFound,
            FtpPathState.File => RemoteError.NotADirectory,
            _ => RemoteError.AccessDenied,
        };

    /// <summary>What is at the path; an entry exactly when something is.</summary>
    public static async ValueTask<(FtpPathState State, RemoteEntry? Entry)> LookAsync(
        FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        if (!await connection.CanNameAsync(path, cancellationToken))
            return await LookInListingAsync(connection, path, isDirectory: false, size: null, modified: null, cancellationToken);
        if (connection.Site.Mlst != FtpSupport.No)
        {
            if (await LookByMlstAsync(connection, path, cancellationToken) is { } result)
                return result;
        }

        return await LookByPartsAsync(connection, path, cancellationToken);
    }

    /// <summary>Reads the reply to an MLST.</summary>
    public static RemoteEntry? ParseMlst(FtpSite site, FtpReply reply, RemotePath path)
    {
        if (!reply.Code.IsCompletion)
            return null;
        foreach (var line in reply.InnerLines)
        {
            if (MlsxEntryParser.TryParse(line, site.Codec, out var parsed))
                return parsed.Entry with { Name = path.Name };
        }

        return null;
    }

    /// <summary>The commands that answer for a path in one packet, and how to read their replies with <see cref="ReadQuick"/>.</summary>
    public static IEnumerable<FtpCommand> QuickCommands(FtpSite site, RemotePath path) =>
        site.Mlst != FtpSupport.No ? [site.Command("MLST", path)]
        : site.StatFilter == FtpSupport.Yes && !path.Name.AsSpan().ContainsAny(FilterCharacters) && !site.Mangles(path.Value)
            ? [site.Command("SIZE", path), site.Command("MDTM", path), FilterCommand(site, path)]
        : [];

    /// <summary>What the replies to <see cref="QuickCommands"/> say of a file; null when more must be asked.</summary>
    public static RemoteEntry? ReadQuick(FtpSite site, ReadOnlySpan<FtpReply> replies, RemotePath path) => replies.Length switch
    {
        1 => ParseMlst(site, replies[0], path),
        3 when ReadStatLine(site, replies[2], path) is { Kind: RemoteKind.File } line => line with
        {
            Size = ReadSize(replies[0]) ?? line.Size,
            Modified = ReadTime(replies[1]) ?? line.Modified,
        },
        _ => null,
    };

    /// <returns>Null when the server turns out not to have MLST.</returns>
    private static async ValueTask<(FtpPathState, RemoteEntry?)?> LookByMlstAsync(
        FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var parent = path.Parent;
        var checksParent = !path.IsRoot && connection.WorkingDirectory != parent;
        // MLST does not see a link that leads nowhere; the beginning of a copy does, and has no effect by itself.
        var checksLink = !path.IsRoot && site.MlstMayFollowLinks && site.SiteCopy == FtpSupport.Yes;
        var commands = new List<FtpCommand>(3) { site.Command("MLST", path) };
        if (checksParent)
            commands.Add(site.Command("CWD", parent));
        if (checksLink)
            commands.Add(site.Command("SITE CPFR", path));
        var replies = await connection.ExchangeAsync([.. commands], cancellationToken);
        if (checksParent && replies[1].Code.IsCompletion)
            connection.NoteWorkingDirectory(parent);
        if (ParseMlst(site, replies[0], path) is { } entry)
        {
            site.Mlst = FtpSupport.Yes;
            if (entry.Kind == RemoteKind.Symlink)
                site.MlstShowsLinks = true;
            else if (FtpLinks.MayHaveBeenFollowed(site, entry) && await FtpLinks.FindAsync(connection, path, cancellationToken) is { } link)
                entry = entry with { Kind = RemoteKind.Symlink, LinkTarget = link.LinkTarget, UniqueId = null };
            return (KindOf(entry), entry);
        }

        if (checksLink && replies[^1].Code.IsIntermediate && await FtpLinks.FindAsync(connection, path, cancellationToken) is { } dangling)
        {
            site.NoteHiddenLinks(parent, true);
            return (FtpPathState.File, dangling);
        }

        if (replies[0].Code.IsUnknownCommand || replies[0].Code.IsCompletion)
        {
            site.Mlst = FtpSupport.No;
            return null;
        }

        if (replies[0].Code == FtpReplyCode.BadParameters)
            return null; // pyftpdlib: MLST of a name that is not UTF-8; SIZE and MDTM answer

        if (FtpErrorMapping.FromText(replies[0]) is { } error)
            return (error == RemoteError.AccessDenied ? FtpPathState.Denied : FtpPathState.Missing, null);
        if (path.IsRoot)
        {
            site.Mlst = FtpSupport.No; // the root exists
            return null;
        }

        if (!checksParent || replies[1].Code.IsCompletion)
            return (FtpPathState.Missing, null);
        return (await StateBelowAsync(connection, parent, cancellationToken), null);
    }

    private static async ValueTask<(FtpPathState, RemoteEntry?)> LookByPartsAsync(
        FtpConnection connection, RemotePath path, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var filters = !path.IsRoot && site.StatFilter != FtpSupport.No && !path.Name.AsSpan().ContainsAny(FilterCharacters) && !site.Mangles(path.Value);
        var commands = new List<FtpCommand> { site.Command("SIZE", path), site.Command("MDTM", path), site.Command("CWD", path) };
        if (filters)
            commands.Add(FilterCommand(site, path));
        var replies = await connection.ExchangeAsync([.. commands], cancellationToken);

        var size = ReadSize(replies[0]);
        var modified = FtpTime.TryParse(Argument(replies[1]), out var time) && replies[1].Code.IsCompletion ? time : (RemoteTime?)null;
        if (replies[0].Code.IsUnknownCommand)
            site.Size = FtpSupport.No;
        if (replies[1].Code.IsUnknownCommand)
            site.Mdtm = FtpSupport.No;
        var isDirectory = replies[2].Code.IsCompletion;
        if (isDirectory)
            connection.NoteWorkingDirectory(path);
        var exists = isDirectory || size is not null || (replies[1].Code.IsCompletion && modified is not null);

        if (filters)
        {
            var line = ReadStatLine(site, replies[3], path);
            if (line is not null)
            {
                site.StatFilter = FtpSupport.Yes;
                // Size and time of a link would be those of its target; a directory has no size.
                var entry = line.Kind == RemoteKind.File
                    ? line with { Size = size ?? line.Size, Modified = modified ?? line.Modified }
                    : line.Kind == RemoteKind.Directory ? line with { Size = null, Modified = modified ?? line.Modified } : line;
                return (KindOf(entry), entry);
            }

            if (exists)
            {
                // A link, which the filter does not match; or a server without the filter. Once is enough to know.
                var found = await LookInListingAsync(connection, path, isDirectory, size, modified, cancellationToken);
                if (site.StatFilter == FtpSupport.Unknown && found.Entry is { Kind: not RemoteKind.Symlink })
                    site.StatFilter = FtpSupport.No;
                return found;
            }
        }

        if (isDirectory)
            return (FtpPathState.Directory, new RemoteEntry { Name = path.Name, Kind = RemoteKind.Directory, Modified = modified });
        if (exists)
            return (FtpPathState.File, await DescribeFileAsync(connection, path, size, modified, cancellationToken));
        if (replies[0].Code.IsUnknownCommand && replies[1].Code.IsUnknownCommand)
            return await LookInListingAsync(connection, path, isDirectory, size, modified, cancellationToken);
        if (path.IsRoot)
            return (FtpPathState.Denied, null);
        var state = await StateBelowAsync(connection, path.Parent, cancellationToken);
        // A server that never says why (busybox: "550 Error") says the same of what is missing and of a directory that this user may not enter.
        return state == FtpPathState.Missing && IsSilent(replies[0]) && IsSilent(replies[1]) && IsSilent(replies[2])
            ? await LookInListingAsync(connection, path, isDirectory, size, modified, cancellationToken)
            : (state, null);
    }

    /// <summary>Whether a refusal tells nothing, not even the path: one word or none.</summary>
    private static bool IsSilent(FtpReply reply) => reply.Code == FtpReplyCode.FileUnavailable && !reply.FirstLine.Trim((byte)' ').Contains((byte)' ');

    /// <summary>Mode and owner of a file, from STAT, where the server gives one line about it.</summary>
    private static async ValueTask<RemoteEntry> DescribeFileAsync(
        FtpConnection connection, RemotePath path, long? size, RemoteTime? modified, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var entry = new RemoteEntry { Name = path.Name, Kind = RemoteKind.File, Size = size, Modified = modified };
        if (site.StatFile == FtpSupport.No || path.Name.AsSpan().ContainsAny(FtpSite.PatternCharacters))
            return entry;
        var reply = await connection.ExchangeAsync(site.Command("STAT", path), cancellationToken);
        if (ReadStatLine(site, reply, path) is not { } line)
        {
            if (site.StatFile == FtpSupport.Unknown)
                site.StatFile = FtpSupport.No;
            return entry;
        }

        site.StatFile = FtpSupport.Yes;
        return line.Kind == RemoteKind.File ? line with { Size = size ?? line.Size, Modified = modified ?? line.Modified } : line;
    }

    /// <summary>The last resort, for links on vsftpd and for servers that have neither SIZE nor MDTM: the listing of the parent.</summary>
    private static async ValueTask<(FtpPathState State, RemoteEntry? Entry)> LookInListingAsync(
        FtpConnection connection, RemotePath path, bool isDirectory, long? size, RemoteTime? modified, CancellationToken cancellationToken)
    {
        if (!path.IsRoot)
        {
            RemoteEntry? found = null;
            try
            {
                await foreach (var candidate in FtpListing.ListAsync(connection, path.Parent, exactTimes: false, cancellationToken))
                {
                    if (candidate.Name == path.Name)
                        found = candidate;
                }
            }
            catch (RemoteException e) when (e.Error is RemoteError.NotFound or RemoteError.NotADirectory)
            {
                return (FtpPathState.Missing, null);
            }
            catch (RemoteException e) when (e.Error is RemoteError.AccessDenied or RemoteError.ServerFailure)
            {
                // As below: what is known without it.
            }

            if (found is not null)
                return (KindOf(found), found.Kind == RemoteKind.File ? found with { Size = size ?? found.Size, Modified = modified ?? found.Modified } : found);
        }

        if (isDirectory)
            return (FtpPathState.Directory, new RemoteEntry { Name = path.Name, Kind = RemoteKind.Directory, Modified = modified });
        return size is null && modified is null
            ? (FtpPathState.Missing, null)
            : (FtpPathState.File, new RemoteEntry { Name = path.Name, Kind = RemoteKind.File, Size = size, Modified = modified });
    }

    /// <summary>Why nothing could be seen in a directory that cannot be entered: it is denied, or it is missing itself.</summary>
    private static async ValueTask<FtpPathState> StateBelowAsync(FtpConnection connection, RemotePath directory, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var entered = await connection.ExchangeAsync(site.Command("CWD", directory), cancellationToken);
        if (entered.Code.IsCompletion)
        {
            connection.NoteWorkingDirectory(directory);
            return FtpPathState.Missing;
        }

        if (FtpErrorMapping.FromText(entered) is { } error)
            return error == RemoteError.AccessDenied ? FtpPathState.Denied : FtpPathState.Missing;
        if (directory.IsRoot)
            return FtpPathState.Denied;
        return await ProbeAsync(connection, directory, cancellationToken) is FtpPathState.Missing or FtpPathState.File
            ? FtpPathState.Missing
            : FtpPathState.Denied;
    }

    private static FtpCommand FilterCommand(FtpSite site, RemotePath path)
    {
        var parent = site.Encode(path.Parent);
        var name = site.Codec.Encode(path.Name);
        var argument = new byte[parent.Length + name.Length + 3];
        parent.CopyTo(argument);
        var length = parent.Length;
        if (!path.Parent.IsRoot)
            argument[length++] = (byte)'/';
        argument[length++] = (byte)'{';
        name.CopyTo(argument, length);
        length += name.Length;
        argument[length++] = (byte)'}';
        return new FtpCommand("STAT", argument.AsMemory(0, length));
    }

    /// <summary>The line about this very name in the reply to a STAT.</summary>
    private static RemoteEntry? ReadStatLine(FtpSite site, FtpReply reply, RemotePath path)
    {
        if (!reply.Code.IsCompletion)
            return null;
        var parser = new ListLineParser(site.Codec, site.Time, site.UtcOffset ?? TimeSpan.Zero);
        var full = site.Encode(path).Span;
        foreach (var inner in reply.InnerLines)
        {
            var line = inner.TrimEnd((byte)'\r');
            // ProFTPD begins the line with a space, and Pure-FTPd names the whole path.
            if (!line.IsEmpty && line[0] == (byte)' ')
                line = line[1..];
            if (full.Length > 1 && line.EndsWith(full))
                line = (byte[])[.. line[..^full.Length], .. full[(full.LastIndexOf((byte)'/') + 1)..]];

            if (parser.TryParse(line, out var entry) && entry is not null && entry.Name == path.Name)
                return FtpListing.WithTrustedTime(site, entry);
        }

        return null;
    }

    /// <summary>The number of a 213 reply to SIZE; null when there is none.</summary>
    public static long? ReadSize(FtpReply reply) =>
        reply.Code.IsCompletion
        && System.Buffers.Text.Utf8Parser.TryParse(Argument(reply), out long size, out var consumed)
        && consumed == Argument(reply).Length
        && size >= 0
            ? size
            : null;

    /// <summary>The time of a 213 reply to MDTM; null when there is none.</summary>
    public static RemoteTime? ReadTime(FtpReply reply) =>
        reply.Code.IsCompletion && FtpTime.TryParse(Argument(reply), out var time) ? time : null;

    private static ReadOnlySpan<byte> Argument(FtpReply reply) => reply.FirstLine.Trim((byte)' ');

    private static FtpPathState KindOf(RemoteEntry entry) => entry.Kind == RemoteKind.Directory ? FtpPathState.Directory : FtpPathState.File;
}
