namespace FtpMount.Remote.Pool;

/// <summary>
/// How many connections the server allows, as learned from its refusals. A refusal sets the cap to what is open then; after a while,
/// when more is wanted, one connection more is tried. A success allows the next step at once, a refusal makes the next pause twice as long.
/// Not thread-safe: the pool's lock protects it.
/// </summary>
internal sealed class ConnectionCap(ConnectionPoolOptions options)
{
    private TimeSpan _pause = options.RegrowthDelay;

    /// <summary>The most connections to be open at once, at least 1.</summary>
    public int Limit { get; private set; } = Math.Clamp(options.RememberedLimit ?? options.MaximumConnections, 1, options.MaximumConnections);

    /// <summary>When one connection more may be tried; the largest value while one is being tried or none was refused.</summary>
    public TimeSpan GrowthFrom { get; private set; } = options.RememberedLimit < options.MaximumConnections ? options.RegrowthDelay : TimeSpan.MaxValue;

    /// <summary>Whether the server refused what the options allow.</summary>
    public bool IsLearned => Limit < options.MaximumConnections;

    /// <summary>The server refused a connection.</summary>
    /// <param name="open">What is open, being opened or being closed besides the refused one.</param>
    /// <param name="now">The pool's clock.</param>
    /// <param name="closedRecently">
    /// A connection was closed just before: the server may have counted it still, so the cap is doubted soon.
    /// </param>
    public void Refused(int open, TimeSpan now, bool closedRecently)
    {
        Limit = Math.Clamp(open, 1, Limit);
        if (closedRecently)
        {
            GrowthFrom = now + options.MaximumRetryDelay;
            return;
        }

        GrowthFrom = now + _pause;
        _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, options.MaximumRegrowthDelay.Ticks));
    }

    /// <summary>The server accepted a connection, so that <paramref name="open"/> are open.</summary>
    public void Accepted(int open, TimeSpan now)
    {
        if (open < Limit || !IsLearned || GrowthFrom != TimeSpan.MaxValue)
            return;
        GrowthFrom = now;
        _pause = options.RegrowthDelay;
    }

    /// <summary>More than <see cref="Limit"/> is wanted: raises it by one when it is time to try.</summary>
    public bool TryGrow(TimeSpan now)
    {
        if (!IsLearned || now < GrowthFrom)
            return false;
        Limit++;
        GrowthFrom = TimeSpan.MaxValue; // until this one attempt is accepted or refused
        return true;
    }
}
