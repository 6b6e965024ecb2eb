using FtpMount.Fuse.Mounting;
using FtpMount.Service.MountPoints;

namespace FtpMount.Service.Tests.MountPoints;

public sealed class MountPointPathTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private static readonly MountTable Nothing = MountTable.Parse("");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Links_are_resolved_in_the_parent_and_in_the_last_name()
    {
        var real = Directory.CreateDirectory(Path.Combine(_directory.Path, "real", "mnt")).FullName;
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "parent"), "real");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "last"), "parent/mnt");
        foreach (var path in new[] { "real/mnt", "real/mnt/", "parent/mnt", "last", "real/../real/./mnt" })
            Assert.Equal(real, MountPointPath.Canonicalise(Path.Combine(_directory.Path, path), Nothing));
    }

    [Fact]
    public void A_mount_point_that_does_not_exist_yet_has_a_path() =>
        Assert.Equal(Path.Combine(_directory.Path, "new"), MountPointPath.Canonicalise(_directory.Path + "/new", Nothing));

    [Fact]
    public void A_parent_that_does_not_exist_is_an_error_that_says_what_to_do() =>
        Assert.Contains("mkdir -p", Assert.Throws<MountException>(() => MountPointPath.Canonicalise(_directory.Path + "/no/new", Nothing)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_circle_of_links_is_an_error()
    {
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "a"), "b");
        File.CreateSymbolicLink(Path.Combine(_directory.Path, "b"), "a");
        Assert.Throws<MountException>(() => MountPointPath.Canonicalise(_directory.Path + "/a", Nothing));
    }

    [Fact]
    public void What_is_listed_as_mounted_is_not_touched()
    {
        // The parent does not even exist: the path can only have come from the table.
        var mounts = MountTable.Parse("1 2 0:1 / /nonexistent/folder/mnt rw - fuse.ftpmount ftp://h/ rw,user_id=0");
        Assert.Equal("/nonexistent/folder/mnt", MountPointPath.Canonicalise("/nonexistent/folder/mnt/", mounts));
    }
}
