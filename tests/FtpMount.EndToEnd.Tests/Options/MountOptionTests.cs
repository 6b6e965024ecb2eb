using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Options;

/// <summary>What the options of <c>-o</c> change for programs.</summary>
public sealed class MountOptionTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_read_only_mount_refuses_every_change_with_EROFS()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { Options = ["ro"] });
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(7, (await worker.PathAsync("stat", mount.PathOf("folder/file"), Limit)).Value);
        Assert.Equal(Errno.EROFS, (await worker.PathAsync("write-file", mount.PathOf("new"), Limit, 10)).Error);
        Assert.Equal(Errno.EROFS, (await worker.PathAsync("write-file", mount.PathOf("folder/file"), Limit, 10)).Error);
        Assert.Equal(Errno.EROFS, (await worker.PathAsync("mkdir", mount.PathOf("new"), Limit)).Error);
        Assert.Equal(Errno.EROFS, (await worker.PathAsync("unlink", mount.PathOf("folder/file"), Limit)).Error);
        Assert.Equal(Errno.EROFS, (await worker.PathAsync("truncate", mount.PathOf("folder/file"), Limit)).Error);
        await mount.UnmountAsync();
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "folder", "file"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Owner_group_and_umask_are_shown_as_asked_for()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { Options = ["uid=1234", "gid=2345", "umask=077"] });
        ProgramResult shown = (await ProgramRun.RunAsync(Limit, "stat", "-c", "%u %g %a", mount.PathOf("folder/file"), mount.PathOf("folder"))).MustSucceed();
        Assert.Equal("1234 2345 600\n1234 2345 700\n", shown.Output);
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task A_folder_of_the_server_is_mounted_alone()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { RemotePath = "folder" });
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal("file", (await worker.PathAsync("list", mount.MountPoint, Limit)).Text);
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("new"), Limit, 10)).Error);
        await mount.UnmountAsync();
        Assert.True(File.Exists(Path.Combine(server.RootDirectory, "folder", "new")));
    }

    private static async Task<FtpTestServer> StartAsync()
    {
        MountProgram.SkipUnlessPresent();
        FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.ProFtpd);
        string folder = Directory.CreateDirectory(Path.Combine(server.RootDirectory, "folder")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "content", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(Path.Combine(folder, "file"), (UnixFileMode)0x1a4);
        server.AdoptFiles();
        return server;
    }
}
