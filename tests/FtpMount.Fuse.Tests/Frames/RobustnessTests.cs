using System.Runtime.InteropServices;
using CsCheck;
using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class RobustnessTests
{
    private const int LastOpcode = 60;

    [Theory]
    [InlineData(FuseOpcode.Access)]
    [InlineData(FuseOpcode.Getlk)]
    [InlineData(FuseOpcode.Setlk)]
    [InlineData(FuseOpcode.Setlkw)]
    [InlineData(FuseOpcode.Bmap)]
    [InlineData(FuseOpcode.Ioctl)]
    [InlineData(FuseOpcode.Poll)]
    [InlineData(FuseOpcode.Tmpfile)]
    [InlineData(FuseOpcode.SetupMapping)]
    [InlineData((FuseOpcode)4096)]
    [InlineData((FuseOpcode)uint.MaxValue)]
    [InlineData((FuseOpcode)0)]
    public void What_is_not_there_is_ENOSYS(object opcode)
    {
        using var kernel = new Conversation();

        Assert.Equal(Errno.ENOSYS, kernel.Ask((FuseOpcode)opcode, 1, new byte[64]).Error);
        Assert.Equal(1, kernel.Dispatcher.Statistics.Requests);
    }

    [Fact]
    public void A_truncated_frame_of_any_opcode_is_answered_at_most_once()
    {
        using var kernel = new Conversation();
        for (var opcode = 0; opcode <= LastOpcode; opcode++)
        {
            for (var length = 0; length <= 96; length++)
            {
                kernel.Send(kernel.Frame((FuseOpcode)opcode, 1, new byte[length]));
                ExpectOneAnswerAtMost(kernel, (FuseOpcode)opcode);
            }
        }
    }

    [Fact]
    public void A_frame_that_is_shorter_than_it_says_is_an_error()
    {
        using var kernel = new Conversation();
        var frame = kernel.Frame(FuseOpcode.Getattr, 1, new byte[16]);

        kernel.Send(frame[..50]);

        Assert.True(kernel.Transport.TryTake(out var reply));
        Assert.Equal(Errno.EIO, reply!.Error);
    }

    [Fact]
    public void A_frame_without_a_whole_header_is_dropped()
    {
        using var kernel = new Conversation();

        kernel.Send(new byte[39]);

        Assert.False(kernel.Transport.TryTake(out _));
        Assert.Equal(0ul, kernel.Lookup("absent").NodeId);
    }

    [Fact]
    public void Extensions_after_the_arguments_are_skipped()
    {
        using var kernel = new Conversation();
        var frame = kernel.Frame(FuseOpcode.Mkdir, 1, Conversation.Bytes(new FuseMkdirIn { Mode = 0x1ED }), Conversation.Name("d234567"), new byte[16]);
        MemoryMarshal.Write(frame.AsSpan(36), (ushort)2);

        kernel.Send(frame);

        Assert.True(kernel.Transport.TryTake(out var reply));
        Assert.Equal(Errno.None, reply!.Error);
    }

    [Fact]
    public void Arbitrary_bodies_never_break_the_adapter() =>
        Gen.Select(Gen.Int[0, LastOpcode], Gen.ULong[0, 5], Gen.Byte.Array[0, 200]).Sample((opcode, node, body) =>
        {
            using var kernel = new Conversation();
            kernel.Files.Add("a", [1, 2, 3]);
            kernel.Send(kernel.Frame((FuseOpcode)opcode, node, body));
            ExpectOneAnswerAtMost(kernel, (FuseOpcode)opcode);
            Assert.Equal(0ul, kernel.Lookup("absent").NodeId);
        });

    private static void ExpectOneAnswerAtMost(Conversation kernel, FuseOpcode opcode)
    {
        var answered = kernel.Transport.TryTake(out _);
        Assert.False(kernel.Transport.TryTake(out _), $"{opcode} was answered twice.");
        if (opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.NotifyReply)
            Assert.False(answered, $"{opcode} takes no answer.");
        else
            Assert.True(answered, $"{opcode} was not answered.");
    }
}
