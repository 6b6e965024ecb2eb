using System.Runtime.InteropServices;
using System.Text;
using FtpMount.Fuse.Kernel;
using FtpMount.Fuse.Requests;
using FtpMount.Fuse.Tests.Memory;
using FtpMount.Vfs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Fuse.Tests.Frames;

/// <summary>A kernel in memory that talks to the adapter, frame by frame.</summary>
internal sealed class Conversation : IDisposable
{
    public const ulong Root = 1;
    private readonly RequestBufferPool _buffers = new();
    private readonly FuseReader _reader;
    private ulong _unique;

    public Conversation(IVirtualFileSystem? fileSystem = null)
    {
        Dispatcher = new FuseDispatcher(fileSystem ?? Files, Transport, _buffers, 128, Time, NullLogger.Instance);
        _reader = new FuseReader(Dispatcher, Transport, _buffers);
    }

    public MemoryFileSystem Files { get; } = new();

    public FrameTransport Transport { get; } = new();

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public FuseDispatcher Dispatcher { get; }

    /// <summary>The number of the last request.</summary>
    public ulong LastUnique => _unique;

    public static byte[] Name(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    public static byte[] Bytes<T>(T structure)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in structure)).ToArray();

    /// <summary>The frame of a request with a number of its own.</summary>
    public byte[] Frame(FuseOpcode opcode, ulong node, params byte[][] parts)
    {
        var body = parts.SelectMany(static part => part).ToArray();
        _unique += 2;
        var header = new FuseInHeader { Length = (uint)(40 + body.Length), Opcode = (uint)opcode, Unique = _unique, NodeId = node, UserId = 1000, GroupId = 1001, ProcessId = 42 };
        return [.. Bytes(header), .. body];
    }

    /// <summary>Sends a frame without waiting for a reply.</summary>
    public void Send(byte[] frame)
    {
        Transport.Next = frame;
        Assert.True(_reader.ServeOne());
    }

    /// <summary>Sends a request that takes no reply, and sees that none comes.</summary>
    public void Tell(FuseOpcode opcode, ulong node, params byte[][] parts)
    {
        Send(Frame(opcode, node, parts));
        Assert.False(Transport.TryTake(out _));
    }

    /// <summary>Sends a request that is answered at once.</summary>
    public FrameReply Ask(FuseOpcode opcode, ulong node, params byte[][] parts)
    {
        Send(Frame(opcode, node, parts));
        Assert.True(Transport.TryTake(out var reply), $"{opcode} was not answered.");
        Assert.Equal(_unique, reply!.Header.Unique);
        Assert.False(Transport.TryTake(out _), $"{opcode} was answered twice.");
        return reply;
    }

    /// <summary>Sends a request that is answered later.</summary>
    public async Task<FrameReply> AskAsync(FuseOpcode opcode, ulong node, params byte[][] parts)
    {
        Send(Frame(opcode, node, parts));
        var reply = await Transport.TakeAsync();
        Assert.Equal(_unique, reply.Header.Unique);
        return reply;
    }

    public FuseInitOut Initialize(uint minor = 45, FuseInitFlags offered = (FuseInitFlags)ulong.MaxValue) =>
        Ask(FuseOpcode.Init, 0, Bytes(new FuseInitIn { Major = 7, Minor = minor, MaximumReadahead = 131072, Flags = (uint)offered, Flags2 = (uint)((ulong)offered >> 32) })).As<FuseInitOut>();

    public FuseEntryOut Lookup(string name) => Ask(FuseOpcode.Lookup, Root, Name(name)).As<FuseEntryOut>();

    public (ulong Node, ulong Handle) Create(string name, uint flags = 2)
    {
        var made = Ask(FuseOpcode.Create, Root, Bytes(new FuseCreateIn { Flags = flags, Mode = 0x81A4 }), Name(name)).As<FuseCreateOut>();
        return (made.Entry.NodeId, made.Open.Handle);
    }

    public FrameReply Read(ulong handle, ulong offset, uint size) =>
        Ask(FuseOpcode.Read, Root, Bytes(new FuseReadIn { Handle = handle, Offset = offset, Size = size }));

    public FrameReply Write(ulong handle, ulong offset, byte[] data) =>
        Ask(FuseOpcode.Write, Root, Bytes(new FuseWriteIn { Handle = handle, Offset = offset, Size = (uint)data.Length }), data);

    public void Dispose()
    {
        _reader.Dispose();
        Dispatcher.Dispose();
        _buffers.Dispose();
        Transport.Dispose();
    }
}
