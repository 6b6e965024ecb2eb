using FtpMount.Remote.Diagnostics;

namespace FtpMount.Cli.Profiles;

/// <summary>What <c>doctor --json</c> prints.</summary>
/// <param name="Version">The version of the format: fields may be added within one.</param>
/// <param name="Profile">The profile.</param>
internal sealed record ProfileDocument(int Version, ServerProfile Profile)
{
    /// <summary>The version of the format.</summary>
    internal const int CurrentVersion = 1;
}
