namespace FtpMount.Cli.Commands;

/// <summary>What <c>ftpmount doctor</c> asks for, as written.</summary>
/// <param name="Url">The server.</param>
/// <param name="OptionLists">The arguments of each <c>-o</c>.</param>
internal sealed record DoctorRequest(string Url, IReadOnlyList<string> OptionLists)
{
    /// <summary>Also try writing.</summary>
    internal bool Writes { get; init; }

    /// <summary>Where the dialogue goes; null for nowhere.</summary>
    internal string? TranscriptFile { get; init; }

    /// <summary>For scripts.</summary>
    internal bool Json { get; init; }
}
