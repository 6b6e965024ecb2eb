using System.Globalization;
using FtpMount.Remote;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Sftp.Diagnostics;

/// <summary>Reading a file and parts of it, and the free space.</summary>
internal static class ReadingExamination
{
    /// <summary>What is read of a file at most.</summary>
    private const int Most = 4 << 20;

    public static async ValueTask<ProfileSection> RunAsync(ExaminedServer server, CancellationToken cancellationToken)
    {
        server.Report("reading");
        var section = new SectionBuilder("Reading");
        if (server.Sample is not null)
            await AddSampleAsync(section, server, cancellationToken).ConfigureAwait(false);
        else
            section.Fact("Reading", server.How.Writes ? "not tried: no file could be made" : "not tried: there is no file with content in the folder; --write makes one");
        const string Subject = "Free space";
        const double Gibi = 1L << 30;
        RemoteSpace? space = null;
        var (_, failure) = await server.TryAsync(async () => space = await server.Sftp.GetSpaceAsync(server.Sftp.Root, Lane.Interactive, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (space is { } known)
            section.Works(Subject, string.Create(CultureInfo.InvariantCulture, $"{known.AvailableBytes / Gibi:0.0} GiB"));
        else if (failure is not null)
            section.Partly(Subject, ExaminedServer.Why(failure), "df shows an invented size.");
        return section.Section;
    }

    private static async ValueTask AddSampleAsync(SectionBuilder section, ExaminedServer server, CancellationToken cancellationToken)
    {
        byte[] whole = [];
        byte[] part = [];
        var length = (int)Math.Min(server.Sample!.Size!.Value, Most);
        var (took, failure) = await server.TryAsync(async () => whole = await server.ReadAsync(server.SamplePath, 0, length, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (failure is not null || whole.Length != length)
        {
            section.Problem("From the beginning", failure is null ? $"gives {whole.Length} of {length} bytes" : ExaminedServer.Why(failure), "Files can be seen and not read.");
            return;
        }

        section.Works("From the beginning", time: took);
        (took, failure) = await server.TryAsync(async () => part = await server.ReadAsync(server.SamplePath, length / 2, length, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (failure is not null)
            section.Problem("From the middle", ExaminedServer.Why(failure));
        else if (part.AsSpan().StartsWith(whole.AsSpan(length / 2)))
            section.Works("From the middle", time: took);
        else
            section.Problem("From the middle", "gives other bytes than reading from the beginning", "Files may be read wrongly. Do not use this server.");
        if (server.Sftp.Checksums.Count > 0 && server.Sample.Size == length)
            await AddChecksumAsync(section, server, whole, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask AddChecksumAsync(SectionBuilder section, ExaminedServer server, byte[] content, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> told = default;
        var (took, failure) = await server.TryAsync(async () =>
            told = await server.Sftp.GetChecksumAsync(server.SamplePath, ChecksumAlgorithm.Sha256, content.Length, Lane.Interactive, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (failure is not null)
            section.Missing("Checksum (SHA-256)", ExaminedServer.Why(failure));
        else if (told.Span.SequenceEqual(System.Security.Cryptography.SHA256.HashData(content)))
            section.Works("Checksum (SHA-256)", "right", took);
        else
            section.Problem("Checksum (SHA-256)", "wrong", "Uploads seem to arrive damaged: mount without comparing checksums.");
    }
}
