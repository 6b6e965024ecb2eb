namespace FtpMount.Remote.Network;

/// <summary>What holds in one part of the week.</summary>
/// <param name="Download">Bytes a second from the server, at least 1; null for any number.</param>
/// <param name="Upload">Bytes a second to the server, at least 1; null for any number.</param>
/// <param name="From">The local time at which it begins; null with <paramref name="To"/> for all day.</param>
/// <param name="To">The local time at which it ends; not after <paramref name="From"/> means on the next day.</param>
/// <param name="FirstDay">The first day of the week on which it begins; null with <paramref name="LastDay"/> for every day.</param>
/// <param name="LastDay">The last day on which it begins; before <paramref name="FirstDay"/> means over the weekend.</param>
public sealed record RateScheduleEntry(
    long? Download, long? Upload, TimeOnly? From = null, TimeOnly? To = null, DayOfWeek? FirstDay = null, DayOfWeek? LastDay = null)
{
    /// <summary>Whether it holds at a local time.</summary>
    public bool Includes(DateTime local)
    {
        if (From is not { } from || To is not { } to)
            return IncludesDay(local.DayOfWeek);
        var time = TimeOnly.FromDateTime(local);
        if (from < to)
            return time >= from && time < to && IncludesDay(local.DayOfWeek);
        // Over midnight: the part after it belongs to the day before.
        return (time >= from && IncludesDay(local.DayOfWeek)) || (time < to && IncludesDay(local.AddDays(-1).DayOfWeek));
    }

    private bool IncludesDay(DayOfWeek day)
    {
        if (FirstDay is not { } first || LastDay is not { } last)
            return true;
        return first <= last ? day >= first && day <= last : day >= first || day <= last;
    }
}
