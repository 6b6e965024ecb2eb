using System.Runtime.InteropServices;
using System.Text;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Requests;
using FtpMount.Remote;
using FtpMount.Vfs;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class DirectoryTests : IDisposable
{
    private readonly Conversation _kernel = new();

    [Theory]
    [InlineData(false, 512)]
    [InlineData(true, 1024)]
    [InlineData(true, 1 << 20)]
    public void Every_entry_is_seen_once_whatever_the_size_of_the_buffer(bool plus, int size)
    {
        _kernel.Files.AddDirectory("d", 300);
        var directory = _kernel.Lookup("d").NodeId;
        var handle = _kernel.Ask(FuseOpcode.Opendir, directory, Conversation.Bytes(new FuseOpenIn())).As<FuseOpenOut>().Handle;

        List<string> names = [];
        for (var cookie = 0ul; ;)
        {
            var body = _kernel.Ask(plus ? FuseOpcode.Readdirplus : FuseOpcode.Readdir, directory, Conversation.Bytes(new FuseReadIn { Handle = handle, Offset = cookie, Size = (uint)size })).Body;
            if (body.IsEmpty)
                break;
            Assert.True(body.Length <= size);
            for (; !body.IsEmpty; body = body[((((plus ? 152 : 24) + names[^1].Length) + 7) & -8)..])
            {
                var dirent = MemoryMarshal.Read<FuseDirent>(plus ? body[128..] : body);
                cookie = dirent.Offset;
                names.Add(Encoding.UTF8.GetString(body.Slice(plus ? 152 : 24, (int)dirent.NameLength)));
                if (!plus)
                    continue;
                var entry = MemoryMarshal.Read<FuseEntryOut>(body);
                Assert.Equal(names[^1] is "." or "..", entry.NodeId == 0);
                Assert.Equal(entry.NodeId == 0 ? 0ul : 1ul, _kernel.Files.LookupsOf(new NodeId(entry.NodeId)));
            }
        }

        Assert.Equal([".", "..", .. Enumerable.Range(0, 300).Select(static i => $"file-{i:D6}")], names);
        Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Releasedir, directory, Conversation.Bytes(new FuseReleaseIn { Handle = handle })).Error);
        Assert.Equal(0, _kernel.Files.OpenHandles);
    }

    [Fact]
    public void A_listing_that_nobody_received_gives_its_lookups_back()
    {
        var node = _kernel.Files.Add("a", []);
        var handle = _kernel.Ask(FuseOpcode.Opendir, 1, Conversation.Bytes(new FuseOpenIn())).As<FuseOpenOut>().Handle;
        _kernel.Transport.Outcome = Errno.ENOENT;

        _kernel.Ask(FuseOpcode.Readdirplus, 1, Conversation.Bytes(new FuseReadIn { Handle = handle, Size = 4096 }));

        Assert.Equal(0ul, _kernel.Files.LookupsOf(node));
    }

    [Fact]
    public void Records_are_padded_with_zeroes_and_carry_the_type()
    {
        var sink = new KernelDirectorySink();
        var body = new byte[64];
        Array.Fill(body, (byte)0xEE);
        sink.Begin(body, wantsEntries: false);

        Assert.True(sink.TryAdd("abc", Entry(RemoteKind.Symlink), 7));

        Assert.Equal(32, sink.Length);
        var dirent = MemoryMarshal.Read<FuseDirent>(body);
        Assert.Equal((7ul, 3u, 10u), (dirent.Offset, dirent.NameLength, dirent.Type));
        Assert.Equal("abc\0\0\0\0\0"u8, body.AsSpan(24, 8));
        Assert.Equal(0xEE, body[32]);
        Assert.True(sink.TryAdd("12345678", Entry(RemoteKind.File), 8));
        Assert.False(sink.TryAdd("x", Entry(RemoteKind.File), 9));
        Assert.Equal(64, sink.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("x\\uD800")]
    public void What_can_be_no_name_is_left_out_and_forgotten(string name)
    {
        var node = _kernel.Files.Add("a", []);
        _kernel.Lookup("a");
        var sink = new KernelDirectorySink();
        sink.Begin(new byte[4096], wantsEntries: true);

        // A lone surrogate does not survive in the data of a theory.
        Assert.True(sink.TryAdd(name == @"x\uD800" ? "x\uD800" : name, new VfsEntry { Node = node }, 3));
        sink.ForgetLeftOut(_kernel.Files);

        Assert.Equal((0, 1), (sink.Length, sink.LeftOut));
        Assert.Equal(0ul, _kernel.Files.LookupsOf(node));
    }

    [Fact]
    public void A_name_that_is_not_UTF_8_keeps_its_bytes()
    {
        var sink = new KernelDirectorySink();
        var body = new byte[64];
        sink.Begin(body, wantsEntries: false);

        Assert.True(sink.TryAdd(NameCodec.Utf8.Decode([0x61, 0xFF, 0x62]), Entry(RemoteKind.File), 1));

        Assert.Equal([0x61, 0xFF, 0x62], body[24..27]);
    }

    private static VfsEntry Entry(RemoteKind kind) => new() { Attributes = new VfsAttributes { Inode = 5, Kind = kind, Mode = 0x1A4 } };

    public void Dispose() => _kernel.Dispose();
}
