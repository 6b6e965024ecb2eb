using System.Text;
using CsCheck;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Requests;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class AttributeTests : IDisposable
{
    private readonly Conversation _kernel = new();

    [Fact]
    public void Setattr_changes_what_its_bits_name()
    {
        var node = _kernel.Files.Add("a", [1, 2, 3]);

        var changed = _kernel.Ask(FuseOpcode.Setattr, node.Value, Conversation.Bytes(new FuseSetattrIn
        {
            Valid = FuseSetattrValid.Mode | FuseSetattrValid.Size | FuseSetattrValid.Modified | FuseSetattrValid.UserId,
            Mode = 0x8180,
            Size = 10,
            ModifySeconds = 1_000_000_000,
            ModifyNanoseconds = 123_456_700,
            UserId = 7,
            GroupId = 8,
        })).As<FuseAttrOut>().Attributes;

        Assert.Equal((0x8180u, 10ul, 7u, 0u), (changed.Mode, changed.Size, changed.UserId, changed.GroupId));
        Assert.Equal((1_000_000_000ul, 123_456_700u), (changed.ModifySeconds, changed.ModifyNanoseconds));
    }

    [Fact]
    public void Now_is_taken_from_the_clock()
    {
        var node = _kernel.Files.Add("a", []);

        var changed = _kernel.Ask(FuseOpcode.Setattr, node.Value, Conversation.Bytes(new FuseSetattrIn { Valid = FuseSetattrValid.ModifiedNow | FuseSetattrValid.Modified | FuseSetattrValid.AccessedNow })).As<FuseAttrOut>().Attributes;

        Assert.Equal((ulong)_kernel.Time.GetUtcNow().ToUnixTimeSeconds(), changed.ModifySeconds);
        Assert.Equal((ulong)_kernel.Time.GetUtcNow().ToUnixTimeSeconds(), changed.AccessSeconds);
    }

    [Fact]
    public void A_time_that_cannot_be_is_invalid()
    {
        var node = _kernel.Files.Add("a", []);

        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Setattr, node.Value, Conversation.Bytes(new FuseSetattrIn { Valid = FuseSetattrValid.Modified, ModifySeconds = 1UL << 62 })).Error);
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Setattr, node.Value, Conversation.Bytes(new FuseSetattrIn { Valid = FuseSetattrValid.Size, Size = 1UL << 63 })).Error);
    }

    [Fact]
    public void Times_come_back_as_they_were() =>
        Gen.Long[0, DateTime.MaxValue.Ticks].Sample(ticks =>
        {
            var time = new DateTime(ticks, DateTimeKind.Utc);
            var (seconds, nanoseconds) = KernelTime.From(time);
            return nanoseconds < 1_000_000_000 && KernelTime.TryParse(seconds, nanoseconds, out var back) && back == time;
        });

    [Fact]
    public void Statx_tells_the_creation_time()
    {
        var node = _kernel.Files.Add("a", [1]);

        var stat = _kernel.Ask(FuseOpcode.Statx, node.Value, Conversation.Bytes(new FuseStatxIn { StatxMask = 0xFFF })).As<FuseStatxOut>().Stat;

        Assert.Equal(0xFFFu, stat.Mask);
        Assert.Equal(new DateTimeOffset(2001, 2, 3, 4, 5, 6, TimeSpan.Zero).ToUnixTimeSeconds(), stat.Created.Seconds);
        Assert.Equal(1ul, stat.Size);
    }

    [Fact]
    public void Statfs_tells_the_space()
    {
        var space = _kernel.Ask(FuseOpcode.Statfs, 1).As<FuseKstatfs>();

        Assert.Equal(1ul << 40, space.Blocks * space.FragmentSize);
        Assert.Equal(1ul << 39, space.AvailableBlocks * space.FragmentSize);
        Assert.Equal(255u, space.NameLength);
    }

    [Fact]
    public void Every_error_has_an_errno_of_its_own()
    {
        var errors = Enum.GetValues<VfsError>();

        Assert.Equal(errors.Length, errors.Select(VfsErrno.Of).Distinct().Count());
        Assert.Equal(Errno.EIO, VfsErrno.Of(VfsError.InputOutput));
    }

    [Fact]
    public void Extended_attributes_are_set_listed_read_and_removed()
    {
        _kernel.Initialize();
        var node = _kernel.Files.Add("a", []).Value;

        FrameReply Set(uint flags, string value) =>
            _kernel.Ask(FuseOpcode.Setxattr, node, Conversation.Bytes(new FuseSetxattrExtIn { Size = (uint)value.Length, Flags = flags }), Conversation.Name("user.x"), Encoding.UTF8.GetBytes(value));
        FrameReply Get(uint size) => _kernel.Ask(FuseOpcode.Getxattr, node, Conversation.Bytes(new FuseGetxattrIn { Size = size }), Conversation.Name("user.x"));
        FrameReply List(uint size) => _kernel.Ask(FuseOpcode.Listxattr, node, Conversation.Bytes(new FuseGetxattrIn { Size = size }));

        Assert.Equal(Errno.ENODATA, Set(2, "v").Error);
        Assert.Equal(Errno.None, Set(1, "value").Error);
        Assert.Equal(Errno.EEXIST, Set(1, "value").Error);
        Assert.Equal(5u, Get(0).As<FuseGetxattrOut>().Size);
        Assert.Equal("value"u8, Get(5).Body);
        Assert.Equal(Errno.ERANGE, Get(4).Error);
        Assert.Equal(7u, List(0).As<FuseGetxattrOut>().Size);
        Assert.Equal("user.x\0"u8, List(100).Body);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Removexattr, node, Conversation.Name("user.x")).Error);
        Assert.Equal(Errno.ENODATA, Get(0).Error);
    }

    [Fact]
    public void The_short_form_of_setxattr_is_understood_from_older_kernels()
    {
        _kernel.Initialize(31, FuseInitFlags.None);
        var node = _kernel.Files.Add("a", []).Value;

        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Setxattr, node, Conversation.Bytes(new FuseSetxattrIn { Size = 1 }), Conversation.Name("user.x"), "v"u8.ToArray()).Error);
        Assert.Equal("v"u8, _kernel.Ask(FuseOpcode.Getxattr, node, Conversation.Bytes(new FuseGetxattrIn { Size = 9 }), Conversation.Name("user.x")).Body);
    }

    public void Dispose() => _kernel.Dispose();
}
