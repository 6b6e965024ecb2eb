using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Links;

/// <summary>Files that have several names on the server (hard links) stay one file, whichever name is written to.</summary>
public sealed class HardLinkTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Changes in the middle, at the end, as a whole, and of a length that is sent while it is written.</summary>
    private const string Changes =
        """
        printf CHANGED | dd of="$1" bs=1 seek=3 conv=notrunc status=none
        echo added >> "$1"
        head -c 6000000 "$2" > "$1"
        """;

    public static TheoryData<SftpServerKind, bool> Cases =>
        new() { { SftpServerKind.OpenSsh, true }, { SftpServerKind.OpenSsh, false }, { SftpServerKind.ProFtpd, true }, { SftpServerKind.ProFtpd, false } };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_file_with_two_names_keeps_both_when_it_is_changed(SftpServerKind kind, bool listed)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(SshTestServer.IsAvailable(kind, out string reason), reason);
        await using SshTestServer server = await SshTestServer.StartAsync(new SshServerOptions { Kind = kind }, TestContext.Current.CancellationToken);
        using var folder = new TemporaryFolder();
        byte[] content = new byte[6_000_000];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(folder.PathOf("source"), content, TestContext.Current.CancellationToken);
        string first = Path.Combine(server.RootDirectory, "first");
        await File.WriteAllTextAsync(first, "content of both\n", TestContext.Current.CancellationToken);
        (await ProgramRun.RunAsync(Limit, "ln", first, Path.Combine(server.RootDirectory, "second"))).MustSucceed();
        server.AdoptFiles();
        string inode = await InodeAsync(first);

        await using Mount mount = await Mount.StartAsync(MountSource.Of(server, kind == SftpServerKind.OpenSsh ? "ssh" : "builtin"));
        if (listed)
            (await ProgramRun.RunAsync(Limit, "ls", "-l", mount.MountPoint)).MustSucceed();
        (await ProgramRun.ShellAsync(Limit, Changes, mount.PathOf("first"), folder.PathOf("source"))).MustSucceed();
        await mount.UnmountAsync();

        foreach (string name in (string[])["first", "second"])
        {
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(server.RootDirectory, name), TestContext.Current.CancellationToken));
            Assert.Equal(inode, await InodeAsync(Path.Combine(server.RootDirectory, name)));
        }

        Assert.Equal(2, Directory.GetFileSystemEntries(server.RootDirectory).Length);
    }

    [Theory]
    [InlineData(SftpServerKind.OpenSsh)]
    [InlineData(SftpServerKind.ProFtpd)]
    public async Task A_name_that_was_added_here_sees_what_is_written_by_the_other(SftpServerKind kind)
    {
        MountProgram.SkipUnlessPresent();
        Assert.SkipUnless(SshTestServer.IsAvailable(kind, out string reason), reason);
        await using SshTestServer server = await SshTestServer.StartAsync(new SshServerOptions { Kind = kind }, TestContext.Current.CancellationToken);
        await using Mount mount = await Mount.StartAsync(MountSource.Of(server, kind == SftpServerKind.OpenSsh ? "ssh" : "builtin"));
        (await ProgramRun.ShellAsync(
            Limit,
            """
            cd "$1"
            echo one > first
            ln first second
            echo two >> second
            """,
            mount.MountPoint)).MustSucceed();
        await mount.UnmountAsync();
        string first = Path.Combine(server.RootDirectory, "first");
        string second = Path.Combine(server.RootDirectory, "second");
        Assert.Equal(await InodeAsync(first), await InodeAsync(second));
        Assert.Equal("one\ntwo\n", await File.ReadAllTextAsync(second, TestContext.Current.CancellationToken));
    }

    private static async Task<string> InodeAsync(string path) => (await ProgramRun.RunAsync(Limit, "stat", "-c", "%i", path)).MustSucceed().Output;
}
