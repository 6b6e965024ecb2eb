using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Kernel;

namespace FtpMount.Fuse.Tests.Kernel;

public sealed class LayoutTests
{
    [Theory]
    [InlineData(typeof(FuseInHeader), 40)]
    [InlineData(typeof(FuseOutHeader), 16)]
    [InlineData(typeof(FuseAttr), 88)]
    [InlineData(typeof(FuseAttrOut), 104)]
    [InlineData(typeof(FuseEntryOut), 128)]
    [InlineData(typeof(FuseCreateOut), 144)]
    [InlineData(typeof(FuseForgetIn), 8)]
    [InlineData(typeof(FuseForgetOne), 16)]
    [InlineData(typeof(FuseBatchForgetIn), 8)]
    [InlineData(typeof(FuseGetattrIn), 16)]
    [InlineData(typeof(FuseSetattrIn), 88)]
    [InlineData(typeof(FuseMknodIn), 16)]
    [InlineData(typeof(FuseMkdirIn), 8)]
    [InlineData(typeof(FuseRenameIn), 8)]
    [InlineData(typeof(FuseRename2In), 16)]
    [InlineData(typeof(FuseLinkIn), 8)]
    [InlineData(typeof(FuseOpenIn), 8)]
    [InlineData(typeof(FuseOpenOut), 16)]
    [InlineData(typeof(FuseCreateIn), 16)]
    [InlineData(typeof(FuseReadIn), 40)]
    [InlineData(typeof(FuseWriteIn), 40)]
    [InlineData(typeof(FuseWriteOut), 8)]
    [InlineData(typeof(FuseKstatfs), 80)]
    [InlineData(typeof(FuseReleaseIn), 24)]
    [InlineData(typeof(FuseFlushIn), 24)]
    [InlineData(typeof(FuseFsyncIn), 16)]
    [InlineData(typeof(FuseSetxattrIn), 8)]
    [InlineData(typeof(FuseSetxattrExtIn), 16)]
    [InlineData(typeof(FuseGetxattrIn), 8)]
    [InlineData(typeof(FuseGetxattrOut), 8)]
    [InlineData(typeof(FuseInterruptIn), 8)]
    [InlineData(typeof(FuseInitIn), 64)]
    [InlineData(typeof(FuseInitOut), 64)]
    [InlineData(typeof(FuseFallocateIn), 32)]
    [InlineData(typeof(FuseLseekIn), 24)]
    [InlineData(typeof(FuseLseekOut), 8)]
    [InlineData(typeof(FuseCopyFileRangeIn), 56)]
    [InlineData(typeof(FuseCopyFileRangeOut), 8)]
    [InlineData(typeof(FuseStatxIn), 24)]
    [InlineData(typeof(FuseStatxTime), 16)]
    [InlineData(typeof(FuseStatx), 256)]
    [InlineData(typeof(FuseStatxOut), 288)]
    [InlineData(typeof(FuseDirent), 24)]
    [InlineData(typeof(FuseDirentPlus), 152)]
    [InlineData(typeof(FuseNotifyInvalInodeOut), 24)]
    [InlineData(typeof(FuseNotifyInvalEntryOut), 16)]
    [InlineData(typeof(FuseNotifyDeleteOut), 24)]
    public void A_structure_has_the_size_of_the_kernel(Type structure, int size) => Assert.Equal(size, Marshal.SizeOf(structure));

    [Fact]
    public void The_name_of_a_direntplus_begins_at_152() => Assert.Equal(152, Unsafe.SizeOf<FuseDirentPlus>());

    [Fact]
    public void Statx_times_lie_where_the_kernel_puts_them()
    {
        Assert.Equal(32, Marshal.OffsetOf<FuseStatxOut>(nameof(FuseStatxOut.Stat)));
        Assert.Equal(64, Marshal.OffsetOf<FuseStatx>(nameof(FuseStatx.Accessed)));
        Assert.Equal(80, Marshal.OffsetOf<FuseStatx>(nameof(FuseStatx.Created)));
        Assert.Equal(112, Marshal.OffsetOf<FuseStatx>(nameof(FuseStatx.Modified)));
    }
}
