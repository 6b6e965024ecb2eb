using FtpMount.Fuse.Mounting;

namespace FtpMount.Fuse.Tests.Mounts;

public sealed class MountTableTests
{
    private const string Text = """
        25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
        99 25 0:51 / /mnt/my\040photos rw,nosuid,nodev,relatime shared:7 master:2 - fuse.ftpmount ftp://anna@nas/a\040b rw,user_id=1000,group_id=1000
        100 25 0:52 / /mnt/x ro,nosuid - fuse.sshfs host: rw,user_id=0,group_id=0
        101 100 0:53 / /mnt/x rw - tmpfs tmpfs rw
        garbage
        1 2 3 4 5 6
        36 35 0:51 / /mnt rw
        36 35 0:51 / /mnt rw - ext4
        """;

    [Fact]
    public void A_line_is_parsed_and_its_names_are_unescaped()
    {
        var entry = Assert.Single(MountTable.Parse(@"36 35 0:51 / /mnt/a\040b\134c\011 rw,noatime master:1 shared:2 - fuse.ftpmount ftp://host/\040x rw").Entries);

        Assert.Equal(new MountTableEntry("0:51", "/mnt/a b\\c\t", "fuse.ftpmount", "ftp://host/ x", "rw,noatime", "rw"), entry);
        Assert.True(entry.IsFuse);
    }

    [Fact]
    public void A_name_may_have_any_bytes() => Assert.Equal("/mnt/\u00E4", MountTable.Parse("36 35 0:51 / /mnt/\u00C3\u00A4 rw - tmpfs tmpfs rw").Entries[0].MountPoint);

    [Fact]
    public void Owner_and_mode_of_a_mount_are_told()
    {
        var entry = MountTable.Parse(Text).At("/mnt/my photos")!;
        Assert.Equal(("ftp://anna@nas/a b", true, 1000u, false), (entry.Source, entry.IsFtpMount, entry.Owner!.Value, entry.IsReadOnly));
    }

    [Fact]
    public void Of_mounts_at_one_path_the_last_is_seen() => Assert.Equal("tmpfs", MountTable.Parse(Text).At("/mnt/x")!.Type);

    [Fact]
    public void Lines_of_another_form_are_left_out() => Assert.Equal(4, MountTable.Parse(Text).Entries.Count);

    [Fact]
    public void The_root_is_mounted() => Assert.NotNull(MountTable.Read().At("/"));

    [Fact]
    public void Options_for_fusermount3_are_escaped() =>
        Assert.Equal(
            @"fsname=ftp://h/a\,b\\c,subtype=ftpmount,nosuid,nodev,ro,allow_other,default_permissions",
            Fusermount.OptionText(new FuseMountOptions { MountPoint = "/", Source = @"ftp://h/a,b\c", ReadOnly = true, AllowOther = true, DefaultPermissions = true }));
}
