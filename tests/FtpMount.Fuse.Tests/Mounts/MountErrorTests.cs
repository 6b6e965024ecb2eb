using FtpMount.Fuse.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>What cannot be mounted on says why.</summary>
public sealed class MountErrorTests
{
    [Fact]
    public async Task A_missing_mount_point()
    {
        await using var folder = new MountFolder();

        await ExpectAsync(FuseMountError.MountPointMissing, Path.Combine(folder.Path, "absent"));
        await ExpectAsync(FuseMountError.MountPointMissing, Path.Combine(folder.Path, "absent", "below"));
    }

    [Fact]
    public async Task A_file_as_mount_point()
    {
        await using var folder = new MountFolder();
        var file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "x", TestContext.Current.CancellationToken);

        await ExpectAsync(FuseMountError.MountPointNotDirectory, file);
        await ExpectAsync(FuseMountError.MountPointNotDirectory, Path.Combine(file, "below"));
    }

    [Fact]
    public async Task A_mount_point_with_files_in_it_unless_that_is_wanted()
    {
        await using var folder = new MountFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.MountPoint, "file"), "x", TestContext.Current.CancellationToken);

        await ExpectAsync(FuseMountError.MountPointNotEmpty, folder.MountPoint);

        await using var mount = await FuseMount.MountAsync(new MemoryFileSystem(), new FuseMountOptions { MountPoint = folder.MountPoint, AllowNonEmpty = true }, NullLogger.Instance, TestContext.Current.CancellationToken);
        Assert.True(folder.IsMounted);
    }

    [Fact]
    public async Task A_mount_point_that_is_in_use()
    {
        await using var mount = await TestMount.CreateAsync();

        await ExpectAsync(FuseMountError.AlreadyMounted, mount.Path);
        await ExpectAsync(FuseMountError.AlreadyMounted, mount.Path + "/");
    }

    [Fact]
    public async Task A_mount_point_behind_a_symbolic_link_is_mounted_where_it_leads()
    {
        await using var folder = new MountFolder();
        var link = Path.Combine(folder.Path, "link");
        File.CreateSymbolicLink(link, folder.MountPoint);

        await using var mount = await FuseMount.MountAsync(new MemoryFileSystem(), new FuseMountOptions { MountPoint = link }, NullLogger.Instance, TestContext.Current.CancellationToken);

        Assert.Equal(folder.MountPoint, mount.MountPoint);
        Assert.True(folder.IsMounted);
        await ExpectAsync(FuseMountError.AlreadyMounted, link);
    }

    private static async Task ExpectAsync(FuseMountError error, string mountPoint)
    {
        var exception = await Assert.ThrowsAsync<FuseMountException>(async () =>
            await FuseMount.MountAsync(new MemoryFileSystem(), new FuseMountOptions { MountPoint = mountPoint }, NullLogger.Instance, TestContext.Current.CancellationToken));
        Assert.Equal(error, exception.Error);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Contains(": ", exception.Message, StringComparison.Ordinal);
    }
}
