using System.Text;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Faults;

/// <summary>The program is killed while what was written is on this machine only: the next mount has all of it, and sends it.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>As the program does by default, but for an upload that starts so late that everything is unsent at the kill.</summary>
    private static readonly MountOptions NeverSends = new() { WriteThrough = false, Options = ["write-back=3600"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<FtpServerKind> Servers => [.. FtpServerKinds.All];

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_was_closed_before_kill_9_is_there_at_once_in_the_next_mount_and_on_the_server_after_unmount(FtpServerKind kind)
    {
        await using FtpTestServer server = await StartAsync(kind);
        string old = new('o', 2_000_000);
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "old"), old, Token);
        server.AdoptFiles();
        using var folder = new TemporaryFolder();
        MountOptions options = NeverSends with
        {
            MountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName,
            StateDirectory = Directory.CreateDirectory(folder.PathOf("state")).FullName,
        };
        await using Mount killed = await Mount.StartAsync(server, options);
        (await ProgramRun.ShellAsync(
            Limit,
            """
            set -e; cd "$1"; mkdir d
            printf new > d/new; mv d/new d/renamed; chmod 750 d/renamed; touch -d 2020-01-02T03:04:05Z d/renamed
            printf x > gone; rm gone
            printf NEW | dd of=old bs=1 seek=1000000 conv=notrunc status=none
            """,
            killed.MountPoint)).MustSucceed();
        Assert.Equal(["d", "old"], Names(server.RootDirectory));
        Assert.Empty(Names(Path.Combine(server.RootDirectory, "d")));
        await killed.KillAsync();
        await killed.Exited.WaitAsync(Limit, Token);

        await using Mount next = await Mount.LaunchAsync(server, options);
        ProgramResult shown = await UntilMountedAsync(next, """cat "$1/d/renamed" && stat -c ' %s %a %Y' "$1/d/renamed" && ls "$1" && head -c 1000003 "$1/old" | tail -c 4""");
        Assert.Equal("new 3 750 1577934245\nd\nold\noNEW", shown.Output.TrimEnd('\n'));
        await next.UnmountAsync();
        Assert.Equal(["d", "old"], Names(server.RootDirectory));
        Assert.Equal(["renamed"], Names(Path.Combine(server.RootDirectory, "d")));
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "d", "renamed"), Token));
        Assert.Equal(
            new StringBuilder(old).Remove(1_000_000, 3).Insert(1_000_000, "NEW").ToString(),
            await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "old"), Token));
    }

    [Fact]
    public async Task What_a_killed_mount_left_is_sent_by_a_mount_of_the_same_site_at_another_place()
    {
        await using FtpTestServer server = await StartAsync(FtpServerKind.Vsftpd);
        using var folder = new TemporaryFolder();
        MountOptions options = NeverSends with { StateDirectory = Directory.CreateDirectory(folder.PathOf("state")).FullName };
        await using Mount killed = await Mount.StartAsync(server, options);
        (await ProgramRun.ShellAsync(Limit, "printf content > \"$1/file\"", killed.MountPoint)).MustSucceed();
        await killed.KillAsync();
        await killed.Exited.WaitAsync(Limit, Token);
        await using Mount elsewhere = await Mount.StartAsync(server, options);
        Assert.Equal("content", (await ProgramRun.ShellAsync(Limit, "cat \"$1/file\"", elsewhere.MountPoint)).Output.TrimEnd('\n'));
        await elsewhere.UnmountAsync();
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "file"), Token));
    }

    [Fact]
    public async Task Two_mounts_that_edit_one_file_leave_both_versions_on_the_server()
    {
        await using FtpTestServer server = await StartAsync(FtpServerKind.Vsftpd);
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "text.txt"), "old", Token);
        server.AdoptFiles();
        await using Mount one = await Mount.StartAsync(server, NeverSends);
        await using Mount two = await Mount.StartAsync(server, NeverSends);
        (await ProgramRun.ShellAsync(Limit, "printf 'from the first' > \"$1/text.txt\"", one.MountPoint)).MustSucceed();
        (await ProgramRun.ShellAsync(Limit, "printf 'from the second mount' > \"$1/text.txt\"", two.MountPoint)).MustSucceed();
        await one.UnmountAsync();
        await two.UnmountAsync();
        string[] names = Names(server.RootDirectory);
        Assert.Equal(2, names.Length);
        Assert.Contains(names, n => n.StartsWith("text (conflict ", StringComparison.Ordinal) && n.EndsWith(").txt", StringComparison.Ordinal));
        Assert.Equal(
            ["from the first", "from the second mount"],
            names.Select(n => File.ReadAllText(Path.Combine(server.RootDirectory, n))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task By_default_a_closed_file_is_on_the_server_a_moment_later_by_itself()
    {
        await using FtpTestServer server = await StartAsync(FtpServerKind.Vsftpd);
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { WriteThrough = false });
        (await ProgramRun.ShellAsync(Limit, "printf content > \"$1/file\"", mount.MountPoint)).MustSucceed();
        string path = Path.Combine(server.RootDirectory, "file");
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!File.Exists(path) || new FileInfo(path).Length < "content".Length)
        {
            Assert.True(Environment.TickCount64 < end, $"It is not there\n{mount.ReadLog()}");
            await Task.Delay(50, Token);
        }

        Assert.Equal("content", await File.ReadAllTextAsync(path, Token));
        await mount.UnmountAsync();
    }

    private static async Task<FtpTestServer> StartAsync(FtpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(FtpServerKinds.IsAvailable(kind, out string reason), reason);
        return await FtpTestServer.StartAsync(kind);
    }

    private static string[] Names(string directory) =>
        [.. Directory.EnumerateFileSystemEntries(directory).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)];

    /// <summary>The stale mount point is cleared by the new mount: until then the command fails.</summary>
    private static async Task<ProgramResult> UntilMountedAsync(Mount mount, string command)
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (true)
        {
            ProgramResult result = await ProgramRun.ShellAsync(Limit, command, mount.MountPoint);
            if (result.ExitCode == 0)
                return result;
            Assert.True(Environment.TickCount64 < end && !mount.Exited.IsCompleted, $"{result}\n{mount.ReadLog()}");
            await Task.Delay(100, Token);
        }
    }
}
