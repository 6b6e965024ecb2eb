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
}
