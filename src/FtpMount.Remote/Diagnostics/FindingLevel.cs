using System.Text.Json.Serialization;

namespace FtpMount.Remote.Diagnostics;

/// <summary>How good a finding is for a mount.</summary>
public enum FindingLevel
{
    /// <summary>Neither good nor bad.</summary>
    [JsonStringEnumMemberName("fact")]
    Fact,

    /// <summary>It works.</summary>
    [JsonStringEnumMemberName("works")]
    Works,

    /// <summary>It works in part, or in a roundabout way.</summary>
    [JsonStringEnumMemberName("partly")]
    Partly,

    /// <summary>The server does not have it; the mount does without.</summary>
    [JsonStringEnumMemberName("missing")]
    Missing,

    /// <summary>Something is wrong that somebody should look at.</summary>
    [JsonStringEnumMemberName("problem")]
    Problem,
}
