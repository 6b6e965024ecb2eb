using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Frames;

public sealed class InitializationTests : IDisposable
{
    private readonly Conversation _kernel = new();

    [Fact]
    public async Task A_new_kernel_gets_one_mebibyte_requests_and_the_chosen_flags()
    {
        var reply = _kernel.Initialize();

        Assert.Equal(7u, reply.Major);
        Assert.True(reply.Minor >= 31);
        Assert.Equal(1u << 20, reply.MaximumWrite);
        Assert.Equal((1 << 20) / Environment.SystemPageSize, reply.MaximumPages);
        Assert.Equal(128, reply.MaximumBackground);
        Assert.Equal(uint.MaxValue, reply.MaximumReadahead);
        var flags = (FuseInitFlags)(reply.Flags | ((ulong)reply.Flags2 << 32));
        Assert.True(flags.HasFlag(FuseInitFlags.InitExt | FuseInitFlags.HasExpireOnly | FuseInitFlags.DoReaddirplus | FuseInitFlags.ReaddirplusAuto | FuseInitFlags.ExplicitInvalidateData));
        Assert.Equal(FuseInitFlags.None, flags & (FuseInitFlags.WritebackCache | FuseInitFlags.AutoInvalidateData));
        Assert.True(await _kernel.Dispatcher.Initialized);
    }

    [Fact]
    public void A_kernel_without_the_extended_form_is_answered_without_it()
    {
        var reply = _kernel.Ask(FuseOpcode.Init, 0, Conversation.Bytes(7u), Conversation.Bytes(31u), Conversation.Bytes(131072u), Conversation.Bytes(0x03FFFFFFu)).As<FuseInitOut>();

        Assert.Equal(0u, reply.Flags2);
        Assert.False(((FuseInitFlags)reply.Flags).HasFlag(FuseInitFlags.InitExt));
        Assert.Equal(1u << 20, reply.MaximumWrite);
    }

    [Fact]
    public void A_kernel_without_MAX_PAGES_gets_32_pages()
    {
        var reply = _kernel.Initialize(31, FuseInitFlags.AsyncRead | FuseInitFlags.BigWrites);

        Assert.Equal((uint)(32 * Environment.SystemPageSize), reply.MaximumWrite);
    }

    [Fact]
    public async Task A_kernel_that_is_too_old_is_refused()
    {
        Assert.Equal(Errno.EPROTO, _kernel.Ask(FuseOpcode.Init, 0, Conversation.Bytes(new FuseInitIn { Major = 7, Minor = 26 })).Error);
        Assert.False(await _kernel.Dispatcher.Initialized);
    }

    [Fact]
    public void A_kernel_of_a_later_major_version_is_told_ours_and_asks_again()
    {
        var reply = _kernel.Ask(FuseOpcode.Init, 0, Conversation.Bytes(new FuseInitIn { Major = 8, Minor = 1 })).As<FuseInitOut>();

        Assert.Equal(7u, reply.Major);
        Assert.False(_kernel.Dispatcher.Initialized.IsCompleted);
        _kernel.Initialize();
        Assert.True(_kernel.Dispatcher.Initialized.IsCompleted);
    }

    [Fact]
    public void A_truncated_INIT_is_refused() => Assert.Equal(Errno.EPROTO, _kernel.Ask(FuseOpcode.Init, 0, Conversation.Bytes(7UL)).Error);

    [Fact]
    public void DESTROY_is_answered() => Assert.Equal(Errno.None, _kernel.Ask(FuseOpcode.Destroy, 0).Error);

    public void Dispose() => _kernel.Dispose();
}
