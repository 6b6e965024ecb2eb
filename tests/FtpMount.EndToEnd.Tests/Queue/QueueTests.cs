using System.Text.Json;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Tests.Servers;

namespace FtpMount.EndToEnd.Tests.Queue;

/// <summary><c>ftpmount queue</c>: what is not on the server is shown, and retried, saved or discarded as a person asks.</summary>
public sealed class QueueTests
{
    private const UnixFileMode OwnFolder = (UnixFileMode)0x1ed; // 0755
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly MountOptions ByDefault = new() { WriteThrough = false, Options = ["write-back=0", "timeout=5"] };
    private static readonly MountOptions NeverSends = new() { WriteThrough = false, Options = ["write-back=3600"] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Servers => AnyServer.All;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_the_server_refuses_is_kept_shown_saved_and_sent_by_a_retry(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        server.Put("dir/old.txt", "old");
        using var folder = new TemporaryFolder();
        await using Mount mount = await Mount.StartAsync(server.Source, ByDefault);
        string script = "exec 3>\"$1/dir/new.txt\"; chmod 555 \"$2/dir\"; printf content >&3; exec 3>&-";
        (await ProgramRun.ShellAsync(Limit, script, mount.MountPoint, server.Directory)).MustSucceed();
        JsonElement file = default;
        await Patience.UntilAsync(
            async () => (await FilesAsync(mount)) is [var only] && (file = only).GetProperty("state").GetString() == "refused", mount.ReadLog);
        Assert.Equal(7, file.GetProperty("bytes").GetInt64());
        Assert.EndsWith("dir/new.txt", file.GetProperty("path").GetString(), StringComparison.Ordinal);
        Assert.NotNull(file.GetProperty("error").GetString());
        ProgramResult shown = (await mount.RunProgramAsync("queue", "list", mount.MountPoint)).MustSucceed();
        Assert.Contains("refused", shown.Output, StringComparison.Ordinal);
        Assert.Contains("dir/new.txt", shown.Output, StringComparison.Ordinal);
        Assert.Contains("dir/new.txt", (await mount.RunProgramAsync("queue", "list")).MustSucceed().Output, StringComparison.Ordinal);

        (await mount.RunProgramAsync("queue", "save", mount.MountPoint, "dir", "--to", folder.Path)).MustSucceed();
        Assert.Equal("content", await File.ReadAllTextAsync(folder.PathOf("dir/new.txt"), Token));
        ProgramResult again = await mount.RunProgramAsync("queue", "save", mount.MountPoint, mount.PathOf("dir/new.txt"), "--to", folder.Path);
        Assert.Equal(1, again.ExitCode); // nothing is replaced
        Assert.Equal(2, (await mount.RunProgramAsync("queue", "save", mount.MountPoint, "--to", folder.Path)).ExitCode);
        Assert.Equal(1, (await mount.RunProgramAsync("queue", "retry", mount.MountPoint, "other")).ExitCode);
        Assert.Equal("content", (await ProgramRun.ShellAsync(Limit, "cat \"$1/dir/new.txt\"", mount.MountPoint)).MustSucceed().Output.TrimEnd('\n'));

        File.SetUnixFileMode(server.PathOf("dir"), OwnFolder);
        (await mount.RunProgramAsync("queue", "retry", mount.MountPoint)).MustSucceed();
        await Patience.UntilAsync(async () => (await FilesAsync(mount)).Count == 0, mount.ReadLog);
        Assert.Equal("content", server.Read("dir/new.txt"));
        Assert.Contains("Everything is on the server", (await mount.RunProgramAsync("queue", "list", mount.MountPoint)).Output, StringComparison.Ordinal);
        await mount.UnmountAsync();
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_discarded_is_again_what_the_server_has(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        server.Put("changed.txt", "as it was");
        await using Mount mount = await Mount.StartAsync(server.Source, NeverSends);
        (await ProgramRun.ShellAsync(Limit, "printf new > \"$1/new.txt\"; printf 'as it is here' > \"$1/changed.txt\"; printf kept > \"$1/kept.txt\"", mount.MountPoint)).MustSucceed();
        Assert.Equal(3, (await FilesAsync(mount)).Count);
        ProgramResult unasked = await mount.RunProgramAsync("queue", "discard", mount.MountPoint, "new.txt");
        Assert.NotEqual(0, unasked.ExitCode);
        Assert.Equal(3, (await FilesAsync(mount)).Count);
        (await mount.RunProgramAsync("queue", "discard", mount.MountPoint, "new.txt", mount.PathOf("changed.txt"), "--yes")).MustSucceed();
        ProgramResult seen = (await ProgramRun.ShellAsync(Limit, "ls \"$1\"; cat \"$1/changed.txt\"", mount.MountPoint)).MustSucceed();
        Assert.Equal("changed.txt\nkept.txt\nas it was", seen.Output.TrimEnd('\n'));
        await mount.UnmountAsync();
        Assert.Equal(("as it was", "kept", null), (server.Read("changed.txt"), server.Read("kept.txt"), server.Read("new.txt")));
    }

    [Fact]
    public async Task The_queue_of_a_mount_that_was_killed_is_listed_saved_and_discarded()
    {
        await using AnyServer server = await AnyServer.StartAsync("Vsftpd");
        server.Put("partly.txt", new string('.', 100_000));
        using var folder = new TemporaryFolder();
        MountOptions options = NeverSends with
        {
            MountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName,
            StateDirectory = Directory.CreateDirectory(folder.PathOf("state")).FullName,
        };
        await using Mount killed = await Mount.StartAsync(server.Source, options);
        (await ProgramRun.ShellAsync(
            Limit,
            "cd \"$1\"; printf one > one; printf two > two; printf NEW | dd of=partly.txt bs=1 seek=50000 conv=notrunc status=none",
            killed.MountPoint)).MustSucceed();
        await killed.KillAsync();
        await killed.Exited.WaitAsync(Limit, Token);
        string[] state = ["--state-dir", options.StateDirectory!];
        JsonElement mount = Assert.Single(await MountsAsync(killed, state));
        Assert.False(mount.GetProperty("running").GetBoolean());
        Assert.Equal(killed.MountPoint, mount.GetProperty("mountPoint").GetString());
        Assert.Equal(3, mount.GetProperty("files").GetArrayLength());
        ProgramResult retried = await killed.RunProgramAsync("queue", "retry", killed.MountPoint, "one");
        Assert.Equal(1, retried.ExitCode);

        (await killed.RunProgramAsync(["queue", "save", killed.MountPoint, killed.MountPoint, "--to", folder.PathOf("saved"), .. state])).MustSucceed();
        Assert.Equal("one", await File.ReadAllTextAsync(folder.PathOf("saved/one"), Token));
        byte[] partly = await File.ReadAllBytesAsync(folder.PathOf("saved/partly.txt (only what was changed)"), Token);
        Assert.Equal(100_000, partly.Length);
        Assert.Equal("\0NEW\0"u8.ToArray(), partly[49_999..50_004]);
        (await killed.RunProgramAsync(["queue", "discard", killed.MountPoint, "one", "partly.txt", "--yes", .. state])).MustSucceed();

        await using Mount next = await Mount.LaunchAsync(server.Source, options);
        await Patience.UntilAsync(async () => (await next.RunProgramAsync("queue", "list", next.MountPoint, "--json")).ExitCode == 0, next.ReadLog);
        await next.UnmountAsync();
        Assert.Equal(("two", null), (server.Read("two"), server.Read("one")));
        Assert.Equal(new string('.', 100_000), server.Read("partly.txt"));
        ProgramResult nothing = await next.RunProgramAsync(["queue", "list", next.MountPoint, .. state]);
        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("no mount there has left anything unsent", nothing.Error, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<JsonElement>> FilesAsync(Mount mount) =>
        [.. (await MountsAsync(mount, [])).Single().GetProperty("files").EnumerateArray()];

    private static async Task<IReadOnlyList<JsonElement>> MountsAsync(Mount mount, string[] state)
    {
        ProgramResult listed = (await mount.RunProgramAsync(["queue", "list", mount.MountPoint, "--json", .. state])).MustSucceed();
        JsonElement document = JsonDocument.Parse(listed.Output).RootElement;
        Assert.Equal(1, document.GetProperty("version").GetInt32());
        return [.. document.GetProperty("mounts").EnumerateArray()];
    }
}
