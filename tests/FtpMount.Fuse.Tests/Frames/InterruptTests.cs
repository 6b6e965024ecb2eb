using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class InterruptTests : IDisposable
{
    private readonly Conversation _kernel = new();

    [Fact]
    public async Task A_request_that_waits_is_ended_with_EINTR()
    {
        var (_, handle) = _kernel.Create("blocked");
        _kernel.Send(_kernel.Frame(FuseOpcode.Read, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 10 })));
        var unique = _kernel.LastUnique;
        Assert.Equal(1, _kernel.Dispatcher.Statistics.InFlight);

        _kernel.Tell(FuseOpcode.Interrupt, 0, Conversation.Bytes(unique));

        var reply = await _kernel.Transport.TakeAsync();
        Assert.Equal((unique, Errno.EINTR), (reply.Header.Unique, reply.Error));
        Assert.Equal(1, _kernel.Dispatcher.Statistics.Interrupts);
    }

    [Fact]
    public async Task A_request_object_that_was_interrupted_serves_the_next_request()
    {
        var (_, handle) = _kernel.Create("blocked");
        for (var i = 0; i < 10; i++)
        {
            _kernel.Send(_kernel.Frame(FuseOpcode.Read, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 10 })));
            _kernel.Send(_kernel.Frame(FuseOpcode.Interrupt, 0, Conversation.Bytes(_kernel.LastUnique)));
            Assert.Equal(Errno.EINTR, (await _kernel.Transport.TakeAsync()).Error);
        }

        Assert.Equal(10, _kernel.Files.CancelledReads);
    }

    [Fact]
    public void An_unknown_request_is_EAGAIN() => Assert.Equal(Errno.EAGAIN, _kernel.Ask(FuseOpcode.Interrupt, 0, Conversation.Bytes(12345UL)).Error);

    [Fact]
    public async Task What_waits_at_the_end_is_cancelled()
    {
        var (_, handle) = _kernel.Create("blocked");
        _kernel.Send(_kernel.Frame(FuseOpcode.Read, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 10 })));

        await _kernel.Dispatcher.EndAsync();

        Assert.Equal(1, _kernel.Files.CancelledReads);
        Assert.Equal(0, _kernel.Dispatcher.Statistics.InFlight);
        Assert.Equal(0, _kernel.Files.OpenHandles);
    }

    public void Dispose() => _kernel.Dispose();
}
