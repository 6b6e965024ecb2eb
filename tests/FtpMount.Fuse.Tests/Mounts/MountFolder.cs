using FtpMount.Fuse.Mounting;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>A folder of a test's own with a mount point in it. Nothing is left behind: what is still mounted at the end is detached.</summary>
internal sealed class MountFolder : IAsyncDisposable
{
    public MountFolder()
    {
        SkipUnlessMountable();
        Path = Directory.CreateTempSubdirectory("ftpmount-fuse-").FullName;
        MountPoint = System.IO.Path.Combine(Path, "mount point");
        Outside = System.IO.Path.Combine(Path, "outside");
        Directory.CreateDirectory(MountPoint);
        Directory.CreateDirectory(Outside);
    }

    public string Path { get; }

    public string MountPoint { get; }

    /// <summary>An ordinary folder beside the mount point.</summary>
    public string Outside { get; }

    public bool IsMounted => MountTable.Read().At(MountPoint) is not null;

    public static void SkipUnlessMountable()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/dev/fuse"))
            Assert.Skip("There is no /dev/fuse on this machine.");
        try
        {
            using var device = File.Open("/dev/fuse", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"/dev/fuse cannot be opened: {e.Message}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < 10 && IsMounted; i++)
            await Shell.RunAsync("""umount -l "$1" 2>/dev/null || fusermount3 -uz "$1" """, MountPoint);
        if (!IsMounted)
            await Shell.RunAsync("""rm -rf --one-file-system "$1" """, Path);
    }
}
