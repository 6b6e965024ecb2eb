using System.Text.Json.Serialization;

namespace FtpMount.Service.Control;

/// <summary>How a mount is.</summary>
public enum MountState
{
    /// <summary>It works.</summary>
    [JsonStringEnumMemberName("mounted")]
    Mounted,

    /// <summary>It is there, but the server cannot be reached at the moment.</summary>
    [JsonStringEnumMemberName("offline")]
    Offline,

    /// <summary>It is being unmounted and sends what is unsent.</summary>
    [JsonStringEnumMemberName("unmounting")]
    Unmounting,

    /// <summary>Its process is gone; <c>ftpmount unmount</c> or the next <c>ftpmount mount</c> clears it.</summary>
    [JsonStringEnumMemberName("stale")]
    Stale,

    /// <summary>Its process does not answer.</summary>
    [JsonStringEnumMemberName("not-answering")]
    NotAnswering,

    /// <summary>It belongs to another user, whose process may not be asked.</summary>
    [JsonStringEnumMemberName("other-user")]
    OtherUser,
}
