using System.Globalization;
using FtpMount.Ftp.Control;
using FtpMount.Ftp.Session;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Reading whole files and parts of them, breaking off, checksums and space, on a file at hand.</summary>
internal static class ReadingExamination
{
    /// <summary>What is read of a file at most.</summary>
    private const int Most = 64 * 1024;

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        server.Report("reading");
        var section = new SectionBuilder("Reading");
        if (server.Sample is { } sample)
            await AddSampleAsync(section, server, sample, cancellationToken);
        else
            section.Fact("Reading", server.How.Writes ? "not tried: no file could be made" : "not tried: there is no file in the folder; --write makes one");
        if (server.Large is { } large)
            await AddAbortAsync(section, server, large, cancellationToken);
        await AddSpaceAsync(section, server, cancellationToken);
        return section.Section;
    }

    private static async ValueTask AddSampleAsync(SectionBuilder section, ExaminedServer server, RemotePath sample, CancellationToken cancellationToken)
    {
        var start = server.Time.GetTimestamp();
        var (content, reply) = await server.RetrieveAsync(sample, 0, null, Most, cancellationToken);
        if (content is null)
        {
            section.Problem("A whole file (RETR)", Why(reply), "Files can be seen and not read.");
            return;
        }

        section.Works("A whole file (RETR)", time: server.Time.GetElapsedTime(start));
        if (content.Length > 1)
        {
            await AddRestartAsync(section, server, sample, content, cancellationToken);
            await AddRangeAsync(section, server, sample, content, cancellationToken);
        }

        if (content.Length < Most)
            await AddChecksumsAsync(section, server, sample, content, cancellationToken);
    }

    private static async ValueTask AddRestartAsync(
        SectionBuilder section, ExaminedServer server, RemotePath sample, byte[] content, CancellationToken cancellationToken)
    {
        const string Subject = "From the middle (REST)";
        var half = content.Length / 2;
        var (rest, reply) = await server.RetrieveAsync(sample, half, null, content.Length - half, cancellationToken);
        if (rest is null)
            section.Missing(Subject, Why(reply), "A program that reads from the middle of a file waits for all that comes before it.");
        else if (rest.AsSpan().SequenceEqual(content.AsSpan(half, Math.Min(rest.Length, content.Length - half))) && rest.Length == content.Length - half)
            section.Works(Subject);
        else
            section.Problem(Subject, "gives other bytes than the whole file", "Files may be read wrongly. Do not use this server.");
    }

    private static async ValueTask AddRangeAsync(
        SectionBuilder section, ExaminedServer server, RemotePath sample, byte[] content, CancellationToken cancellationToken)
    {
        const string Subject = "An exact range (RANG)";
        if (server.Site.Rang != FtpSupport.Yes)
        {
            section.Missing(Subject, "not there", "A read that wants only a part breaks off the transfer, or reads on to the end when that is near.");
            return;
        }

        const int Offset = 1;
        var length = Math.Max(1, (content.Length / 2) - Offset);
        var (range, reply) = await server.RetrieveAsync(sample, Offset, length, content.Length, cancellationToken);
        if (range is null)
            section.Missing(Subject, Why(reply));
        else if (range.AsSpan().SequenceEqual(content.AsSpan(Offset, length)))
            section.Works(Subject);
        else
            section.Problem(Subject, "gives other bytes than the whole file", "Files may be read wrongly. Do not use this server.");
    }

    private static async ValueTask AddChecksumsAsync(
        SectionBuilder section, ExaminedServer server, RemotePath sample, byte[] content, CancellationToken cancellationToken)
    {
        const string Subject = "Checksums";
        var replies = await server.AskAsync([.. Checksums.Verbs.Select(verb => server.Site.Command(verb, sample))], cancellationToken);
        var expected = Checksums.Of(content);
        var good = new List<string>();
        foreach (var (verb, reply) in Checksums.Verbs.Zip(replies))
        {
            if (reply is not { Code.IsCompletion: true })
                continue;
            var text = System.Text.Encoding.Latin1.GetString(reply.Bytes);
            if (expected.FirstOrDefault(sum => text.Contains(sum.Value, StringComparison.OrdinalIgnoreCase)).Algorithm is { } algorithm)
                good.Add(verb.EndsWith(algorithm.Replace("-", "", StringComparison.Ordinal), StringComparison.Ordinal) || verb == "XCRC" ? verb : $"{verb} ({algorithm})");
            else
                section.Problem(Subject, $"{verb} tells a wrong one", "It is not used.");
        }

        if (good.Count > 0)
            section.Works(Subject, string.Join(", ", good));
        else
            section.Missing(Subject, "the server tells none", "Uploads are checked by their size alone.");
    }

    private static async ValueTask AddAbortAsync(SectionBuilder section, ExaminedServer server, RemotePath large, CancellationToken cancellationToken)
    {
        const string Subject = "Breaking off a read";
        var (content, reply) = await server.RetrieveAsync(large, 0, null, Most, cancellationToken);
        if (content is null)
        {
            section.Problem(Subject, Why(reply));
            return;
        }

        // The first one also teaches how the server takes it; the second one shows what it costs from then on.
        var start = server.Time.GetTimestamp();
        await server.RetrieveAsync(large, 0, null, Most, cancellationToken);
        var session = await server.ConnectionAsync(cancellationToken);
        await session.ExchangeAsync(new FtpCommand("NOOP"), cancellationToken);
        var took = server.Time.GetElapsedTime(start);
        if (server.Site.CleanAbort == FtpSupport.No)
            section.Partly(Subject, "costs the session", "Reading parts of large files makes a new connection each time.", took);
        else
            section.Works(Subject, "the session goes on", took);
    }

    private static async ValueTask AddSpaceAsync(SectionBuilder section, ExaminedServer server, CancellationToken cancellationToken)
    {
        const string Subject = "Free space (AVBL)";
        const double Gibi = 1L << 30;
        var reply = await server.AskAsync(server.Site.Command("AVBL", server.Root), cancellationToken);
        if (reply is not null && Metadata.FtpStat.ReadSize(reply) is { } bytes)
            section.Works(Subject, string.Create(CultureInfo.InvariantCulture, $"{bytes / Gibi:0.0} GiB"));
        else
            section.Missing(Subject, "not told", "df shows an invented size; a full server shows when a file is written.");
    }

    private static string Why(FtpReply? reply) => reply is null ? "the session ended over it" : $"refused ({reply.Text})";
}
