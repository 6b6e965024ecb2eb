using FtpMount.Fuse.Mounting;

namespace FtpMount.Fuse.Tests.Mounts;

public sealed class MountTableTests
{
    [Fact]
    public void A_line_is_parsed_and_its_names_are_unescaped()
    {
        Assert.True(MountTable.TryParse(@"36 35 0:51 / /mnt/a\040b\134c\011 rw,noatime master:1 shared:2 - fuse.ftpmount ftp://host/\040x rw", out var entry));

        Assert.Equal(new MountTableEntry("0:51", "/mnt/a b\\c\t", "fuse.ftpmount", "ftp://host/ x"), entry);
        Assert.True(entry!.IsFuse);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35")]
    [InlineData("36 35 0:51 / /mnt rw")]
    [InlineData("36 35 0:51 / /mnt rw - ext4")]
    public void What_is_no_line_is_refused(string line) => Assert.False(MountTable.TryParse(line, out _));

    [Fact]
    public void The_root_is_mounted() => Assert.NotNull(MountTable.Find("/"));

    [Fact]
    public void Options_for_fusermount3_are_escaped() =>
        Assert.Equal(
            @"fsname=ftp://h/a\,b\\c,subtype=ftpmount,nosuid,nodev,ro,allow_other,default_permissions",
            Fusermount.OptionText(new FuseMountOptions { MountPoint = "/", Source = @"ftp://h/a,b\c", ReadOnly = true, AllowOther = true, DefaultPermissions = true }));
}
