namespace FtpMount.Remote.Diagnostics;

/// <summary>Findings that belong together.</summary>
/// <param name="Title">A heading.</param>
/// <param name="Findings">In the order in which a person should read them.</param>
public sealed record ProfileSection(string Title, IReadOnlyList<ProfileFinding> Findings);
