using FtpMount.Ftp.Control;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>Collects the findings of one section.</summary>
internal sealed class SectionBuilder(string title)
{
    private readonly List<ProfileFinding> _findings = [];

    /// <summary>The section.</summary>
    public ProfileSection Section => new(title, _findings);

    public void Fact(string subject, string result, TimeSpan? time = null) => Add(subject, FindingLevel.Fact, result, null, time);

    public void Works(string subject, string result = "works", TimeSpan? time = null) => Add(subject, FindingLevel.Works, result, null, time);

    public void Partly(string subject, string result, string? meaning = null, TimeSpan? time = null) => Add(subject, FindingLevel.Partly, result, meaning, time);

    public void Missing(string subject, string result, string? meaning = null) => Add(subject, FindingLevel.Missing, result, meaning, null);

    public void Problem(string subject, string result, string? meaning = null, string? advice = null) =>
        _findings.Add(new ProfileFinding(subject, FindingLevel.Problem, FtpReply.Printable(result)) { Meaning = meaning, Advice = advice });

    /// <summary>Adds an option that helps to the finding that was added last.</summary>
    public void Advise(string option) => _findings[^1] = _findings[^1] with { Advice = option };

    private void Add(string subject, FindingLevel level, string result, string? meaning, TimeSpan? time) =>
        _findings.Add(new ProfileFinding(subject, level, FtpReply.Printable(result)) { Meaning = meaning, Milliseconds = time?.TotalMilliseconds });
}
