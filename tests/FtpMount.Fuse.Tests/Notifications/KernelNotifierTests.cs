using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Notifications;
using FtpMount.Fuse.Tests.Frames;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Notifications;

public sealed class KernelNotifierTests : IDisposable
{
    private readonly FrameTransport _transport = new();
    private readonly KernelNotifier _notifier;

    public KernelNotifierTests() => _notifier = new KernelNotifier(_transport, new FuseStatistics(), NullLogger.Instance);

    [Fact]
    public async Task Reports_of_one_node_that_wait_become_one_range()
    {
        _notifier.InvalidateNode(new NodeId(5), -1, 0);
        _notifier.InvalidateNode(new NodeId(5), 100, 50);
        _notifier.InvalidateNode(new NodeId(5), 10, 20);
        _notifier.InvalidateNode(new NodeId(5), -1, 0);
        Start();

        var frame = await _transport.TakeAsync();

        Assert.Equal((int)FuseNotifyCode.InvalInode, frame.Header.Error);
        Assert.Equal(0ul, frame.Header.Unique);
        var body = MemoryMarshal.Read<FuseNotifyInvalInodeOut>(frame.Body);
        Assert.Equal((5ul, 10L, 140L), (body.Inode, body.Offset, body.Length));
        await EndAsync();
    }

    [Fact]
    public void A_range_to_the_end_stays_one_to_the_end()
    {
        Assert.Equal(new PendingRange(3, 0), new PendingRange(10, 0).Cover(new PendingRange(3, 4)));
        Assert.Equal(new PendingRange(-1, 0), new PendingRange(-1, 0).Cover(new PendingRange(-1, 0)));
    }

    [Fact]
    public async Task A_name_is_expired_where_the_kernel_can_do_so()
    {
        Start();
        _notifier.InvalidateEntry(NodeId.Root, "n\u00e4me");

        var frame = await _transport.TakeAsync();

        Assert.Equal((int)FuseNotifyCode.InvalEntry, frame.Header.Error);
        var body = MemoryMarshal.Read<FuseNotifyInvalEntryOut>(frame.Body);
        Assert.Equal((1ul, 5u, 1u), (body.Parent, body.NameLength, body.Flags));
        Assert.Equal("n\u00e4me\0"u8, frame.Body[16..]);
        await EndAsync();
    }

    [Fact]
    public async Task A_deletion_says_more_than_an_invalidation_of_the_same_name()
    {
        _notifier.InvalidateEntry(NodeId.Root, "a");
        _notifier.EntryDeleted(NodeId.Root, new NodeId(9), "a");
        _notifier.InvalidateEntry(NodeId.Root, "a");
        Start();

        var frame = await _transport.TakeAsync();

        Assert.Equal((int)FuseNotifyCode.Delete, frame.Header.Error);
        var body = MemoryMarshal.Read<FuseNotifyDeleteOut>(frame.Body);
        Assert.Equal((1ul, 9ul, 1u), (body.Parent, body.Child, body.NameLength));
        Assert.Equal("a\0"u8, frame.Body[24..]);
        await EndAsync();
    }

    [Fact]
    public async Task Too_many_names_make_the_kernel_look_all_of_them_up_again()
    {
        const int Names = 65536 + 1;
        for (var i = 0; i < Names; i++)
            _notifier.InvalidateEntry(NodeId.Root, $"{i}");
        Start();

        for (var i = 0; i < Names - 1; i++)
            Assert.Equal((int)FuseNotifyCode.InvalEntry, (await _transport.TakeAsync()).Header.Error);
        Assert.Equal((int)FuseNotifyCode.IncEpoch, (await _transport.TakeAsync()).Header.Error);
        await EndAsync();
    }

    [Fact]
    public async Task A_notification_that_the_kernel_does_not_want_does_no_harm()
    {
        _transport.Outcome = Errno.EINVAL;
        Start();
        _notifier.InvalidateNode(new NodeId(5), 0, 0);
        await _transport.TakeAsync();
        _notifier.InvalidateNode(new NodeId(6), 0, 0);
        await _transport.TakeAsync();
        await EndAsync();
    }

    public void Dispose() => _transport.Dispose();

    private void Start() => _notifier.Start(FuseInitFlags.HasExpireOnly, 45);

    private async Task EndAsync()
    {
        _notifier.Stop();
        await _notifier.Ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(_transport.TryTake(out _));
    }
}
