using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class FileTests : IDisposable
{
    private const int ENoSpace = 28;
    private readonly Conversation _kernel = new();

    [Fact]
    public void What_is_written_is_read()
    {
        var (_, handle) = _kernel.Create("a");
        var data = new byte[1 << 20];
        new Random(1).NextBytes(data);

        Assert.Equal((uint)data.Length, _kernel.Write(handle, 5, data).As<FuseWriteOut>().Size);

        Assert.Equal(data, _kernel.Read(handle, 5, 1 << 20).Bytes);
        Assert.Equal((1 << 20) - 95, _kernel.Read(handle, 100, 1 << 20).Body.Length);
    }

    [Fact]
    public void Read_past_end_returns_zero_bytes()
    {
        var (_, handle) = _kernel.Create("a");

        Assert.Equal(0, _kernel.Read(handle, 1000, 4096).Body.Length);
    }

    [Fact]
    public void A_read_beyond_the_agreed_size_is_invalid()
    {
        var (_, handle) = _kernel.Create("a");

        Assert.Equal(Errno.EINVAL, _kernel.Read(handle, 0, (1 << 20) + 1).Error);
        Assert.Equal(Errno.EINVAL, _kernel.Read(handle, ulong.MaxValue, 1).Error);
    }

    [Fact]
    public void A_write_with_less_data_than_it_says_is_invalid()
    {
        var (_, handle) = _kernel.Create("a");

        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Write, 1, Conversation.Bytes(new FuseWriteIn { Handle = handle, Size = 100 }), new byte[99]).Error);
    }

    [Fact]
    public void An_unknown_handle_is_EBADF() => Assert.Equal(Errno.EBADF, _kernel.Read(12345, 0, 10).Error);

    [Fact]
    public async Task What_waits_is_answered_later_with_its_own_data()
    {
        var (_, handle) = _kernel.Create("slow");
        var first = Enumerable.Repeat((byte)1, 100_000).ToArray();
        var second = Enumerable.Repeat((byte)2, 100_000).ToArray();

        // Both are under way before either is answered: each must keep its own buffer.
        _kernel.Send(_kernel.Frame(FuseOpcode.Write, 1, Conversation.Bytes(new FuseWriteIn { Handle = handle, Size = 100_000 }), first));
        _kernel.Send(_kernel.Frame(FuseOpcode.Write, 1, Conversation.Bytes(new FuseWriteIn { Handle = handle, Offset = 100_000, Size = 100_000 }), second));
        await _kernel.Transport.TakeAsync();
        await _kernel.Transport.TakeAsync();

        Assert.Equal(first, (await _kernel.AskAsync(FuseOpcode.Read, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 100_000 }))).Bytes);
        Assert.Equal(second, (await _kernel.AskAsync(FuseOpcode.Read, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Offset = 100_000, Size = 100_000 }))).Bytes);
        await _kernel.Dispatcher.EndAsync();
        Assert.Equal(0, _kernel.Dispatcher.Statistics.InFlight);
    }

    [Fact]
    public void An_exception_is_EIO_and_the_next_request_works()
    {
        var (_, handle) = _kernel.Create("broken");

        Assert.Equal(Errno.EIO, _kernel.Read(handle, 0, 10).Error);
        Assert.Equal(0ul, _kernel.Lookup("absent").NodeId);
    }

    [Fact]
    public void Flush_carries_the_error_of_a_write()
    {
        var (_, handle) = _kernel.Create("full");

        Assert.Equal(ENoSpace, (int)_kernel.Ask(FuseOpcode.Flush, 1, Conversation.Bytes(new FuseFlushIn { Handle = handle })).Error);
    }

    [Fact]
    public async Task Release_is_answered_at_once_and_done_before_the_end()
    {
        var (_, handle) = _kernel.Create("a");

        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Release, 1, Conversation.Bytes(new FuseReleaseIn { Handle = handle })).Error);
        await _kernel.Dispatcher.EndAsync();
        Assert.Equal(0, _kernel.Files.OpenHandles);
    }

    [Fact]
    public async Task Handles_whose_release_never_came_are_closed_at_the_end()
    {
        _kernel.Create("a");
        _kernel.Ask(FuseOpcode.Opendir, 1, Conversation.Bytes(new FuseOpenIn()));
        Assert.Equal(2, _kernel.Files.OpenHandles);

        await _kernel.Dispatcher.EndAsync();

        Assert.Equal(0, _kernel.Files.OpenHandles);
    }

    [Fact]
    public void Open_truncates_and_says_how_the_page_cache_is_used()
    {
        var node = _kernel.Files.Add("direct", [1, 2, 3]);

        var open = _kernel.Ask(FuseOpcode.Open, node.Value, Conversation.Bytes(new FuseOpenIn { Flags = 1 | 0x200 })).As<FuseOpenOut>();

        Assert.Equal(FuseOpenOutFlags.DirectIo | FuseOpenOutFlags.ParallelDirectWrites, open.Flags);
        Assert.Equal(0, _kernel.Read(open.Handle, 0, 10).Body.Length);
    }

    [Fact]
    public void Exclusive_create_of_a_name_that_exists_fails()
    {
        _kernel.Files.Add("a", []);

        Assert.Equal(Errno.EEXIST, _kernel.Ask(FuseOpcode.Create, 1, Conversation.Bytes(new FuseCreateIn { Flags = 0xC2, Mode = 0x81A4 }), Conversation.Name("a")).Error);
    }

    [Fact]
    public void Lseek_finds_data_and_holes_only()
    {
        var (_, handle) = _kernel.Create("a");
        _kernel.Write(handle, 0, new byte[10]);

        FrameReply Seek(ulong offset, uint whence) => _kernel.Ask(FuseOpcode.Lseek, 1, Conversation.Bytes(new FuseLseekIn { Handle = handle, Offset = offset, Whence = whence }));

        Assert.Equal(3ul, Seek(3, 3).As<FuseLseekOut>().Offset);
        Assert.Equal(10ul, Seek(3, 4).As<FuseLseekOut>().Offset);
        Assert.Equal(Errno.ENXIO, Seek(10, 3).Error);
        Assert.Equal(Errno.EINVAL, Seek(0, 2).Error);
    }

    [Fact]
    public void Fallocate_lengthens_or_keeps_the_size_and_does_nothing_else()
    {
        var (node, handle) = _kernel.Create("a");

        FrameReply Allocate(uint mode) => _kernel.Ask(FuseOpcode.Fallocate, node, Conversation.Bytes(new FuseFallocateIn { Handle = handle, Length = 100, Mode = mode }));
        ulong Size() => _kernel.Ask(FuseOpcode.Getattr, node, Conversation.Bytes(new FuseGetattrIn())).As<FuseAttrOut>().Attributes.Size;

        Assert.Equal(Errno.None, Allocate(1).Error);
        Assert.Equal(0ul, Size());
        Assert.Equal(Errno.None, Allocate(0).Error);
        Assert.Equal(100ul, Size());
        Assert.Equal(Errno.EOPNOTSUPP, Allocate(3).Error);
    }

    [Fact]
    public void Copy_file_range_answers_in_both_forms()
    {
        var (node, from) = _kernel.Create("a");
        var (_, to) = _kernel.Create("b");
        _kernel.Write(from, 0, [1, 2, 3, 4]);
        var arguments = Conversation.Bytes(new FuseCopyFileRangeIn { SourceHandle = from, SourceOffset = 1, TargetHandle = to, TargetNodeId = node, TargetOffset = 0, Length = 1UL << 62 });

        Assert.Equal(3u, _kernel.Ask(FuseOpcode.CopyFileRange, node, arguments).As<FuseWriteOut>().Size);
        Assert.Equal(3ul, _kernel.Ask(FuseOpcode.CopyFileRange64, node, arguments).As<FuseCopyFileRangeOut>().BytesCopied);
        Assert.Equal([2, 3, 4], _kernel.Read(to, 0, 10).Bytes);
    }

    [Fact]
    public void Fsync_and_its_relatives_are_answered()
    {
        var (_, handle) = _kernel.Create("a");

        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Fsync, 1, Conversation.Bytes(new FuseFsyncIn { Handle = handle, Flags = 1 })).Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Fsyncdir, 1, Conversation.Bytes(new FuseFsyncIn { Handle = handle })).Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Syncfs, 1, Conversation.Bytes(0UL)).Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Flush, 1, Conversation.Bytes(new FuseFlushIn { Handle = handle })).Error);
    }

    public void Dispose() => _kernel.Dispose();
}
