using System.Globalization;
using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse;

/// <summary>Counters of one mount since it began. Thread-safe; reading them costs nothing to the requests.</summary>
public sealed class FuseStatistics
{
    private readonly long[] _requests = new long[64];
    private long _inFlight;
    private long _inline;
    private long _errors;
    private long _bytesRead;
    private long _bytesWritten;
    private long _notifications;
    private long _interrupts;

    internal FuseStatistics()
    {
    }

    /// <summary>Requests that wait for the file system at this moment.</summary>
    public long InFlight => Interlocked.Read(ref _inFlight);

    /// <summary>Requests that were answered at once, on the thread that read them.</summary>
    public long AnsweredInline => Interlocked.Read(ref _inline);

    /// <summary>Replies that carried an error (a missing name included).</summary>
    public long Errors => Interlocked.Read(ref _errors);

    /// <summary>Bytes given to READ requests.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>Bytes taken from WRITE requests.</summary>
    public long BytesWritten => Interlocked.Read(ref _bytesWritten);

    /// <summary>Invalidations told to the kernel.</summary>
    public long Notifications => Interlocked.Read(ref _notifications);

    /// <summary>Waiting requests that were interrupted by a signal to their caller.</summary>
    public long Interrupts => Interlocked.Read(ref _interrupts);

    /// <summary>All requests.</summary>
    public long Requests
    {
        get
        {
            var sum = 0L;
            for (var i = 0; i < _requests.Length; i++)
                sum += Interlocked.Read(ref _requests[i]);
            return sum;
        }
    }

    /// <summary>The number of requests of each opcode that was seen, by the kernel's name for it (for example <c>LOOKUP</c>).</summary>
    public IReadOnlyDictionary<string, long> RequestsByOpcode()
    {
        var result = new SortedDictionary<string, long>(StringComparer.Ordinal);
        for (var i = 0; i < _requests.Length; i++)
        {
            var count = Interlocked.Read(ref _requests[i]);
            if (count > 0)
                result.Add(NameOf((FuseOpcode)i), count);
        }

        return result;
    }

    internal long CountOf(FuseOpcode opcode) => Interlocked.Read(ref _requests[Index(opcode)]);

    internal void CountRequest(FuseOpcode opcode) => Interlocked.Increment(ref _requests[Index(opcode)]);

    internal void CountInline() => Interlocked.Increment(ref _inline);

    internal void CountError() => Interlocked.Increment(ref _errors);

    internal void CountRead(int bytes) => Interlocked.Add(ref _bytesRead, bytes);

    internal void CountWritten(int bytes) => Interlocked.Add(ref _bytesWritten, bytes);

    internal void CountNotification() => Interlocked.Increment(ref _notifications);

    internal void CountInterrupt() => Interlocked.Increment(ref _interrupts);

    internal void EnterFlight() => Interlocked.Increment(ref _inFlight);

    internal void LeaveFlight() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Opcodes beyond the table (0 is none of the kernel's) are counted together.</summary>
    private int Index(FuseOpcode opcode) => (uint)opcode < (uint)_requests.Length ? (int)opcode : 0;

    private static string NameOf(FuseOpcode opcode) => opcode switch
    {
        0 => "OTHER",
        FuseOpcode.BatchForget => "BATCH_FORGET",
        FuseOpcode.CopyFileRange => "COPY_FILE_RANGE",
        FuseOpcode.CopyFileRange64 => "COPY_FILE_RANGE_64",
        _ when Enum.IsDefined(opcode) => opcode.ToString().ToUpperInvariant(),
        _ => ((uint)opcode).ToString(CultureInfo.InvariantCulture),
    };
}
