using System.Runtime.CompilerServices;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// Lists a directory as a stream. With MLSD (RFC 3659 section 7): EPSV and <c>MLSD path</c> in one packet. Without: CWD, EPSV and <c>LIST -a</c> in one packet;
/// CWD because an argument of LIST is a pattern for some servers and split at spaces by Pure-FTPd, and because vsftpd answers LIST of a missing directory with
/// an empty listing. After a LIST the exact times of its files are asked (<see cref="FtpListedTimes"/>); directories and links come at once, these files then.
/// </summary>
internal static class FtpListing
{
    /// <summary>
    /// The most entries that wait for the time zone of listings to be known, which happens once per site. Those of a larger listing come with the day only, so that it
    /// streams.
    /// </summary>
    private const int MostHeld = 20_000;

    private static readonly FtpCommand ListAll = new("LIST", "-a");
    private static readonly FtpCommand ListPlain = new("LIST");

    /// <summary>Lists.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="directory">What to list.</param>
    /// <param name="exactTimes">
    /// Whether the times of files shall be as exact as those of a single look (<see cref="FtpListedTimes"/>); these files then come after the other entries.
    /// </param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="RemoteException">As <see cref="IRemoteFileSystem.ListAsync"/>.</exception>
    public static async IAsyncEnumerable<RemoteEntry> ListAsync(
        FtpConnection connection, RemotePath directory, bool exactTimes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var transfer = await OpenAsync(connection, directory, cancellationToken);
        while (true)
        {
            var found = 0;
            List<RemoteEntry>? links = null;
            // Times shown in a time zone that is not known yet; files whose times and files whose lengths will be asked.
            var offset = site.UtcOffset;
            List<RemoteEntry>? held = !transfer.IsMlsd && offset is null ? [] : null;
            List<RemoteEntry>? sizeless = exactTimes ? [] : null;
            List<RemoteEntry>? asked = !transfer.IsMlsd && exactTimes && FtpListedTimes.AreKnownTo(site) ? [] : null;
            await foreach (var entry in transfer.ReadAsync(offset ?? TimeSpan.Zero, cancellationToken))
            {
                found++;
                if (transfer.IsMlsd && entry is { Kind: RemoteKind.Symlink, LinkTarget: null })
                {
                    site.NoteListedLink(entry);
                    // Size and identity may be those of the target.
                    (links ??= []).Add(entry with { UniqueId = null });
                }
                else if (asked?.Count < FtpListedTimes.MostFiles && FtpListedTimes.IsCoarse(entry))
                    asked.Add(entry);
                else if (held?.Count < MostHeld)
                    held.Add(entry);
                else if (sizeless?.Count < FtpListedTimes.MostFiles && FtpListedSizes.IsUnknown(site, entry))
                    sizeless.Add(held is null ? entry : WithTrustedTime(site, entry));
                else
                    yield return held is null ? entry : WithTrustedTime(site, entry);
            }

            if (transfer.EndIsDoubtful || site.ListAll == FtpSupport.Unknown)
                await transfer.EndAsync(cancellationToken);
            if (transfer.EndIsDoubtful)
                await EnsureWholeAsync(connection, directory, transfer, cancellationToken);
            if (await OpenAgainAsync(connection, directory, transfer, found, cancellationToken) is { } again)
            {
                transfer = again;
                continue;
            }

            // What follows is sent before the server has said that the listing is over; the next data connection first.
            await connection.PrepareTransferAsync();
            await foreach (var (entry, isExact) in FtpListedTimes.AskAsync(connection, directory, asked ?? [], cancellationToken))
            {
                if (!isExact && held is not null)
                    held.Add(entry);
                else if (sizeless is not null && FtpListedSizes.IsUnknown(site, entry))
                    sizeless.Add(entry);
                else
                    yield return entry;
            }

            if (held is not null)
            {
                if (asked is null)
                    await FtpListedTimes.CalibrateAsync(connection, directory, held, cancellationToken);
                foreach (var entry in held)
                {
                    if (sizeless is not null && FtpListedSizes.IsUnknown(site, entry))
                        sizeless.Add(Shift(site, entry));
                    else
                        yield return Shift(site, entry);
                }
            }

            await foreach (var entry in FtpListedSizes.AskAsync(connection, directory, sizeless ?? [], cancellationToken))
                yield return entry;

            await transfer.EndAsync(cancellationToken);
            transfer.ThrowIfCutShort(directory);
            if (links is not null || (transfer.IsMlsd && site.HasHiddenLinks(directory)))
            {
                await foreach (var link in FtpLinks.CompleteAsync(connection, directory, links ?? [], cancellationToken))
                    yield return link;
            }

            yield break;
        }
    }

    /// <summary>The symbolic links of a directory with their targets, by LIST whatever else the server has. Nothing when it cannot be listed.</summary>
    public static async IAsyncEnumerable<RemoteEntry> ListLinksAsync(
        FtpConnection connection, RemotePath directory, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var site = connection.Site;
        FtpListingTransfer? transfer;
        try
        {
            transfer = await OpenListAsync(connection, directory, site.ListAll != FtpSupport.No, cancellationToken)
                ?? await OpenListAsync(connection, directory, all: false, cancellationToken);
        }
        catch (RemoteException e) when (e.Error is not (RemoteError.Offline or RemoteError.TimedOut))
        {
            transfer = null;
        }

        while (transfer is not null)
        {
            var found = 0;
            await foreach (var entry in transfer.ReadAsync(site.UtcOffset ?? TimeSpan.Zero, cancellationToken))
            {
                found++;
                if (entry.Kind == RemoteKind.Symlink)
                    yield return WithTrustedTime(site, entry);
            }

            await transfer.EndAsync(cancellationToken);
            transfer = await OpenAgainAsync(connection, directory, transfer, found, cancellationToken);
        }
    }

    /// <summary>An entry of LIST, its time as good as it can be believed: without a comparison with MDTM the server's time zone is unknown.</summary>
    public static RemoteEntry WithTrustedTime(FtpSite site, RemoteEntry entry) =>
        site.UtcOffset is null && entry.Modified is { } modified && modified.Precision < TimeSpan.FromDays(1)
            ? entry with { Modified = modified with { Precision = TimeSpan.FromDays(1) } }
            : entry;

    /// <summary>
    /// A listing over TLS that the server did not end with close_notify may have been cut short by anybody in between, and there is no size to compare with. Some old servers
    /// never send one: the first time, further listings show whether this is one of them. All must end without it, after the same number of bytes.
    /// </summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.Offline"/>: it is not.</exception>
    private static async ValueTask EnsureWholeAsync(
        FtpConnection connection, RemotePath directory, FtpListingTransfer transfer, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var isAlike = transfer.EndedWell;
        if (isAlike)
            site.NoteMissingCloseNotify();
        while (isAlike && site.CloseNotify == FtpSupport.Unknown && connection.IsUsable)
        {
            var again = await OpenAsync(connection, directory, cancellationToken);
            await again.SkipAsync(cancellationToken);
            isAlike = again is { EndIsDoubtful: true, EndedWell: true } && again.Received == transfer.Received;
            if (isAlike)
                site.NoteMissingCloseNotify();
            else if (!again.EndIsDoubtful)
                site.NoteCloseNotify();
        }

        if (site.CloseNotify != FtpSupport.No)
        {
            throw new RemoteException(
                RemoteError.Offline,
                $"The listing of {FtpErrorMapping.Quote(directory)} ended without TLS's close_notify: it may have been cut short on the way.")
            { Path = directory };
        }
    }

    /// <summary>Why a directory cannot be listed.</summary>
    private static async ValueTask<RemoteException> RefusalAsync(
        FtpConnection connection, RemotePath directory, FtpReply reply, CancellationToken cancellationToken)
    {
        var error = FtpErrorMapping.FromText(reply);
        if (error is null || (error == RemoteError.NotFound && connection.IsUsable))
        {
            if (!connection.IsUsable)
                error ??= RemoteError.ServerFailure;
            else
            {
                error = await FtpStat.ProbeAsync(connection, directory, cancellationToken) switch
                {
                    FtpPathState.Missing => RemoteError.NotFound,
                    FtpPathState.File => RemoteError.NotADirectory,
                    FtpPathState.Denied => RemoteError.AccessDenied,
                    _ => error == RemoteError.NotFound || reply.Code.Value is 550 or 553 or 501 ? RemoteError.AccessDenied
                        : FtpErrorMapping.Classify(reply) ?? RemoteError.ServerFailure,
                };
            }
        }

        return FtpErrorMapping.Failure(error.Value, "Listing", directory, reply);
    }

    private static async ValueTask<FtpListingTransfer> OpenAsync(FtpConnection connection, RemotePath directory, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        if (site.Mlsd != FtpSupport.No)
        {
            var opening = await connection.OpenTransferAsync(
                new FtpTransferRequest { Command = site.Command("MLSD", directory), Compresses = CompressionChoice.OfListing(connection) }, cancellationToken);
            if (opening.Transfer is { } transfer)
            {
                site.Mlsd = FtpSupport.Yes;
                return new FtpListingTransfer(transfer, isMlsd: true, listsAll: true);
            }

            if (!opening.Reply.Code.IsUnknownCommand)
            {
                // pyftpdlib says 501 for a missing directory. A refusal that is not about the directory shows when LIST works.
                if (opening.Reply.Code != FtpReplyCode.FileUnavailable || site.Mlsd == FtpSupport.Yes && !directory.IsRoot)
                    throw await RefusalAsync(connection, directory, opening.Reply, cancellationToken);
                var refusal = await RefusalAsync(connection, directory, opening.Reply, cancellationToken);
                if (refusal.Error is RemoteError.NotFound or RemoteError.NotADirectory)
                    throw refusal;
                if (await OpenListAsync(connection, directory, all: true, cancellationToken) is not { } list)
                    throw refusal;
                site.Mlsd = FtpSupport.No;
                return list;
            }

            site.Mlsd = FtpSupport.No;
            site.Logger.LogInformation("{Server} has no MLSD; listings have what LIST tells", site.Options.DisplayName);
        }

        return await OpenListAsync(connection, directory, site.ListAll != FtpSupport.No, cancellationToken)
            ?? await OpenListAsync(connection, directory, all: false, cancellationToken)
            ?? throw new RemoteException(RemoteError.ServerFailure, $"The server does not list {FtpErrorMapping.Quote(directory)}.") { Path = directory };
    }

    /// <returns>Null when LIST with <c>-a</c> was refused and may work without.</returns>
    private static async ValueTask<FtpListingTransfer?> OpenListAsync(
        FtpConnection connection, RemotePath directory, bool all, CancellationToken cancellationToken)
    {
        var enters = connection.WorkingDirectory != directory || !all;
        var opening = await connection.OpenTransferAsync(
            new FtpTransferRequest { Command = all ? ListAll : ListPlain, Enter = enters ? directory : null, Compresses = CompressionChoice.OfListing(connection) }, cancellationToken);
        if (opening.Transfer is { } transfer)
            return new FtpListingTransfer(transfer, isMlsd: false, listsAll: all);
        if (opening.EnterRefused)
            throw await RefusalAsync(connection, directory, opening.Reply, cancellationToken);
        if (all && connection.Site.ListAll != FtpSupport.Yes)
            return null;
        if (connection.IsUsable && (opening.Reply.Code == FtpReplyCode.FileBusy || SaysEmpty(opening.Reply)))
            return new FtpListingTransfer(null, isMlsd: false, listsAll: all); // ProFTPD: an empty directory
        throw await RefusalAsync(connection, directory, opening.Reply, cancellationToken);
    }

    /// <summary>
    /// Whether a refusal to list a directory that was just entered says that nothing is in it: wu-ftpd's and IIS' "No such file", z/OS' "No data sets found", VMS' "File not
    /// found".
    /// </summary>
    private static bool SaysEmpty(FtpReply reply) =>
        reply.Code == FtpReplyCode.FileUnavailable
        && (reply.Mentions("no files found"u8) || reply.Mentions("no such file"u8) || reply.Mentions("file not found"u8) || reply.Mentions("no data sets found"u8)
            || reply.Mentions("no members found"u8) || reply.Mentions("no match"u8) || reply.Mentions("directory is empty"u8));

    /// <summary>Learns from a whole listing whether the server takes <c>-a</c> for what it is, or for a name that does not exist.</summary>
    /// <returns>The listing without <c>-a</c>, when the one with it said nothing; otherwise null.</returns>
    private static async ValueTask<FtpListingTransfer?> OpenAgainAsync(
        FtpConnection connection, RemotePath directory, FtpListingTransfer transfer, int found, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        if (transfer.IsMlsd || site.ListAll != FtpSupport.Unknown)
            return null;
        if (transfer.ListedAll)
        {
            if (!transfer.SawDots && found == 0)
                return await OpenListAsync(connection, directory, all: false, cancellationToken);
            site.ListAll = FtpSupport.Yes;
        }
        else if (found > 0)
        {
            site.ListAll = FtpSupport.No;
        }

        return null;
    }

    /// <summary>Entries that were read before the time zone was known.</summary>
    private static RemoteEntry Shift(FtpSite site, RemoteEntry entry)
    {
        if (site.UtcOffset is not { } offset)
            return WithTrustedTime(site, entry);
        return offset != TimeSpan.Zero && entry.Modified is { } modified && modified.Precision < TimeSpan.FromDays(1)
            ? entry with { Modified = modified with { Value = modified.Value - offset } }
            : entry;
    }
}
