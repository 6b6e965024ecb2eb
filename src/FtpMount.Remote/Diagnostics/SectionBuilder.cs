namespace FtpMount.Remote.Diagnostics;

/// <summary>Collects the findings of one section.</summary>
public sealed class SectionBuilder(string title)
{
    private readonly List<ProfileFinding> _findings = [];

    /// <summary>The section.</summary>
    public ProfileSection Section => new(title, _findings);

    /// <summary>Adds what is neither good nor bad.</summary>
    public void Fact(string subject, string result, TimeSpan? time = null) => Add(subject, FindingLevel.Fact, result, null, time);

    /// <summary>Adds what works.</summary>
    public void Works(string subject, string result = "works", TimeSpan? time = null) => Add(subject, FindingLevel.Works, result, null, time);

    /// <summary>Adds what works in part.</summary>
    public void Partly(string subject, string result, string? meaning = null, TimeSpan? time = null) => Add(subject, FindingLevel.Partly, result, meaning, time);

    /// <summary>Adds what the server does not have.</summary>
    public void Missing(string subject, string result, string? meaning = null) => Add(subject, FindingLevel.Missing, result, meaning, null);

    /// <summary>Adds what somebody should look at.</summary>
    public void Problem(string subject, string result, string? meaning = null, string? advice = null) =>
        _findings.Add(new ProfileFinding(subject, FindingLevel.Problem, PrintableText.From(result)) { Meaning = meaning, Advice = advice });

    /// <summary>Adds an option that helps to the finding that was added last.</summary>
    public void Advise(string option) => _findings[^1] = _findings[^1] with { Advice = option };

    private void Add(string subject, FindingLevel level, string result, string? meaning, TimeSpan? time) =>
        _findings.Add(new ProfileFinding(subject, level, PrintableText.From(result)) { Meaning = meaning, Milliseconds = time?.TotalMilliseconds });
}
