using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Transport;

namespace FtpMount.Fuse.Tests.Frames;

/// <summary>The same request again and again; keeps nothing of the replies but the first error.</summary>
internal sealed class SteadyTransport(byte[] frame) : IFuseTransport
{
    public int Replies { get; private set; }

    public int FirstError { get; private set; }

    public int Receive(Span<byte> buffer)
    {
        frame.CopyTo(buffer);
        return frame.Length;
    }

    public Errno Send(ReadOnlySpan<byte> reply)
    {
        Replies++;
        if (FirstError == 0)
            FirstError = BitConverter.ToInt32(reply[4..]);
        return Errno.None;
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
