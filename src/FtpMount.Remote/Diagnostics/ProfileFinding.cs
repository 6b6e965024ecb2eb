namespace FtpMount.Remote.Diagnostics;

/// <summary>One thing that was found out about a server.</summary>
/// <param name="Subject">What it is about: a few words.</param>
/// <param name="Level">How good it is.</param>
/// <param name="Result">What was found: one line, safe to print.</param>
public sealed record ProfileFinding(string Subject, FindingLevel Level, string Result)
{
    /// <summary>What it means for a mount; null when that is plain.</summary>
    public string? Meaning { get; init; }

    /// <summary>An option of the mount that helps, as it is written after <c>-o</c>; null for none.</summary>
    public string? Advice { get; init; }

    /// <summary>How long it took, in milliseconds; null when that says nothing.</summary>
    public double? Milliseconds { get; init; }
}
