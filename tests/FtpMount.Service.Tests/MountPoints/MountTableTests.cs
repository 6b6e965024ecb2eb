using FtpMount.Service.MountPoints;

namespace FtpMount.Service.Tests.MountPoints;

public sealed class MountTableTests
{
    private const string Text = """
        25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
        99 25 0:51 / /mnt/my\040photos rw,nosuid,nodev,relatime shared:7 master:2 - fuse.ftpmount ftp://anna@nas/a\040b rw,user_id=1000,group_id=1000
        100 25 0:52 / /mnt/x ro,nosuid - fuse.sshfs host: rw,user_id=0,group_id=0
        101 100 0:53 / /mnt/x rw - tmpfs tmpfs rw
        garbage
        1 2 3 4 5 6
        """;

    [Fact]
    public void Mount_points_are_unescaped()
    {
        var entry = MountTable.Parse(Text).At("/mnt/my photos")!;
        Assert.Equal(("ftp://anna@nas/a b", true, 1000u, false), (entry.Source, entry.IsFtpMount, entry.Owner!.Value, entry.IsReadOnly));
    }

    [Fact]
    public void Of_mounts_at_one_path_the_last_is_seen() => Assert.Equal("tmpfs", MountTable.Parse(Text).At("/mnt/x")!.FileSystemType);

    [Fact]
    public void Lines_of_another_form_are_left_out() => Assert.Equal(4, MountTable.Parse(Text).Entries.Count);

    [Fact]
    public void This_system_has_a_root() => Assert.NotNull(MountTable.Read().At("/"));
}
