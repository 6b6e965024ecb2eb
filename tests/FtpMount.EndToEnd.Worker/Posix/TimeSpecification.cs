using System.Runtime.InteropServices;

namespace FtpMount.EndToEnd.Worker.Posix;

/// <summary><c>struct timespec</c> for utimensat(2).</summary>
/// <param name="Seconds">Seconds since 1970.</param>
/// <param name="Nanoseconds">0 to 999,999,999, or one of the two special values.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct TimeSpecification(long Seconds, long Nanoseconds)
{
    /// <summary>UTIME_NOW.</summary>
    public static TimeSpecification Now => new(0, 0x3fffffff);

    /// <summary>UTIME_OMIT.</summary>
    public static TimeSpecification Unchanged => new(0, 0x3ffffffe);
}
