using System.Globalization;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Listing folders and looking at single files, as a mount does it and in the ways that it falls back to. Finds a file to try reading on.</summary>
internal sealed class ListingExamination(ExaminedServer server)
{
    private const int MostEntries = 10_000;

    /// <summary>Larger ones are only taken when there is no smaller one.</summary>
    private const long LargestSample = 64 * 1024;

    private readonly SectionBuilder _section = new("Listing and looking up");

    /// <summary>Whether the directory that would be shown can be listed.</summary>
    public bool Lists { get; private set; }

    public async ValueTask<ProfileSection> RunAsync(CancellationToken cancellationToken)
    {
        server.Report("listing");
        var entries = await ListAsync(cancellationToken);
        Choose(entries);
        AddMlst();
        await AddListAsync(cancellationToken);
        await AddSingleFileAsync(cancellationToken);
        return _section.Section;
    }

    private async ValueTask<List<RemoteEntry>> ListAsync(CancellationToken cancellationToken)
    {
        var site = server.Site;
        var start = server.Time.GetTimestamp();
        try
        {
            var connection = await server.ConnectionAsync(cancellationToken);
            var entries = await ExaminedServer.ListAsync(connection, server.Root, MostEntries, cancellationToken);
            var took = server.Time.GetElapsedTime(start);
            Lists = true;
            server.ResumesTls = connection.HasResumed;
            var count = entries.Count == MostEntries ? "10000 entries or more" : entries.Count == 1 ? "1 entry" : string.Create(CultureInfo.InvariantCulture, $"{entries.Count} entries");
            _section.Works("Folder shown", count, took);
            if (site.Mlsd != FtpSupport.No)
                _section.Works("MLSD", "exact times and types; also tells " + Told(entries));
            else
                _section.Missing("MLSD", "not there; LIST is used", "Times are asked file by file, all in one packet; hidden files and links are seen where LIST shows them.");
            if (entries.Exists(entry => NameCodec.Utf8.Encode(entry.Name) is var bytes && !System.Text.Unicode.Utf8.IsValid(bytes)) && server.Options.Encoding is null)
                _section.Problem("Names", "some are not UTF-8", "They can be used, and look wrong.", "encoding=iso-8859-1");
            return entries;
        }
        catch (RemoteException e)
        {
            _section.Problem("Folder shown", e.Message, "Without a listing nothing can be mounted. See 'Data connections'.");
            return [];
        }
    }

    private static string Told(List<RemoteEntry> entries)
    {
        var told = new List<string>();
        if (entries.Exists(entry => entry.Mode is not null))
            told.Add("modes");
        if (entries.Exists(entry => entry.UserId is not null || entry.Owner is not null))
            told.Add("owners");
        if (entries.Exists(entry => entry.UniqueId is not null))
            told.Add("unique ids");
        if (entries.Exists(entry => entry.Kind == RemoteKind.Symlink))
            told.Add("links");
        return told.Count == 0 ? "nothing more" : string.Join(", ", told);
    }

    private void Choose(List<RemoteEntry> entries)
    {
        var files = entries.Where(entry => entry is { Kind: RemoteKind.File, Size: > 0 }).OrderBy(entry => entry.Name, StringComparer.Ordinal).ToList();
        var chosen = files.Find(file => file.Size <= LargestSample) ?? files.Find(_ => true);
        server.Sample = chosen is null ? null : server.Root.Combine(chosen.Name);
    }

    private void AddMlst()
    {
        if (server.Site.Mlst != FtpSupport.No)
            _section.Works("MLST", "one file is looked at with one command");
        else
            _section.Missing("MLST", "not there", "One file is looked at with SIZE, MDTM and CWD, in one packet.");
    }

    /// <summary>LIST, on a session that believes the server to have nothing better.</summary>
    private async ValueTask AddListAsync(CancellationToken cancellationToken)
    {
        const string Subject = "LIST";
        server.Report("listing the old way");
        var site = server.NewSite(server.Options);
        FtpConnection connection;
        try
        {
            connection = await FtpFileSystem.ConnectFirstAsync(site, cancellationToken);
        }
        catch (RemoteException e) when (e.Error == RemoteError.TooManyConnections)
        {
            _section.Fact(Subject, "not tried: the server allows one connection only");
            return;
        }

        await using (connection)
        {
            site.Mlsd = site.Mlst = FtpSupport.No;
            List<RemoteEntry> entries;
            try
            {
                entries = await ExaminedServer.ListAsync(connection, server.Root, MostEntries, cancellationToken);
            }
            catch (RemoteException e)
            {
                _section.Missing(Subject, e.Message);
                return;
            }

            _section.Works(Subject, entries.Count == 0 ? "works; the folder is empty" : entries.Exists(entry => entry.Mode is not null) ? "in the format of Unix" : "understood");
            if (site.ListAll == FtpSupport.Yes)
                _section.Works("LIST -a", "shows hidden files");
            else
                _section.Partly("LIST -a", site.ListAll == FtpSupport.No ? "not understood" : "cannot be told", "Where LIST is used, hidden files may stay unseen.");
            AddTimeZone(site);
            if (server.Sample is { } sample)
                await AddStatAsync(connection, sample, cancellationToken);
        }

        server.Site.UtcOffset ??= site.UtcOffset;
        if (server.Site.Mlsd == FtpSupport.No && site.ListAll != FtpSupport.Unknown)
            server.Site.ListAll = site.ListAll;
    }

    private void AddTimeZone(FtpSite site)
    {
        const string Subject = "Times of LIST";
        if (site.UtcOffset is not { } offset)
            _section.Fact(Subject, "their time zone shows with the first recent file");
        else if (offset == TimeSpan.Zero)
            _section.Works(Subject, "in UTC");
        else
            _section.Works(Subject, string.Create(CultureInfo.InvariantCulture, $"{(offset < TimeSpan.Zero ? '-' : '+')}{offset:hh\\:mm} from UTC; converted"));
    }

    private async ValueTask AddStatAsync(FtpConnection connection, RemotePath sample, CancellationToken cancellationToken)
    {
        const string Subject = "STAT of a file";
        try
        {
            await FtpStat.LookAsync(connection, sample, cancellationToken);
        }
        catch (RemoteException e)
        {
            _section.Problem(Subject, e.Message);
            return;
        }

        var site = connection.Site;
        if (site.StatFilter == FtpSupport.Yes)
            _section.Works(Subject, "tells mode and owner, also of folders, in the same packet");
        else if (site.StatFile == FtpSupport.Yes)
            _section.Works(Subject, "tells mode and owner");
        else
            _section.Missing(Subject, "tells nothing of it");
    }

    private async ValueTask AddSingleFileAsync(CancellationToken cancellationToken)
    {
        var site = server.Site;
        if (server.Sample is not { } sample)
        {
            _section.Fact("SIZE, MDTM", "not tried: there is no file in the folder");
            return;
        }

        var replies = await server.AskAsync([site.Command("SIZE", sample), site.Command("MDTM", sample)], cancellationToken);
        if (replies[0] is { } size && FtpStat.ReadSize(size) is not null)
            _section.Works("SIZE");
        else
            _section.Missing("SIZE", replies[0]?.Text ?? "the session ended over it", "Sizes come from listings; an upload cannot be checked at once.");
        if (replies[1] is { } time && FtpStat.ReadTime(time) is { } modified)
            _section.Works("MDTM", modified.Precision < TimeSpan.FromSeconds(1) ? "to the fraction of a second" : "to the second");
        else
            _section.Missing("MDTM", replies[1]?.Text ?? "the session ended over it", "Times are as exact as the listing shows them.");
    }
}
