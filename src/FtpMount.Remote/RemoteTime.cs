namespace FtpMount.Remote;

/// <summary>
/// A modification time as a server gave it, with how exact it is: MLSD gives seconds, LIST minutes or, for old files, days.
/// Two times are compared only as exactly as the coarser of them.
/// </summary>
/// <param name="Value">The instant, in UTC, rounded down to <paramref name="Precision"/>.</param>
/// <param name="Precision">The width of the interval in which the true time lies: one second, one minute, one day, or finer.</param>
public readonly record struct RemoteTime(DateTimeOffset Value, TimeSpan Precision)
{
    /// <summary>Whether both can be the same instant, given how exact they are: whether their intervals meet.</summary>
    public bool IsConsistentWith(RemoteTime other) => Value < other.End && other.Value < End;

    private DateTimeOffset End
    {
        get
        {
            var width = Precision > TimeSpan.Zero ? Precision : TimeSpan.FromTicks(1);
            return DateTimeOffset.MaxValue - Value > width ? Value + width : DateTimeOffset.MaxValue;
        }
    }
}
