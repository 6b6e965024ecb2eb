using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Worker.Posix;
using FtpMount.EndToEnd.Worker.Session;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>Unmounting works at any time, and what could not be sent is told and kept.</summary>
public sealed class UnmountTests
{
    private const FtpServerKind Kind = FtpServerKind.Vsftpd;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly MountOptions ShortDeadline = new() { Options = ["timeout=3"] };

    [Fact]
    public async Task An_idle_mount_is_gone_at_once()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server);
        await mount.UnmountAsync();
        Assert.False(Directory.EnumerateFileSystemEntries(mount.MountPoint).Any());
    }

    [Fact]
    public async Task Unmount_works_when_the_server_is_dead()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("file"), Limit, 1000, seed: 1)).Error);
        await server.KillAsync();
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task Unmount_works_when_the_server_does_not_answer()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("file"), Limit, 1000, seed: 1)).Error);
        await server.SuspendAsync();
        Task<WorkerReply> waiting = worker.PathAsync("list", mount.MountPoint, Limit); // a call is under way
        await mount.UnmountAsync();
        await waiting;
        await server.ResumeAsync();
    }

    [Fact]
    public async Task Unmount_works_while_files_are_open_and_a_program_stands_in_it()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        await using WorkerProcess worker = WorkerProcess.Start();
        int file = await worker.OpenAsync(mount.PathOf("file"), OpenFlags.ReadWrite | OpenFlags.Create, Limit);
        Assert.Equal(100_000, (await worker.DescriptorAsync("write", file, Limit, 0, 100_000, seed: 4)).Value);
        await worker.PathAsync("enter", mount.MountPoint, Limit);

        ProgramResult unmounted = await mount.RunUnmountAsync();
        Assert.True(await MountTable.WaitAsync(mount.MountPoint, false, Limit), $"still mounted\n{unmounted}\n{mount.ReadLog()}");
        await worker.DescriptorAsync("close", file, Limit);
        await worker.PathAsync("enter", "/", Limit);
        await mount.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);
        WorkerReply arrived = await worker.PathAsync("read-file", Path.Combine(server.RootDirectory, "file"), Limit, seed: 4);
        Assert.True(arrived.Value == 100_000 && arrived.Text is null, $"{arrived}\n{mount.ReadLog()}");
    }

    [Fact]
    public async Task What_could_not_be_sent_is_listed_with_exit_code_1_and_kept_in_the_state_folder()
    {
        await using FtpTestServer server = await StartAsync();
        await using WorkerProcess worker = WorkerProcess.Start();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        int file = await worker.OpenAsync(mount.PathOf("unsent file"), OpenFlags.WriteOnly | OpenFlags.Create, Limit);
        Assert.Equal(300_000, (await worker.DescriptorAsync("write", file, Limit, 0, 300_000, seed: 9)).Value);
        await server.KillAsync();
        Assert.NotEqual(Errno.None, (await worker.DescriptorAsync("close", file, Limit)).Error);

        ProgramResult unmounted = await mount.RunUnmountAsync("--timeout", "3");
        Assert.Equal(1, unmounted.ExitCode);
        Assert.Contains("unsent file", unmounted.Output + unmounted.Error, StringComparison.Ordinal);
        Assert.True(await MountTable.WaitAsync(mount.MountPoint, false, Limit), $"still mounted\n{mount.ReadLog()}");
        await mount.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);
        foreach (string kept in Directory.EnumerateFiles(mount.StateDirectory, "*", SearchOption.AllDirectories).Where(path => new FileInfo(path).Length == 300_000))
        {
            if ((await worker.PathAsync("read-file", kept, Limit, seed: 9)).Text is null)
                return;
        }
        Assert.Fail($"What was not sent is not below {mount.StateDirectory}\n{unmounted}\n{mount.ReadLog()}");
    }

    [Fact]
    public async Task What_was_pending_is_sent_by_unmount_when_the_server_is_back()
    {
        await using FtpTestServer server = await StartAsync();
        await using WorkerProcess worker = WorkerProcess.Start();
        await using Mount mount = await Mount.StartAsync(server, ShortDeadline);
        int file = await worker.OpenAsync(mount.PathOf("file"), OpenFlags.WriteOnly | OpenFlags.Create, Limit);
        Assert.Equal(300_000, (await worker.DescriptorAsync("write", file, Limit, 0, 300_000, seed: 9)).Value);
        await server.KillAsync();
        Assert.NotEqual(Errno.None, (await worker.DescriptorAsync("close", file, Limit)).Error);
        await server.RestartAsync();
        await mount.UnmountAsync();
        WorkerReply arrived = await worker.PathAsync("read-file", Path.Combine(server.RootDirectory, "file"), Limit, seed: 9);
        Assert.True(arrived.Value == 300_000 && arrived.Text is null, arrived.ToString());
    }

    [Fact]
    public async Task A_foreign_umount_ends_the_program()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server);
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("file"), Limit, 1000, seed: 1)).Error);
        (await ProgramRun.ShellAsync(Limit, "umount \"$1\" 2> /dev/null || fusermount3 -u \"$1\"", mount.MountPoint)).MustSucceed();
        Assert.Equal(0, await mount.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_lazy_foreign_umount_lets_open_files_finish()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server);
        await using WorkerProcess worker = WorkerProcess.Start();
        int file = await worker.OpenAsync(mount.PathOf("file"), OpenFlags.WriteOnly | OpenFlags.Create, Limit);
        (await ProgramRun.ShellAsync(Limit, "umount -l \"$1\" 2> /dev/null || fusermount3 -uz \"$1\"", mount.MountPoint)).MustSucceed();
        Assert.Equal(100_000, (await worker.DescriptorAsync("write", file, Limit, 0, 100_000, seed: 4)).Value);
        Assert.Equal(Errno.None, (await worker.DescriptorAsync("close", file, Limit)).Error);
        Assert.Equal(0, await mount.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken));
        WorkerReply arrived = await worker.PathAsync("read-file", Path.Combine(server.RootDirectory, "file"), Limit, seed: 4);
        Assert.True(arrived.Value == 100_000 && arrived.Text is null, arrived.ToString());
    }

    [Fact]
    public async Task SIGTERM_unmounts()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server);
        await using WorkerProcess worker = WorkerProcess.Start();
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", mount.PathOf("file"), Limit, 1000, seed: 1)).Error);
        await mount.TerminateAsync();
        Assert.True(await MountTable.WaitAsync(mount.MountPoint, false, Limit), $"still mounted\n{mount.ReadLog()}");
        await mount.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task After_kill_9_the_stale_mount_point_is_cleared_and_mounted_again()
    {
        using var folder = new TemporaryFolder();
        string mountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName;
        MountOptions options = ShortDeadline with { MountPoint = mountPoint };
        await using FtpTestServer server = await StartAsync();
        await using WorkerProcess worker = WorkerProcess.Start();
        await using Mount killed = await Mount.StartAsync(server, options);
        Assert.Equal(Errno.None, (await worker.PathAsync("write-file", killed.PathOf("file"), Limit, 50_000, seed: 1)).Error);
        await killed.KillAsync();
        await killed.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.NotNull(MountTable.TypeAt(mountPoint));
        Assert.Equal(Errno.ENOTCONN, (await worker.PathAsync("stat", mountPoint, Limit)).Error);

        await using Mount again = await Mount.LaunchAsync(server, options);
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        WorkerReply read;
        do
        {
            Assert.True(Environment.TickCount64 < end && !again.Exited.IsCompleted, $"not mounted again\n{again.ReadLog()}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
            read = await worker.PathAsync("read-file", again.PathOf("file"), Limit, seed: 1);
        }
        while (read.Value != 50_000);
        Assert.Null(read.Text);
        await again.UnmountAsync();
        Assert.Null(MountTable.TypeAt(mountPoint));
    }

    private static async Task<FtpTestServer> StartAsync()
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(Kind, out string reason), reason);
        return await FtpTestServer.StartAsync(Kind);
    }
}
