using System.Globalization;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>Listing and looking up.</summary>
internal static class ListingExamination
{
    /// <summary>So many entries are read; a directory may have millions.</summary>
    private const int MostEntries = 10_000;

    private const int LookedUpAtOnce = 100;

    public static async ValueTask<(ProfileSection Section, bool Lists)> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        server.Report("listing");
        var section = new SectionBuilder("Folders");
        var entries = new List<RemoteEntry>();
        var (took, failure) = await server.TryAsync(async () =>
        {
            await foreach (var entry in server.Sftp.ListAsync(server.Sftp.Root, Lane.Interactive, cancellationToken).ConfigureAwait(false))
            {
                entries.Add(entry);
                if (entries.Count == MostEntries)
                    break;
            }
        }).ConfigureAwait(false);
        if (failure is not null)
        {
            section.Problem("List the folder", ExaminedServer.Why(failure), "It cannot be mounted.");
            return (section.Section, false);
        }

        section.Works("List the folder", string.Create(CultureInfo.InvariantCulture, $"{(entries.Count == MostEntries ? "more than " : "")}{entries.Count} {(entries.Count == 1 ? "entry" : "entries")}"), took);
        if ((await server.ConnectionAsync(cancellationToken).ConfigureAwait(false)).ForetellsHandles)
            section.Works("Opening in advance", "opening costs no round trip of its own");
        else
            section.Partly("Opening in advance", "the server's handles cannot be foretold", "Opening a file or a folder costs a round trip of its own.");
        AddAttributes(section, entries);
        Choose(server, entries);
        await AddLookingUpAsync(section, server, cancellationToken).ConfigureAwait(false);
        return (section.Section, true);
    }

    private static void AddAttributes(SectionBuilder section, List<RemoteEntry> entries)
    {
        if (entries.Count == 0)
            return;
        if (entries.TrueForAll(entry => entry is { Mode: not null, Modified: not null }))
            section.Works("Permissions and times", "told; times to the second");
        else
            section.Partly("Permissions and times", "not told of all entries", "What is not told is shown as the mount's defaults.");
        if (entries.TrueForAll(entry => entry.UserId is not null))
            section.Works("Owners", "told");
        else
            section.Missing("Owners", "not told", "Files seem to belong to whoever mounts.");
    }

    /// <summary>A file of moderate size is read from later.</summary>
    private static void Choose(ExaminedServer server, List<RemoteEntry> entries)
    {
        const long Enough = 64 << 10;
        server.Sample = entries.Where(entry => entry is { Kind: RemoteKind.File, Size: > 0 }).OrderBy(entry => Math.Abs(entry.Size!.Value - Enough)).FirstOrDefault();
        if (server.Sample is not null)
            server.SamplePath = server.Sftp.Root.Combine(server.Sample.Name);
    }

    private static async ValueTask AddLookingUpAsync(SectionBuilder section, ExaminedServer server, CancellationToken cancellationToken)
    {
        var missing = server.Sftp.Root.Combine("ftpmount-doctor-" + Guid.NewGuid().ToString("N")[..12]);
        var (took, failure) = await server.TryAsync(async () => await server.Sftp.StatAsync(missing, Lane.Interactive, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (failure?.Error == RemoteError.NotFound)
            section.Works("Look up one name", "told without listing the folder", took);
        else
            section.Problem("Look up one name", failure is null ? "a name that does not exist is told to exist" : ExaminedServer.Why(failure), "Programs cannot make new files where they ask first whether one is there.");
        var start = server.Time.GetTimestamp();
        var many = await Task.WhenAll(Enumerable.Range(0, LookedUpAtOnce).Select(async _ =>
            (await server.TryAsync(async () => await server.Sftp.StatAsync(server.Sftp.Root, Lane.Interactive, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false)).Failure)).ConfigureAwait(false);
        if (Array.TrueForAll(many, one => one is null))
            section.Works($"{LookedUpAtOnce} requests at once", "all answered", server.Time.GetElapsedTime(start));
        else
            section.Problem($"{LookedUpAtOnce} requests at once", ExaminedServer.Why(many.First(one => one is not null)!));
    }
}
