using System.Text.Json;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Tests.Servers;

namespace FtpMount.EndToEnd.Tests.Offline;

/// <summary>The server dies and comes back: what is known stays, what is written waits, and nothing hangs.</summary>
public sealed class OfflineTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    /// <summary>Nothing is believed for any time unless the server cannot be reached, so that no time need pass in the tests.</summary>
    private static readonly string[] NothingIsBelieved = ["timeout=5", "attr-timeout=0", "dir-timeout=0", "write-back=0"];

    public static TheoryData<string> Servers => AnyServer.OfEachProtocol;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task While_the_server_is_dead_what_is_known_is_read_and_what_is_written_arrives_when_it_is_back(string name)
    {
        await using AnyServer server = await StartAsync(name);
        await using Mount mount = await MountAsync(server);
        await server.KillAsync();
        await NoticeAsync(mount);
        Assert.Equal("offline offline", await StatesAsync(mount, "dir/read", "dir"));
        Assert.Contains("server not reachable", (await mount.RunProgramAsync("status")).MustSucceed().Output, StringComparison.Ordinal);
        ProgramResult read = (await ProgramRun.ShellAsync(Limit, "ls \"$1/dir\"; cat \"$1/dir/read\"; test ! -e \"$1/dir/nothing\"; df \"$1\" > /dev/null", mount.MountPoint)).MustSucceed();
        Assert.Equal("read\nunread\ncontent", read.Output.TrimEnd('\n'));

        // Each of these would wait for five seconds if it were tried.
        ProgramResult unknown = (await ProgramRun.ShellAsync(
            Limit,
            "for i in 1 2 3 4 5 6 7 8 9 10; do for f in cat ls mkdir; do if $f \"$1/unseen/$i\" 2> /dev/null; then exit 1; fi; done; if cat \"$1/dir/unread\" 2> \"$2\"; then exit 1; fi; done; cat \"$2\"",
            mount.MountPoint,
            Path.Combine(mount.StateDirectory, "message"))).MustSucceed();
        Assert.Contains("Network is unreachable", unknown.Output, StringComparison.Ordinal);

        (await ProgramRun.ShellAsync(
            Limit,
            "printf ' and more' >> \"$1/dir/read\"; printf new > \"$1/dir/new\"; printf temporary > \"$1/dir/t\"; mv \"$1/dir/t\" \"$1/dir/moved\"; printf gone > \"$1/dir/gone\"; rm \"$1/dir/gone\"; cat \"$1/dir/read\"",
            mount.MountPoint)).MustSucceed();
        Assert.Equal("dirty dirty", await StatesAsync(mount, "dir/read", "dir/new"));
        Assert.Equal("moved\nnew\nread\nunread", (await ProgramRun.ShellAsync(Limit, "ls \"$1/dir\"", mount.MountPoint)).MustSucceed().Output.TrimEnd('\n'));
        Assert.Equal(3, (await StatusAsync(mount)).GetProperty("uploads").GetProperty("pending").GetInt32());

        await server.RestartAsync();
        await Patience.UntilAsync(
            async () => (await StatusAsync(mount)) is var status && status.GetProperty("state").GetString() == "mounted" && status.GetProperty("uploads").GetProperty("pending").GetInt32() == 0,
            mount.ReadLog);
        Assert.Equal(("content and more", "new", "temporary", null), (server.Read("dir/read"), server.Read("dir/new"), server.Read("dir/moved"), server.Read("dir/gone")));
        Assert.Equal("clean clean", await StatesAsync(mount, "dir/read", "dir"));
        (await ProgramRun.ShellAsync(Limit, "cat \"$1/dir/unread\"; mkdir \"$1/made\"", mount.MountPoint)).MustSucceed();
        await mount.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_changed_on_both_sides_meanwhile_is_kept_twice(string name)
    {
        await using AnyServer server = await StartAsync(name);
        await using Mount mount = await MountAsync(server);
        await server.KillAsync();
        await NoticeAsync(mount);
        (await ProgramRun.ShellAsync(Limit, "printf 'from here' > \"$1/dir/read\"", mount.MountPoint)).MustSucceed();
        server.Put("dir/read", "from the server, meanwhile");
        await server.RestartAsync();
        await Patience.UntilAsync(() => Task.FromResult(Directory.GetFiles(server.PathOf("dir"), "read (conflict *").Length == 1), mount.ReadLog);
        await mount.UnmountAsync();
        Assert.Equal("from the server, meanwhile", server.Read("dir/read"));
        Assert.Equal("from here", await File.ReadAllTextAsync(Directory.GetFiles(server.PathOf("dir"), "read (conflict *").Single(), TestContext.Current.CancellationToken));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Read_only_while_the_server_is_dead_where_that_was_chosen(string name)
    {
        await using AnyServer server = await StartAsync(name);
        await using Mount mount = await MountAsync(server, "offline=readonly");
        await server.KillAsync();
        await NoticeAsync(mount);
        Assert.Equal("content", (await ProgramRun.ShellAsync(Limit, "cat \"$1/dir/read\"", mount.MountPoint)).MustSucceed().Output.TrimEnd('\n'));
        foreach (string command in (string[])["printf x >> \"$1/dir/read\"", "printf x > \"$1/dir/new\"", "chmod 600 \"$1/dir/read\"", "rm \"$1/dir/read\""])
        {
            ProgramResult refused = await ProgramRun.ShellAsync(Limit, command, mount.MountPoint);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains("Read-only file system", refused.Error, StringComparison.Ordinal);
        }

        await server.RestartAsync();
        await Patience.UntilAsync(async () => (await ProgramRun.ShellAsync(Limit, "printf x > \"$1/dir/new\"", mount.MountPoint)).ExitCode == 0, mount.ReadLog);
        await mount.UnmountAsync();
        Assert.Equal(("content", "x"), (server.Read("dir/read"), server.Read("dir/new")));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_known_is_not_shown_while_the_server_is_dead_where_that_was_chosen(string name)
    {
        await using AnyServer server = await StartAsync(name);
        await using Mount mount = await MountAsync(server, "offline=fail");
        await server.KillAsync();
        await NoticeAsync(mount);
        ProgramResult refused = await ProgramRun.ShellAsync(Limit, "cat \"$1/dir/read\"", mount.MountPoint);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("Network is unreachable", refused.Error, StringComparison.Ordinal);
        await server.RestartAsync();
        await Patience.UntilAsync(async () => (await ProgramRun.ShellAsync(Limit, "cat \"$1/dir/read\"", mount.MountPoint)).ExitCode == 0, mount.ReadLog);
        await mount.UnmountAsync();
    }

    private static async Task<AnyServer> StartAsync(string name)
    {
        AnyServer server = await AnyServer.StartAsync(name);
        server.Put("dir/read", "content");
        server.Put("dir/unread", "not cached");
        server.Put("unseen/1", "1");
        return server;
    }

    /// <summary>A mount on which the folder and one file of it have been read.</summary>
    private static async Task<Mount> MountAsync(AnyServer server, params string[] options)
    {
        Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = [.. NothingIsBelieved, "prefetch=off", .. options] });
        (await ProgramRun.ShellAsync(Limit, "ls \"$1\" \"$1/dir\"; cat \"$1/dir/read\"; df \"$1\"", mount.MountPoint)).MustSucceed();
        return mount;
    }

    /// <summary>The first call that needs the server waits for its deadline; from then on it is known that it cannot be reached.</summary>
    private static async Task NoticeAsync(Mount mount) =>
        await Patience.UntilAsync(
            async () =>
            {
                Assert.NotEqual(0, (await ProgramRun.ShellAsync(Limit, "cat \"$1/unseen/1\"", mount.MountPoint)).ExitCode);
                return (await StatusAsync(mount)).GetProperty("offlineSince").ValueKind == JsonValueKind.String;
            },
            mount.ReadLog);

    private static async Task<JsonElement> StatusAsync(Mount mount)
    {
        ProgramResult status = (await mount.RunProgramAsync("status", "--json")).MustSucceed();
        return JsonDocument.Parse(status.Output).RootElement.GetProperty("mounts").EnumerateArray().Single(m => m.GetProperty("mountPoint").GetString() == mount.MountPoint);
    }

    private static async Task<string> StatesAsync(Mount mount, params string[] paths) =>
        (await ProgramRun.RunAsync(
            Limit,
            "python3",
            ["-c", "import os, sys; print(*(os.getxattr(p, 'user.ftpmount.state').decode() for p in sys.argv[1:]))", .. paths.Select(mount.PathOf)])).MustSucceed().Output.TrimEnd('\n');
}
