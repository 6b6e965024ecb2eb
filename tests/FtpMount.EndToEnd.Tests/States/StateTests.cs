using System.Text.Json;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Tests.Servers;

namespace FtpMount.EndToEnd.Tests.States;

/// <summary>What becomes of a file is an extended attribute of it; what a person should know is in <c>status</c>, in the log, and told to <c>notify-command</c>.</summary>
public sealed class StateTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Servers => AnyServer.All;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task The_state_of_a_file_is_an_extended_attribute(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        server.Put("dir/file", "content");
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=3600", "timeout=20"] });
        Assert.Equal(["clean", "clean", "clean"], await StatesAsync(mount, "dir/file", "dir", ""));
        Assert.Equal(["ENOTSUP", "ENODATA"], await StatesAsync(mount, "dir/file:security.selinux", "dir/file:user.other"));
        (await ProgramRun.ShellAsync(Limit, "printf more >> \"$1/dir/file\"; printf new > \"$1/new\"; chmod 555 \"$2/dir\"", mount.MountPoint, server.Directory)).MustSucceed();
        Assert.Equal(["dirty", "dirty", "dirty", "dirty"], await StatesAsync(mount, "dir/file", "new", "dir", ""));

        File.SetUnixFileMode(server.PathOf("dir/file"), (UnixFileMode)0x124); // 0444
        Assert.NotEqual(0, (await ProgramRun.ShellAsync(Limit, "sync \"$1/dir/file\"", mount.MountPoint)).ExitCode);
        Assert.Equal(["failed", "dirty", "failed", "failed"], await StatesAsync(mount, "dir/file", "new", "dir", ""));
        (await ProgramRun.ShellAsync(Limit, "chmod 755 \"$2/dir\"; chmod 644 \"$2/dir/file\"; sync \"$1/dir/file\"", mount.MountPoint, server.Directory)).MustSucceed();
        Assert.Equal(["clean", "dirty", "clean", "dirty"], await StatesAsync(mount, "dir/file", "new", "dir", ""));

        await server.SuspendAsync();
        (await mount.RunProgramAsync("queue", "retry", mount.MountPoint)).MustSucceed();
        await Patience.UntilAsync(async () => (await StatesAsync(mount, "new"))[0] == "uploading", mount.ReadLog);
        await server.ResumeAsync();
        await Patience.UntilAsync(async () => (await StatesAsync(mount, "new"))[0] == "clean", mount.ReadLog);
        await mount.UnmountAsync();
        Assert.Equal(("contentmore", "new"), (server.Read("dir/file"), server.Read("new")));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_conflict_is_shown_until_it_is_settled_and_told_to_the_hook(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        server.Put("text.txt", "as it was");
        using var folder = new TemporaryFolder();
        string hook = $"notify-command=/bin/sh -c 'printf \"%s|%s|%s|%s\\\\n\" \"$1\" \"$2\" \"$FTPMOUNT_MOUNTPOINT\" \"$FTPMOUNT_EVENT\" >> {folder.PathOf("told")}' sh";
        MountOptions options = new()
        {
            WriteThrough = false,
            Options = ["write-back=3600", hook],
            MountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName,
            StateDirectory = Directory.CreateDirectory(folder.PathOf("state")).FullName,
        };
        string copy;
        await using (Mount first = await Mount.StartAsync(server.Source, options))
        {
            (await ProgramRun.ShellAsync(Limit, "cat \"$1/text.txt\"; printf 'from here' > \"$1/text.txt\"", first.MountPoint)).MustSucceed();
            server.Put("text.txt", "from the server, longer");
            (await first.RunProgramAsync("queue", "retry", first.MountPoint)).MustSucceed();
            await Patience.UntilAsync(() => Task.FromResult(Directory.GetFiles(server.Directory, "text (conflict *").Length == 1), first.ReadLog);
            copy = Path.GetFileName(Directory.GetFiles(server.Directory, "text (conflict *").Single());
            await Patience.UntilAsync(async () => (await StatesAsync(first, "text.txt", copy)).All(s => s == "conflict"), first.ReadLog);
            JsonElement conflict = Assert.Single(await ConflictsAsync(first));
            Assert.EndsWith("/text.txt", conflict.GetProperty("path").GetString(), StringComparison.Ordinal);
            Assert.EndsWith("/" + copy, conflict.GetProperty("copy").GetString(), StringComparison.Ordinal);
            Assert.InRange(conflict.GetProperty("time").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow);
            Assert.Contains(copy, (await first.RunProgramAsync("status")).MustSucceed().Output, StringComparison.Ordinal);
            await Patience.UntilAsync(() => Task.FromResult(File.Exists(folder.PathOf("told")) && File.ReadAllText(folder.PathOf("told")).EndsWith('\n')), first.ReadLog);
            Assert.Equal($"conflict|{first.PathOf("text.txt")}|{first.MountPoint}|conflict\n", await File.ReadAllTextAsync(folder.PathOf("told"), Token));
            Assert.Contains("was changed on the server and here", first.ReadLog(), StringComparison.Ordinal);
            await first.UnmountAsync();
        }

        await using Mount next = await Mount.StartAsync(server.Source, options);
        Assert.Equal(["conflict", "conflict"], await StatesAsync(next, "text.txt", copy));
        Assert.Single(await ConflictsAsync(next));
        (await ProgramRun.ShellAsync(Limit, "rm \"$1/$2\"", next.MountPoint, copy)).MustSucceed();
        Assert.Equal(["clean"], await StatesAsync(next, "text.txt"));
        Assert.Empty(await ConflictsAsync(next));
        await next.UnmountAsync();
        Assert.Equal("from the server, longer", server.Read("text.txt"));
    }

    [Fact]
    public async Task What_the_server_refuses_is_shown_by_status_and_told_to_the_hook_once()
    {
        await using AnyServer server = await AnyServer.StartAsync("Vsftpd");
        server.Put("dir/old", "");
        using var folder = new TemporaryFolder();
        string hook = $"notify-command=/bin/sh -c 'printf \"%s|%s\\\\n\" \"$1\" \"$2\" >> {folder.PathOf("told")}' sh";
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { WriteThrough = false, Options = ["write-back=0", hook] });
        (await ProgramRun.ShellAsync(Limit, "exec 3>\"$1/dir/new\"; chmod 555 \"$2/dir\"; printf content >&3; exec 3>&-", mount.MountPoint, server.Directory)).MustSucceed();
        await Patience.UntilAsync(() => Task.FromResult(File.Exists(folder.PathOf("told"))), mount.ReadLog);
        ProgramResult status = (await mount.RunProgramAsync("status")).MustSucceed();
        Assert.Contains("/dir/new is not on the server:", status.Output, StringComparison.Ordinal);
        JsonElement uploads = (await StatusAsync(mount)).GetProperty("uploads");
        Assert.Equal(1, uploads.GetProperty("failed").GetInt32());
        Assert.Equal("refused", uploads.GetProperty("files")[0].GetProperty("state").GetString());
        (await mount.RunProgramAsync("queue", "retry", mount.MountPoint)).MustSucceed();
        await Patience.UntilAsync(
            async () => (await StatusAsync(mount)).GetProperty("uploads").GetProperty("files")[0] is var file && file.GetProperty("attempts").GetInt32() == 2, mount.ReadLog);
        (await mount.RunProgramAsync("queue", "discard", mount.MountPoint, "dir", "--yes")).MustSucceed();
        await mount.UnmountAsync();
        Assert.Equal($"refused|{mount.PathOf("dir/new")}\n", await File.ReadAllTextAsync(folder.PathOf("told"), Token));
    }

    private static async Task<IReadOnlyList<JsonElement>> ConflictsAsync(Mount mount) => [.. (await StatusAsync(mount)).GetProperty("conflicts").EnumerateArray()];

    private static async Task<JsonElement> StatusAsync(Mount mount)
    {
        ProgramResult status = (await mount.RunProgramAsync("status", "--json")).MustSucceed();
        return JsonDocument.Parse(status.Output).RootElement.GetProperty("mounts").EnumerateArray().Single(m => m.GetProperty("mountPoint").GetString() == mount.MountPoint);
    }

    /// <summary>The states of paths, or the errno of <c>path:attribute</c>.</summary>
    private static async Task<string[]> StatesAsync(Mount mount, params string[] paths)
    {
        const string Script = """
            import errno, os, sys
            for path in sys.argv[2:]:
                path, _, name = path.partition(':')
                try:
                    print(os.getxattr(os.path.join(sys.argv[1], path), name or 'user.ftpmount.state').decode())
                except OSError as e:
                    print(errno.errorcode[e.errno].replace('EOPNOTSUPP', 'ENOTSUP'))
            """;
        ProgramResult result = (await ProgramRun.RunAsync(Limit, "python3", ["-c", Script, mount.MountPoint, .. paths])).MustSucceed();
        return result.Output.TrimEnd('\n').Split('\n');
    }
}
