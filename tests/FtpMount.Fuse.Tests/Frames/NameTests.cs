using System.Text;
using FtpMount.Fuse.Kernel;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class NameTests : IDisposable
{
    private readonly Conversation _kernel = new();

    [Fact]
    public void Lookup_counts_once_and_forget_gives_it_back()
    {
        var node = _kernel.Files.Add("a", []);

        Assert.Equal(node.Value, _kernel.Lookup("a").NodeId);
        Assert.Equal(node.Value, _kernel.Lookup("a").NodeId);
        Assert.Equal(2ul, _kernel.Files.LookupsOf(node));
        _kernel.Tell(FuseOpcode.Forget, node.Value, Conversation.Bytes(2UL));
        Assert.Equal(0ul, _kernel.Files.LookupsOf(node));
    }

    [Fact]
    public void Batch_forget_gives_back_many()
    {
        var a = _kernel.Files.Add("a", []);
        var b = _kernel.Files.Add("b", []);
        _kernel.Lookup("a");
        _kernel.Lookup("b");

        _kernel.Tell(
            FuseOpcode.BatchForget,
            0,
            Conversation.Bytes(new FuseBatchForgetIn { Count = 2 }),
            Conversation.Bytes(new FuseForgetOne { NodeId = a.Value, Lookups = 1 }),
            Conversation.Bytes(new FuseForgetOne { NodeId = b.Value, Lookups = 1 }));

        Assert.Equal(0ul, _kernel.Files.LookupsOf(a));
        Assert.Equal(0ul, _kernel.Files.LookupsOf(b));
    }

    [Fact]
    public void A_missing_name_is_a_negative_entry_with_a_time_out()
    {
        var entry = _kernel.Lookup("absent");

        Assert.Equal(0ul, entry.NodeId);
        Assert.Equal(60ul, entry.EntryValidSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void What_can_be_no_name_is_invalid(string name)
    {
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Lookup, Conversation.Root, Conversation.Name(name)).Error);
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Unlink, Conversation.Root, Conversation.Name(name)).Error);
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Mkdir, Conversation.Root, Conversation.Bytes(new FuseMkdirIn()), Conversation.Name(name)).Error);
    }

    [Fact]
    public void A_name_without_its_end_is_invalid() => Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Lookup, Conversation.Root, "abc"u8.ToArray()).Error);

    [Fact]
    public void A_name_of_255_bytes_is_a_name_and_one_of_256_is_too_long()
    {
        Assert.Equal(0ul, _kernel.Lookup(new string('x', 255)).NodeId);
        Assert.Equal(Errno.ENAMETOOLONG, _kernel.Ask(FuseOpcode.Lookup, Conversation.Root, Conversation.Name(new string('x', 256))).Error);
        Assert.Equal(Errno.ENAMETOOLONG, _kernel.Ask(FuseOpcode.Mkdir, Conversation.Root, Conversation.Bytes(new FuseMkdirIn()), Conversation.Name(new string('x', 256))).Error);
    }

    [Fact]
    public void A_name_of_255_bytes_that_are_not_UTF_8_is_found_again()
    {
        byte[] name = [.. Enumerable.Repeat((byte)0xFF, 255), 0];

        var made = _kernel.Ask(FuseOpcode.Mkdir, Conversation.Root, Conversation.Bytes(new FuseMkdirIn { Mode = 0x1ED }), name).As<FuseEntryOut>();

        Assert.Equal(made.NodeId, _kernel.Ask(FuseOpcode.Lookup, Conversation.Root, name).As<FuseEntryOut>().NodeId);
    }

    [Fact]
    public void Mkdir_makes_a_directory_and_rmdir_takes_an_empty_one()
    {
        var directory = _kernel.Ask(FuseOpcode.Mkdir, Conversation.Root, Conversation.Bytes(new FuseMkdirIn { Mode = 0x1ED }), Conversation.Name("d")).As<FuseEntryOut>();
        Assert.Equal(0x41EDu, directory.Attributes.Mode);
        Assert.Equal(1000u, directory.Attributes.UserId);

        _kernel.Ask(FuseOpcode.Mkdir, directory.NodeId, Conversation.Bytes(new FuseMkdirIn { Mode = 0x1ED }), Conversation.Name("e")).As<FuseEntryOut>();
        Assert.Equal(Errno.ENOTEMPTY, _kernel.Ask(FuseOpcode.Rmdir, Conversation.Root, Conversation.Name("d")).Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Rmdir, directory.NodeId, Conversation.Name("e")).Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Rmdir, Conversation.Root, Conversation.Name("d")).Error);
        Assert.Equal(Errno.ENOENT, _kernel.Ask(FuseOpcode.Rmdir, Conversation.Root, Conversation.Name("d")).Error);
    }

    [Fact]
    public void Mknod_makes_regular_files_only()
    {
        Assert.Equal(0x81A4u, _kernel.Ask(FuseOpcode.Mknod, Conversation.Root, Conversation.Bytes(new FuseMknodIn { Mode = 0x81A4 }), Conversation.Name("f")).As<FuseEntryOut>().Attributes.Mode);
        Assert.Equal(Errno.EPERM, _kernel.Ask(FuseOpcode.Mknod, Conversation.Root, Conversation.Bytes(new FuseMknodIn { Mode = 0x11A4 }), Conversation.Name("pipe")).Error);
    }

    [Fact]
    public void A_symbolic_link_is_read_back()
    {
        var link = _kernel.Ask(FuseOpcode.Symlink, Conversation.Root, Conversation.Name("l"), Conversation.Name("../t\u00e4rget")).As<FuseEntryOut>();

        Assert.Equal("../t\u00e4rget", Encoding.UTF8.GetString(_kernel.Ask(FuseOpcode.Readlink, link.NodeId).Body));
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Symlink, Conversation.Root, Conversation.Name("m")).Error);
        Assert.Equal(Errno.ENAMETOOLONG, _kernel.Ask(FuseOpcode.Symlink, Conversation.Root, Conversation.Name("m"), Conversation.Name(new string('x', 4096))).Error);
    }

    [Fact]
    public void A_hard_link_is_the_same_node()
    {
        var node = _kernel.Files.Add("a", []);

        Assert.Equal(node.Value, _kernel.Ask(FuseOpcode.Link, Conversation.Root, Conversation.Bytes(node.Value), Conversation.Name("b")).As<FuseEntryOut>().NodeId);
        Assert.Equal(1ul, _kernel.Files.LookupsOf(node));
    }

    [Fact]
    public void Unlink_removes_a_name()
    {
        _kernel.Files.Add("a", []);

        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Unlink, Conversation.Root, Conversation.Name("a")).Error);
        Assert.Equal(0ul, _kernel.Lookup("a").NodeId);
    }

    [Fact]
    public void Rename_and_its_flags()
    {
        var a = _kernel.Files.Add("a", []);
        var b = _kernel.Files.Add("b", []);

        FrameReply Rename2(uint flags, string from, string to) =>
            _kernel.Ask(FuseOpcode.Rename2, Conversation.Root, Conversation.Bytes(new FuseRename2In { NewDirectory = 1, Flags = flags }), Conversation.Name(from), Conversation.Name(to));

        Assert.Equal(Errno.EEXIST, Rename2(1, "a", "b").Error);
        Assert.Equal(Errno.None, Rename2(2, "a", "b").Error);
        Assert.Equal(b.Value, _kernel.Lookup("a").NodeId);
        Assert.Equal(Errno.EINVAL, Rename2(4, "a", "b").Error);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Rename, Conversation.Root, Conversation.Bytes(1UL), Conversation.Name("b"), Conversation.Name("a")).Error);
        Assert.Equal(a.Value, _kernel.Lookup("a").NodeId);
        Assert.Equal(Errno.EINVAL, _kernel.Ask(FuseOpcode.Rename, Conversation.Root, Conversation.Bytes(1UL), Conversation.Name("a")).Error);
    }

    [Fact]
    public void A_lookup_that_nobody_received_is_taken_back()
    {
        var node = _kernel.Files.Add("a", []);
        _kernel.Transport.Outcome = Errno.ENOENT;

        _kernel.Lookup("a");

        Assert.Equal(0ul, _kernel.Files.LookupsOf(node));
    }

    [Fact]
    public async Task A_create_that_nobody_received_is_closed_and_its_lookup_taken_back()
    {
        _kernel.Transport.Outcome = Errno.ENOENT;

        var (node, _) = _kernel.Create("a");
        await _kernel.Dispatcher.EndAsync();

        Assert.Equal(0ul, _kernel.Files.LookupsOf(new NodeId(node)));
        Assert.True(SpinWait.SpinUntil(() => _kernel.Files.OpenHandles == 0, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void A_reply_that_the_kernel_refuses_is_followed_by_an_error()
    {
        _kernel.Files.Add("a", []);
        _kernel.Transport.Outcome = Errno.EINVAL;

        _kernel.Send(_kernel.Frame(FuseOpcode.Lookup, Conversation.Root, Conversation.Name("a")));

        Assert.True(_kernel.Transport.TryTake(out _));
        Assert.True(_kernel.Transport.TryTake(out var second));
        Assert.Equal(Errno.EIO, second!.Error);
    }

    public void Dispose() => _kernel.Dispose();
}
