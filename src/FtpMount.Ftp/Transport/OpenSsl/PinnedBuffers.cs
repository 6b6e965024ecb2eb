using System.Collections.Concurrent;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>
/// Buffers that never move, so that libssl and the kernel can work on them without pinning. A few are kept: a data connection lives for one transfer.
/// </summary>
internal static class PinnedBuffers
{
    /// <summary>Enough for a control connection and for a short listing.</summary>
    public const int Small = 4 * 1024;

    /// <summary>Some fifteen records: a system call for each would cost more than the copy, and more would leave the processor's cache.</summary>
    public const int Large = 256 * 1024;

    private const int MostKept = 16;

    private static readonly ConcurrentBag<byte[]> SmallKept = [];
    private static readonly ConcurrentBag<byte[]> LargeKept = [];

    /// <summary>A buffer of <see cref="Small"/> or <see cref="Large"/> bytes, with anything in it.</summary>
    public static byte[] Rent(int size) =>
        (size == Large ? LargeKept : SmallKept).TryTake(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(size, pinned: true);

    /// <summary>Gives it back; nobody may use it any more.</summary>
    public static void Return(byte[] buffer)
    {
        var kept = buffer.Length == Large ? LargeKept : SmallKept;
        if (kept.Count < MostKept)
            kept.Add(buffer);
    }
}
