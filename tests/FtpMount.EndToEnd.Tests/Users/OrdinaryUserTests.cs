using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Users;

/// <summary>Somebody who is not root mounts, works and unmounts, with fusermount3.</summary>
public sealed class OrdinaryUserTests
{
    private const string User = "nobody";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_ordinary_user_mounts_works_and_unmounts()
    {
        MountProgram.SkipUnlessPresent();
        ProgramRun.SkipUnlessInstalled("fusermount3");
        using var folder = new TemporaryFolder();
        (MountOptions options, string[] prefix) = Environment.IsPrivilegedProcess ? await BecomeAsync(folder) : (new MountOptions(), ["env"]);
        using FuseDevice? device = Environment.IsPrivilegedProcess ? new FuseDevice() : null;
        await using FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Vsftpd);
        await using Mount mount = await Mount.StartAsync(server, options);

        (await ProgramRun.RunAsync(Limit, prefix[0], [.. prefix[1..], "sh", "-euc", """
            cd "$1"
            echo hello > file; mkdir -p a/b; cp file a/b/copy
            test "$(cat a/b/copy)" = hello
            test "$(stat -c %u file)" = "$(id -u)"
            mv a c; ls -la c/b; rm -r c
            """, "sh", mount.MountPoint])).MustSucceed();
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "file"), TestContext.Current.CancellationToken));
        if (Environment.IsPrivilegedProcess)
        {
            ProgramResult foreigner = await ProgramRun.RunAsync(Limit, "cat", mount.PathOf("file")); // root is another user, and was not allowed
            Assert.NotEqual(0, foreigner.ExitCode);
        }
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task An_ordinary_user_mounts_again_on_a_stale_mount_point()
    {
        MountProgram.SkipUnlessPresent();
        ProgramRun.SkipUnlessInstalled("fusermount3");
        using var folder = new TemporaryFolder();
        string mountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName;
        (MountOptions options, string[] prefix) = Environment.IsPrivilegedProcess ? await BecomeAsync(folder) : (new MountOptions(), ["env"]);
        using FuseDevice? device = Environment.IsPrivilegedProcess ? new FuseDevice() : null;
        await using FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Vsftpd);
        await using Mount killed = await Mount.StartAsync(server, options with { MountPoint = mountPoint });
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "there"), "", TestContext.Current.CancellationToken);
        await killed.KillAsync();
        await killed.Exited.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.NotNull(MountTable.TypeAt(mountPoint));

        await using Mount again = await Mount.LaunchAsync(server, options with { MountPoint = mountPoint });
        ProgramResult seen = await ProgramRun.RunAsync(Limit, prefix[0], [.. prefix[1..], "sh", "-c", "for i in $(seq 400); do test -e \"$1/there\" && exit 0; sleep 0.1; done; exit 1", "sh", mountPoint]);
        Assert.True(seen.ExitCode == 0, $"{seen}\n{again.ReadLog()}");
        await again.UnmountAsync();
    }

    /// <summary>
    /// What it takes to be somebody else: a copy of the program where that user can read it, a home, and folders that belong to that user.
    /// </summary>
    private static async Task<(MountOptions Options, string[] Prefix)> BecomeAsync(TemporaryFolder folder)
    {
        ProgramRun.SkipUnlessInstalled("setpriv");
        Assert.SkipUnless(MountProgram.Command.Length == 1, "Only the program that needs no dotnet can be given to another user");
        string home = Directory.CreateDirectory(folder.PathOf("home")).FullName;
        (await ProgramRun.ShellAsync(Limit, """
            install -D -m 755 "$2" "$1/bin/ftpmount"
            for part in "$(dirname "$2")"/*.so* "$(dirname "$2")"/*.dll "$(dirname "$2")"/*.json; do if [ -f "$part" ]; then install -m 755 "$part" "$1/bin/"; fi; done
            chmod 755 "$1"; chown -R "$3" "$1/home"; if [ -d "$1/mnt" ]; then chown "$3" "$1/mnt"; fi
            """, folder.Path, MountProgram.Command[0], User)).MustSucceed();
        string[] prefix =
        [
            "setpriv", "--reuid=" + User, "--regid=nogroup", "--clear-groups",
            "env", "-u", "XDG_RUNTIME_DIR", "-u", "XDG_CACHE_HOME", "-u", "XDG_STATE_HOME", "HOME=" + home, "USER=" + User,
        ];
        return (new MountOptions { Prefix = prefix, Owner = User, Program = folder.PathOf("bin/ftpmount") }, prefix);
    }
}
