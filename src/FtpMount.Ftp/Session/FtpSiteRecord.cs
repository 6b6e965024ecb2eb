using System.Text.Json.Serialization;

namespace FtpMount.Ftp.Session;

/// <summary>What the file of a site holds (<see cref="FtpSiteMemory"/>).</summary>
internal sealed record FtpSiteRecord
{
    /// <summary>The version of this layout; a file of another one is not read.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the layout.</summary>
    public required int Version { get; init; }

    /// <summary>Which server, user and settings it is about (<see cref="FtpSiteMemory.KeyOf"/>).</summary>
    public required string Site { get; init; }

    /// <summary>When the facts were learned anew; what was added later counts from then as well.</summary>
    public required DateTimeOffset Learned { get; init; }

    /// <summary>By what the server is recognised.</summary>
    public required FtpSiteIdentity Identity { get; init; }

    /// <summary><see cref="FtpSiteFacts"/> by name; those that are unknown are left out.</summary>
    public required Dictionary<string, FtpSupport> Facts { get; init; }

    /// <summary>How far the times of LIST are ahead of UTC, in minutes; null when it is not known.</summary>
    public double? UtcOffsetMinutes { get; init; }

    /// <summary>How many connections the server allows, where that was learned from a refusal; at least 1.</summary>
    public int? ConnectionLimit { get; init; }

    /// <summary>Whether the file makes sense.</summary>
    [JsonIgnore]
    public bool IsValid =>
        Version == CurrentVersion
        && ConnectionLimit is null or >= 1
        && UtcOffsetMinutes is null or >= -24 * 60 and <= 24 * 60
        && Identity.LoginFolder.StartsWith('/')
        && Facts.Values.All(Enum.IsDefined);
}
