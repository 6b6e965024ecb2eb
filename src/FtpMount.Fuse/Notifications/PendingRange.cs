namespace FtpMount.Fuse.Notifications;

/// <summary>The content of a node that is no longer true. A negative offset: none, attributes only. A length of 0: to the end.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct PendingRange(long Offset, long Length)
{
    /// <summary>The smallest range that covers both.</summary>
    public PendingRange Cover(PendingRange other)
    {
        if (Offset < 0)
            return other;
        if (other.Offset < 0)
            return this;
        var start = Math.Min(Offset, other.Offset);
        return Length == 0 || other.Length == 0
            ? new PendingRange(start, 0)
            : new PendingRange(start, Math.Max(SaturatingEnd(this), SaturatingEnd(other)) - start);
    }

    private static long SaturatingEnd(PendingRange range) =>
        range.Length > long.MaxValue - range.Offset ? long.MaxValue : range.Offset + range.Length;
}
