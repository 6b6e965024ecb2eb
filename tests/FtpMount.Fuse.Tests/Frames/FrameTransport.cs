using System.Threading.Channels;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Transport;

namespace FtpMount.Fuse.Tests.Frames;

/// <summary>The kernel's side of the protocol, in memory.</summary>
internal sealed class FrameTransport : IFuseTransport
{
    private readonly Channel<FrameReply> _sent = Channel.CreateUnbounded<FrameReply>();

    /// <summary>What the next <see cref="Receive"/> gives; null is the end.</summary>
    public byte[]? Next { get; set; }

    /// <summary>What <see cref="Send"/> says.</summary>
    public Errno Outcome { get; set; }

    public int Receive(Span<byte> buffer)
    {
        if (Next is not { } frame)
            return 0;
        Assert.True(buffer.Length >= (1 << 20) + 80);
        frame.CopyTo(buffer);
        return frame.Length;
    }

    public Errno Send(ReadOnlySpan<byte> frame)
    {
        var reply = new FrameReply(frame.ToArray());
        Assert.Equal((uint)frame.Length, reply.Header.Length);
        if (reply.Header.Unique != 0)
        {
            Assert.InRange(reply.Header.Error, -511, 0);
            if (reply.Header.Error != 0)
                Assert.Equal(16, frame.Length);
        }

        _sent.Writer.TryWrite(reply);
        return Outcome;
    }

    public bool TryTake(out FrameReply? reply) => _sent.Reader.TryRead(out reply);

    public async Task<FrameReply> TakeAsync() => await _sent.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public void Dispose() => _sent.Writer.TryComplete();
}
