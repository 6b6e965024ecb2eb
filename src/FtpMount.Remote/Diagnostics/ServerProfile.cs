namespace FtpMount.Remote.Diagnostics;

/// <summary>What a server can do, and what that means for a mount; the same for every protocol.</summary>
public sealed record ServerProfile
{
    /// <summary>The URL, without secrets.</summary>
    public required string Server { get; init; }

    /// <summary>What the server says it is; null when it does not say.</summary>
    public string? Software { get; init; }

    /// <summary>What was found out.</summary>
    public required IReadOnlyList<ProfileSection> Sections { get; init; }

    /// <summary>Options that help with this server, as they are written after <c>-o</c>; empty when none does.</summary>
    public required IReadOnlyList<string> AdvisedOptions { get; init; }

    /// <summary>Whether it can be mounted at all.</summary>
    public required bool IsMountable { get; init; }

    /// <summary>Whether something was tried that changes the server.</summary>
    public required bool TriedWriting { get; init; }

    /// <summary>The conclusion: one sentence.</summary>
    public required string Verdict { get; init; }

    /// <summary>Draws the conclusion from what was found.</summary>
    /// <param name="server">The URL, without secrets.</param>
    /// <param name="software">What the server says it is; null when it does not say.</param>
    /// <param name="sections">What was found out.</param>
    /// <param name="isMountable">Whether its folders can be listed.</param>
    /// <param name="triedWriting">Whether writing was tried.</param>
    public static ServerProfile Conclude(string server, string? software, IReadOnlyList<ProfileSection> sections, bool isMountable, bool triedWriting)
    {
        ArgumentNullException.ThrowIfNull(sections);
        var findings = sections.SelectMany(section => section.Findings).ToList();
        var problems = findings.Count(finding => finding.Level == FindingLevel.Problem);
        var limits = findings.Count(finding => finding is { Level: FindingLevel.Partly or FindingLevel.Missing, Meaning: not null });
        var what = (limits, problems) switch
        {
            (0, 0) => "everything that was tried works",
            (_, 0) => Count(limits, "limitation", "limitations") + ", explained above",
            (0, _) => Count(problems, "problem needs attention", "problems need attention"),
            _ => $"{Count(problems, "problem needs attention", "problems need attention")}, and {Count(limits, "limitation", "limitations")}, explained above",
        };
        var verdict = isMountable
            ? $"It can be mounted: {what}{(triedWriting ? "" : ". Writing was not tried; --write tries it")}."
            : "It cannot be mounted: its folders cannot be listed.";
        return new ServerProfile
        {
            Server = server,
            Software = software,
            Sections = sections,
            AdvisedOptions = [.. findings.Select(finding => finding.Advice).OfType<string>().Distinct(StringComparer.Ordinal)],
            IsMountable = isMountable,
            TriedWriting = triedWriting,
            Verdict = verdict,
        };
    }

    private static string Count(int count, string one, string many) =>
        count == 1 ? $"1 {one}" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count} {many}");
}
