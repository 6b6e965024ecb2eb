using System.Runtime.CompilerServices;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Listing;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Ftp.Metadata;

/// <summary>
/// The exact times of files of a LIST. LIST shows the minute, and of files older than six months the day; a single look at a file (<c>FtpStat</c>) shows the
/// second. Programs that compare the times of two files (make, rsync, git) would be misled by the difference, so after a LIST the times of its files are asked
/// with MDTM (RFC 3659 section 3) in one burst: one further round trip for a listing in practice.
/// <para>
/// Regular files only: vsftpd, ProFTPD and pyftpdlib refuse MDTM of a directory, and of a link it tells the time of the target. In a listing with more than
/// <see cref="MostFiles"/> files, those after them keep the time of LIST, which bounds memory and time. So do files whose MDTM is refused, all files of a server
/// without MDTM, and of one that loses commands that arrive together.
/// </para>
/// </summary>
internal static class FtpListedTimes
{
    /// <summary>The most files of one listing whose times are asked.</summary>
    public const int MostFiles = 20_000;

    /// <summary>Whether the server can be asked.</summary>
    public static bool AreKnownTo(FtpSite site) =>
        site.Mdtm != FtpSupport.No && site.ListedTimes != FtpSupport.No && site.Pipelining != FtpSupport.No;

    /// <summary>Whether MDTM can tell more of an entry than LIST did.</summary>
    public static bool IsCoarse(RemoteEntry entry) =>
        entry.Kind == RemoteKind.File && (entry.Modified is not { } modified || modified.Precision > TimeSpan.FromSeconds(1));

    /// <summary>
    /// Asks for the times of files. Where the time zone of listings is not known, the first answer tells it.
    /// </summary>
    /// <returns>All files, those that cannot be asked for by their names first, otherwise in their order; with a flag that tells whether the time is MDTM's, otherwise the entry is as it was.</returns>
    /// <exception cref="RemoteException">The link was lost.</exception>
    public static async IAsyncEnumerable<(RemoteEntry Entry, bool IsExact)> AskAsync(
        FtpConnection connection, RemotePath directory, List<RemoteEntry> files, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var site = connection.Site;
        var answered = 0;
        var next = 0;
        if (files.Count > 0 && connection.IsUsable && AreKnownTo(site))
        {
            var named = new List<RemoteEntry>(files.Count);
            foreach (var file in files)
            {
                if (await connection.CanNameInBurstAsync(directory.Combine(file.Name), cancellationToken))
                    named.Add(file);
                else
                    yield return (file, false);
            }

            files = named;
            var commands = files.ConvertAll(file => site.Command("MDTM", directory.Combine(file.Name))).ToArray();
            var ended = false;
            try
            {
                await foreach (var reply in connection.ExchangeManyAsync(commands, cancellationToken))
                {
                    if (reply.Code.IsUnknownCommand)
                    {
                        site.Mdtm = FtpSupport.No;
                        break;
                    }

                    var time = FtpStat.ReadTime(reply);
                    if (time is null && reply.Code.IsCompletion && reply.Code != FtpReplyCode.FileStatus)
                        throw Astray(connection, directory, reply);
                    var file = files[next++];
                    if (time is { } exact)
                    {
                        answered++;
                        LearnOffset(site, file, exact);
                        yield return (file with { Modified = exact }, true);
                    }
                    else
                    {
                        yield return (file, false);
                    }
                }

                ended = true;
            }
            finally
            {
                if (ended && answered > 0)
                    site.NoteListedTimesAnswered();
                else if (ended && site.Mdtm != FtpSupport.No)
                    site.NoteListedTimesFailed(broken: false);
                else if (!ended && !connection.IsUsable && !cancellationToken.IsCancellationRequested)
                    site.NoteListedTimesFailed(broken: true);
            }
        }

        for (; next < files.Count; next++)
            yield return (files[next], false);
    }

    /// <summary>
    /// Compares one listed time with MDTM, which is UTC, to learn the time zone of listings: one round trip per site. For listings whose times are not asked anyway.
    /// </summary>
    public static async ValueTask CalibrateAsync(
        FtpConnection connection, RemotePath directory, List<RemoteEntry> entries, CancellationToken cancellationToken)
    {
        var site = connection.Site;
        if (site.UtcOffset is not null || site.Mdtm == FtpSupport.No || !connection.IsUsable)
            return;
        var sample = entries.Find(entry => ShowsMinute(entry) && !site.Mangles(directory.Combine(entry.Name).Value));
        if (sample is null)
            return;
        var reply = await connection.ExchangeAsync(site.Command("MDTM", directory.Combine(sample.Name)), cancellationToken);
        if (reply.Code.IsUnknownCommand)
            site.Mdtm = FtpSupport.No;
        if (FtpStat.ReadTime(reply) is { } utc)
            LearnOffset(site, sample, utc);
    }

    /// <summary>The reply to another command (some servers repeat the 226 of a listing): from here on times would go to the wrong files.</summary>
    private static RemoteException Astray(FtpConnection connection, RemotePath directory, FtpReply reply)
    {
        connection.Abandon();
        return FtpErrorMapping.Failure(RemoteError.ProtocolViolation, "Asking for the times of the files in", directory, reply);
    }

    private static bool ShowsMinute(RemoteEntry entry) =>
        entry is { Kind: RemoteKind.File, Modified.Precision: var precision } && precision <= TimeSpan.FromMinutes(1);

    /// <summary>Learns the time zone of listings from one file, read as if it were UTC. Zones are multiples of a quarter of an hour.</summary>
    private static void LearnOffset(FtpSite site, RemoteEntry listed, RemoteTime utc)
    {
        if (site.UtcOffset is not null || !ShowsMinute(listed))
            return;
        if (FtpTimeZone.OffsetBetween(listed.Modified!.Value.Value, utc.Value) is not { } offset)
            return; // the file changed in between, or the year was guessed wrong
        site.UtcOffset = offset;
        site.Logger.LogInformation("Listings of {Server} are {Minutes} minutes ahead of UTC", site.Options.DisplayName, offset.TotalMinutes);
    }
}
