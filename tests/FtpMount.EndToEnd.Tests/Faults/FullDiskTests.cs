using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Tests.Servers;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>The room for what is not on the server yet is used up.</summary>
public sealed class FullDiskTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static TheoryData<string> Servers => AnyServer.OfEachProtocol;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_copy_larger_than_the_write_budget_arrives_whole(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);

        // Nothing would be sent for an hour if nobody needed the room.
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=3600", "write-budget=2M"] });
        (await ProgramRun.ShellAsync(
            Limit,
            "head -c 10000000 /dev/urandom | split -b 700000 - \"$2/part.\"; cp \"$2\"/part.* \"$1/\"; for f in \"$2\"/part.*; do cmp \"$f\" \"$1/${f##*/}\"; done",
            mount.MountPoint,
            mount.StateDirectory)).MustSucceed();
        await mount.UnmountAsync();
        (await ProgramRun.ShellAsync(Limit, "for f in \"$2\"/part.*; do cmp \"$f\" \"$1/${f##*/}\"; done; test $(ls \"$1\" | wc -l) = 15", server.Directory, mount.StateDirectory)).MustSucceed();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_file_larger_than_the_write_budget_ends_with_ENOSPC_and_the_others_are_whole(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=3600", "write-budget=2M"] });
        await FillAsync(mount, server);
    }

    [Fact]
    public async Task A_full_disk_under_the_state_folder_ends_the_same()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A small file system is for root to mount");
        using var folder = new TemporaryFolder();
        string state = Directory.CreateDirectory(folder.PathOf("state")).FullName;
        (await ProgramRun.RunAsync(Limit, "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", state)).MustSucceed();
        try
        {
            await using AnyServer server = await AnyServer.StartAsync("Vsftpd");
            await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=3600"], StateDirectory = state });
            await FillAsync(mount, server);
        }
        finally
        {
            (await ProgramRun.RunAsync(Limit, "umount", "-l", state)).MustSucceed();
        }
    }

    [Fact]
    public async Task While_the_server_is_dead_a_full_budget_is_told_and_what_was_closed_before_arrives_later()
    {
        await using AnyServer server = await AnyServer.StartAsync("Vsftpd");
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=0", "write-budget=2M", "timeout=3"] });
        (await ProgramRun.ShellAsync(Limit, "ls \"$1\"", mount.MountPoint)).MustSucceed();
        await server.KillAsync();
        ProgramResult written = await ProgramRun.ShellAsync(Limit, "cd \"$1\"; for i in 1 2 3 4 5; do head -c 500000 /dev/zero > file.$i; done", mount.MountPoint);
        Assert.NotEqual(0, written.ExitCode);
        Assert.Contains("No space left on device", written.Error, StringComparison.Ordinal);
        await server.RestartAsync();
        await Patience.UntilAsync(
            () => Task.FromResult(Enumerable.Range(1, 4).All(i => File.Exists(server.PathOf($"file.{i}")) && new FileInfo(server.PathOf($"file.{i}")).Length == 500_000)), mount.ReadLog);
        (await ProgramRun.ShellAsync(Limit, "head -c 500000 /dev/zero > \"$1/file.5\"", mount.MountPoint)).MustSucceed();
        await mount.UnmountAsync();
        Assert.Equal(500_000, new FileInfo(server.PathOf("file.5")).Length);
    }

    /// <summary>Small files, then one that cannot fit: it is told so, the small ones are whole, and after the large one was removed there is room again.</summary>
    private static async Task FillAsync(Mount mount, AnyServer server)
    {
        (await ProgramRun.ShellAsync(Limit, "cd \"$1\"; for i in 1 2 3 4 5; do head -c 200000 /dev/zero | tr '\\0' $i > small.$i; done", mount.MountPoint)).MustSucceed();
        ProgramResult large = await ProgramRun.ShellAsync(Limit, "dd if=/dev/zero of=\"$1/large\" bs=64k count=400", mount.MountPoint);
        Assert.NotEqual(0, large.ExitCode);
        Assert.Contains("No space left on device", large.Error, StringComparison.Ordinal);

        // What a program was told to be written is there, and nothing else.
        long length = new FileInfo(mount.PathOf("large")).Length;
        Assert.True(length > 0 && length % 65536 == 0, $"{length}");
        (await ProgramRun.ShellAsync(Limit, "rm \"$1/large\"; head -c 1000000 /dev/zero > \"$1/fits\"", mount.MountPoint)).MustSucceed();
        await mount.UnmountAsync();
        for (int i = 1; i <= 5; i++)
            Assert.Equal(new string((char)('0' + i), 200_000), server.Read($"small.{i}"));
        Assert.Equal(1_000_000, new FileInfo(server.PathOf("fits")).Length);
        Assert.Null(server.Read("large"));
    }
}
