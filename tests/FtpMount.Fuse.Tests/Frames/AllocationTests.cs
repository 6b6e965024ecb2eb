using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Requests;
using FtpMount.Fuse.Tests.Memory;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class AllocationTests
{
    private const int Repetitions = 1000;

    [Theory]
    [InlineData(FuseOpcode.Lookup)]
    [InlineData(FuseOpcode.Getattr)]
    [InlineData(FuseOpcode.Statx)]
    [InlineData(FuseOpcode.Read)]
    [InlineData(FuseOpcode.Write)]
    [InlineData(FuseOpcode.Readdirplus)]
    [InlineData(FuseOpcode.Forget)]
    [InlineData(FuseOpcode.Flush)]
    public async Task An_answer_that_is_at_hand_costs_no_allocation(object opcode)
    {
        var files = new MemoryFileSystem();
        var node = files.Add("na\u00efve name", new byte[200_000]);
        var handle = (await files.OpenAsync(node, VfsOpenFlags.Read | VfsOpenFlags.Write, default, CancellationToken.None)).Value.Handle.Value;
        var directory = (await files.OpenDirectoryAsync(NodeId.Root, CancellationToken.None)).Value.Handle.Value;
        using var frames = new Conversation();
        var frame = (FuseOpcode)opcode switch
        {
            FuseOpcode.Lookup => frames.Frame(FuseOpcode.Lookup, 1, Conversation.Name("na\u00efve name")),
            FuseOpcode.Getattr => frames.Frame(FuseOpcode.Getattr, node.Value, Conversation.Bytes(new FuseGetattrIn())),
            FuseOpcode.Statx => frames.Frame(FuseOpcode.Statx, node.Value, Conversation.Bytes(new FuseStatxIn())),
            FuseOpcode.Read => frames.Frame(FuseOpcode.Read, node.Value, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 131072 })),
            FuseOpcode.Write => frames.Frame(FuseOpcode.Write, node.Value, Conversation.Bytes(new FuseWriteIn { Handle = handle, Size = 131072 }), new byte[131072]),
            FuseOpcode.Forget => frames.Frame(FuseOpcode.Forget, node.Value, Conversation.Bytes(0UL)),
            FuseOpcode.Flush => frames.Frame(FuseOpcode.Flush, node.Value, Conversation.Bytes(new FuseFlushIn { Handle = handle })),
            _ => frames.Frame(FuseOpcode.Readdirplus, 1, Conversation.Bytes(new FuseReadIn { Handle = directory, Offset = 2, Size = 4096 })),
        };

        using var transport = new SteadyTransport(frame);
        using var buffers = new RequestBufferPool();
        using var dispatcher = new FuseDispatcher(files, transport, buffers, 128, TimeProvider.System, NullLogger.Instance);
        using var reader = new FuseReader(dispatcher, transport, buffers);
        Serve(reader);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Serve(reader);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // The file system of the tests walks a sorted dictionary to list a directory.
        var allowed = (FuseOpcode)opcode == FuseOpcode.Readdirplus ? Repetitions * 256 : 0;
        Assert.InRange(allocated, 0, allowed);
        Assert.Equal(0, transport.FirstError);
        Assert.Equal((FuseOpcode)opcode == FuseOpcode.Forget ? 0 : 2 * Repetitions, transport.Replies);
        Assert.Equal(2 * Repetitions, dispatcher.Statistics.AnsweredInline);
    }

    private static void Serve(FuseReader reader)
    {
        for (var i = 0; i < Repetitions; i++)
            reader.ServeOne();
    }
}
