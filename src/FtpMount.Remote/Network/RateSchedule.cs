namespace FtpMount.Remote.Network;

/// <summary>How fast data may go, by the time of the week: the first entry that includes the time holds; without one there is no limit.</summary>
/// <param name="Entries">In order.</param>
public sealed record RateSchedule(IReadOnlyList<RateScheduleEntry> Entries)
{
    /// <summary>Whether the limits depend on the time.</summary>
    public bool IsTimed => Entries.Any(entry => entry.From is not null || entry.FirstDay is not null);

    /// <summary>The entry that holds at a local time; null when nothing is limited.</summary>
    public RateScheduleEntry? At(DateTime local) => Entries.FirstOrDefault(entry => entry.Includes(local));
}
