using FtpMount.Sftp.Diagnostics;

namespace FtpMount.Sftp.Protocol;

/// <summary>Counts what all connections of a site carry, and has it written down when somebody wants to read it. Thread-safe.</summary>
/// <param name="transcript">Gets the dialogue; null for nobody.</param>
internal sealed class SftpTraffic(SftpTranscript? transcript = null)
{
    private long _requests;
    private long _bytesReceived;
    private long _bytesSent;

    /// <summary>Gets the dialogue; null for nobody.</summary>
    public SftpTranscript? Transcript => transcript;

    /// <summary>Requests sent.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Bytes of content received.</summary>
    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    /// <summary>Bytes of content sent.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    public void CountRequest() => Interlocked.Increment(ref _requests);

    public void Received(int count) => Interlocked.Add(ref _bytesReceived, count);

    public void Sent(int count) => Interlocked.Add(ref _bytesSent, count);
}
