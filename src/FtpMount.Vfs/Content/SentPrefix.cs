namespace FtpMount.Vfs.Content;

/// <summary>
/// How much of a staging file's beginning has been handed out to be sent, and whether it has been changed there since: only what has not can be continued. Guarded by the
/// staging file's lock; both properties may be read anywhere.
/// </summary>
internal sealed class SentPrefix
{
    private long _end;
    private long _endsAt = -1;
    private bool _isBroken;

    /// <summary>Everything below has been handed out, in bytes.</summary>
    public long End
    {
        get => Volatile.Read(ref _end);
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>The length of the content, when it is known that no more of it is to be waited for; -1 before.</summary>
    public long EndsAt
    {
        get => Volatile.Read(ref _endsAt);
        set => Volatile.Write(ref _endsAt, value);
    }

    /// <summary>Whether a byte below <see cref="End"/> was written again or cut off: what was sent is not the file's beginning any more.</summary>
    public bool IsBroken
    {
        get => Volatile.Read(ref _isBroken);
        set => Volatile.Write(ref _isBroken, value);
    }
}
