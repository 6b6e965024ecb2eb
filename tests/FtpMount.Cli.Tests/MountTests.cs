using System.Diagnostics;
using System.Text;
using FtpMount.TestServers;
using FtpMount.TestServers.Proxies;

namespace FtpMount.Cli.Tests;

[Collection(nameof(SharedServer))]
public sealed class MountTests(SharedServer shared)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FtpTestServer Server => shared.Server;

    private string Url => $"ftp://{Server.User}@{Server.Host}:{Server.Port}/";

    private string UrlWithPassword => $"ftp://{Server.User}:{Uri.EscapeDataString(Server.Password)}@{Server.Host}:{Server.Port}/";

    private Workspace WithPassword()
    {
        Workspace.SkipUnlessFuse();
        var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = Server.Password;
        return workspace;
    }

    private static async Task<int> ServingProcessAsync(Workspace workspace) => (await workspace.StatusAsync())!.Value.GetProperty("processId").GetInt32();

    private static Task<string> HelloAsync(Workspace workspace) => File.ReadAllTextAsync(Path.Combine(workspace.MountPoint, "hello.txt"), Token);

    /// <summary>Everything that others could read about all processes but this test's own.</summary>
    private static string ReadProcessList(string file)
    {
        var text = new StringBuilder();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(Path.GetFileName(d)[0])))
        {
            try
            {
                var content = File.ReadAllText(Path.Combine(folder, file));
                if (File.ReadAllText(Path.Combine(folder, "cmdline")).Contains("ftpmount", StringComparison.Ordinal))
                    text.Append(content.Replace('\0', ' ')).Append('\n');
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended, or it is not ours to see.
            }
        }

        return text.ToString();
    }

    [Fact]
    public async Task A_mount_answers_when_the_program_returns_and_is_gone_after_unmount()
    {
        await using var workspace = WithPassword();
        Assert.Equal("", (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed().Errors);
        Assert.Equal("hello\n", await HelloAsync(workspace));
        var status = (await workspace.StatusAsync())!.Value;
        Assert.Equal("mounted", status.GetProperty("state").GetString());
        Assert.Equal(0, status.GetProperty("uploads").GetProperty("pending").GetInt32());
        Assert.InRange(status.GetProperty("connections").GetProperty("limit").GetInt32(), 1, 8);
        Assert.Contains(workspace.MountPoint, (await workspace.RunAsync("status")).MustSucceed().Output, StringComparison.Ordinal);

        var again = await workspace.RunAsync("mount", Url, workspace.MountPoint);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("is already mounted", Assert.Single(again.ErrorLines), StringComparison.Ordinal);

        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
        Assert.False(workspace.IsMounted);
        Assert.Null(await workspace.StatusAsync());
        (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed();
        (await workspace.RunAsync("unmount", workspace.MountPoint, "--timeout", "30")).MustSucceed();
    }

    [Fact]
    public async Task The_process_in_the_background_has_a_session_of_its_own_and_holds_nothing_of_the_caller()
    {
        await using var workspace = WithPassword();
        (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed();
        var process = await ServingProcessAsync(workspace);
        var stat = (await File.ReadAllTextAsync($"/proc/{process}/stat", Token)).Split(") ")[1].Split(' ');
        Assert.Equal(process.ToString(), stat[3]); // proc_pid_stat(5): session
        Assert.Equal("0", stat[4]); // tty_nr
        Assert.Equal("/", new FileInfo($"/proc/{process}/cwd").LinkTarget);
        for (var descriptor = 0; descriptor <= 2; descriptor++)
            Assert.Equal("/dev/null", new FileInfo($"/proc/{process}/fd/{descriptor}").LinkTarget);
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_secret_is_in_the_process_list(bool foreground)
    {
        Workspace.SkipUnlessFuse();
        await using var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = "hush-in-the-environment";
        await using var proxy = Socks5TestProxy.Start("me", "hush,for the proxy");
        string[] options = ["-o", $@"ro,proxy=socks5://me:hush\,for%20the proxy@{proxy.Host}:{proxy.Port},timeout=20", .. foreground ? ["-f"] : Array.Empty<string>()];
        await using var running = workspace.StartProgram(["mount", .. options, UrlWithPassword, workspace.MountPoint]);
        await running.WaitForErrorTextAsync(foreground ? "is mounted on" : "warning: a password in the URL");
        if (!foreground)
            (await running.WaitAsync()).MustSucceed();
        var process = await ServingProcessAsync(workspace);
        if (foreground)
            Assert.Equal(running.Id, process);
        Assert.DoesNotContain(Uri.EscapeDataString(Server.Password), ReadProcessList("cmdline"), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", ReadProcessList("cmdline"), StringComparison.Ordinal);
        Assert.NotEmpty(proxy.Targets);
        Assert.DoesNotContain("hush-in-the-environment", await File.ReadAllTextAsync($"/proc/{process}/environ", Token), StringComparison.Ordinal);
        Assert.DoesNotContain(Server.Password, await File.ReadAllTextAsync("/proc/self/mountinfo", Token), StringComparison.Ordinal);
        Assert.Equal("hello\n", await HelloAsync(workspace));
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
        foreach (var file in Directory.EnumerateFiles(workspace.Home, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(Server.Password, await File.ReadAllTextAsync(file, Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunningProgram.Interrupt)]
    [InlineData(RunningProgram.Terminate)]
    public async Task A_signal_unmounts_in_good_order(int signal)
    {
        await using var workspace = WithPassword();
        await using var running = workspace.StartProgram("mount", "-f", Url, workspace.MountPoint);
        await running.WaitForErrorTextAsync("is mounted on");
        await File.WriteAllTextAsync(Path.Combine(workspace.MountPoint, $"signal-{signal}"), "content", Token);
        running.Signal(signal);
        (await running.WaitAsync()).MustSucceed();
        Assert.False(workspace.IsMounted);
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(Server.RootDirectory, $"signal-{signal}"), Token));
    }

    [Fact]
    public async Task An_interrupted_unmount_leaves_the_rest_to_the_next_mount_and_says_so()
    {
        await using var workspace = WithPassword();
        (await workspace.RunAsync("mount", "-o", "write-back=3600,limit-rate=off:16K", Url, workspace.MountPoint)).MustSucceed();
        var content = new string('i', 4_000_000);
        await File.WriteAllTextAsync(Path.Combine(workspace.MountPoint, "interrupted"), content, Token);
        await using var unmount = workspace.StartProgram("unmount", workspace.MountPoint);
        await unmount.WaitForErrorTextAsync("sending: 0 of 1 files tried");
        unmount.Signal(RunningProgram.Interrupt);
        var result = await unmount.WaitAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("leaving what is not sent yet", result.Errors, StringComparison.Ordinal);
        Assert.Contains("1 file is not on the server", result.Errors, StringComparison.Ordinal);
        Assert.Contains("the next mount sends it", result.Errors, StringComparison.Ordinal);
        Assert.Contains("/interrupted", result.Errors, StringComparison.Ordinal);
        Assert.False(workspace.IsMounted);
        Assert.Contains("/interrupted", (await workspace.RunAsync("queue", "list")).MustSucceed().Output, StringComparison.Ordinal);
        (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed();
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
        Assert.Equal(content, await File.ReadAllTextAsync(Path.Combine(Server.RootDirectory, "interrupted"), Token));
    }

    [Fact]
    public async Task Umount_by_someone_else_ends_the_process()
    {
        Assert.SkipUnless(Workspace.IsRoot, "umount is for root");
        await using var workspace = WithPassword();
        await using var running = workspace.StartProgram("mount", "-f", Url, workspace.MountPoint);
        await running.WaitForErrorTextAsync("is mounted on");
        (await workspace.RunProgramAsync("umount", workspace.MountPoint)).MustSucceed();
        (await running.WaitAsync()).MustSucceed();
    }

    [Theory]
    [InlineData("mount")]
    [InlineData("unmount")]
    public async Task A_mount_whose_process_died_is_stale_and_is_cleared_by_itself(string by)
    {
        await using var workspace = WithPassword();
        (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed();
        Process.GetProcessById(await ServingProcessAsync(workspace)).Kill();
        var status = (await workspace.StatusAsync())!.Value;
        Assert.Equal("stale", status.GetProperty("state").GetString());
        ProgramResult result;
        if (by == "mount")
        {
            result = await workspace.RunAsync("mount", Url, workspace.MountPoint);
            Assert.Equal("hello\n", await HelloAsync(workspace));
            (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
        }
        else
        {
            result = await workspace.RunAsync("unmount", workspace.MountPoint);
        }

        Assert.Contains("its mount was cleared", result.MustSucceed().Errors, StringComparison.Ordinal);
        Assert.False(workspace.IsMounted);
    }

    [Fact]
    public async Task Status_and_unmount_find_the_mount_whatever_the_environment_and_the_network_namespace_are()
    {
        await using var workspace = WithPassword();
        (await workspace.RunAsync("mount", Url, workspace.MountPoint)).MustSucceed();
        workspace.Environment["HOME"] = "/nonexistent";
        workspace.Environment["XDG_RUNTIME_DIR"] = "/nonexistent";
        workspace.Environment["XDG_STATE_HOME"] = "/nonexistent";
        workspace.Environment["TMPDIR"] = "/nonexistent";
        if (Workspace.IsRoot)
            workspace.Prefix.AddRange(["unshare", "--net"]);
        Assert.Equal("mounted", (await workspace.StatusAsync())!.Value.GetProperty("state").GetString());
        var link = Path.Combine(workspace.Home, "link");
        File.CreateSymbolicLink(link, "mnt");
        (await workspace.RunAsync("unmount", link)).MustSucceed();
    }

    [Fact]
    public async Task Works_without_any_environment()
    {
        await using var workspace = new Workspace();
        Workspace.SkipUnlessFuse();
        var file = workspace.SecretFile("password", Server.Password + "\n");
        workspace.Prefix.AddRange(["env", "-i"]);
        if (!File.Exists("/usr/share/dotnet/dotnet") && System.Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
            workspace.Prefix.Add($"DOTNET_ROOT={root}");
        var options = $"password-file={file},cache-dir={workspace.Home}/cache,state-dir={workspace.Home}/state,log-file={workspace.Home}/log";
        (await workspace.RunAsync("mount", "-o", options, Url, workspace.MountPoint)).MustSucceed();
        Assert.Equal("hello\n", await HelloAsync(workspace));
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
        Assert.Contains("is mounted on", await File.ReadAllTextAsync(workspace.Home + "/log", Token), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(workspace.Home + "/log"));
    }

    [Fact]
    public async Task Netrc_gives_user_and_password()
    {
        Workspace.SkipUnlessFuse();
        await using var workspace = new Workspace();
        workspace.SecretFile(".netrc", $"machine {Server.Host} login {Server.User} password \"{Server.Password}\"\n");
        Assert.Equal("", (await workspace.RunAsync("mount", $"ftp://{Server.Host}:{Server.Port}/folder", workspace.MountPoint)).MustSucceed().Errors);
        Assert.Contains($"ftp://{Server.User}@", (await workspace.StatusAsync())!.Value.GetProperty("url").GetString(), StringComparison.Ordinal);
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task A_terminal_is_asked_for_the_password_without_showing_it()
    {
        Workspace.SkipUnlessFuse();
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script (util-linux) makes the terminal, and is not there");
        await using var workspace = new Workspace();
        await using var terminal = workspace.Start(
            ["script", "-qefc", $"'{Workspace.Program}' mount '{Url}' '{workspace.MountPoint}'", "/dev/null"], readOutput: false);
        var shown = new StringBuilder();
        var buffer = new byte[1024];
        var asked = false;
        int count;
        while ((count = await terminal.Output.ReadAsync(buffer, Token).AsTask().WaitAsync(RunningProgram.Limit, Token)) > 0)
        {
            shown.Append(Encoding.UTF8.GetString(buffer, 0, count));
            if (!asked && shown.ToString().Contains($"Password for {Server.User}@{Server.Host}: ", StringComparison.Ordinal))
            {
                asked = true;
                await terminal.Input.WriteAsync(Encoding.UTF8.GetBytes(Server.Password + "\n"), Token);
                await terminal.Input.FlushAsync(Token);
            }
        }

        (await terminal.WaitAsync()).MustSucceed();
        Assert.True(asked, shown.ToString());
        Assert.DoesNotContain(Server.Password, shown.ToString(), StringComparison.Ordinal);
        Assert.Equal("hello\n", await HelloAsync(workspace));
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task Mount_helper_takes_what_mount_passes_on()
    {
        Workspace.SkipUnlessFuse();
        await using var workspace = new Workspace();
        var helper = workspace.ProgramAs("mount.ftpmount");
        var options = $"rw,nosuid,nodev,noexec,_netdev,noauto,nofail,user,x-systemd.automount,password-file={workspace.SecretFile("password", Server.Password)}";
        (await workspace.RunProgramAsync(helper, Url, workspace.MountPoint, "-f", "-o", options)).MustSucceed();
        Assert.False(workspace.IsMounted);
        Assert.Equal(2, (await workspace.RunProgramAsync(helper, Url, workspace.MountPoint, "-o", options + ",nonsense=1")).ExitCode);
        (await workspace.RunProgramAsync(helper, Url, workspace.MountPoint, "-n", "-s", "-o", options + ",nonsense=1")).MustSucceed();
        Assert.Equal("hello\n", await HelloAsync(workspace));
        // mount(8) compares this with its fstab line.
        Assert.Contains($" fuse.ftpmount {Url} ", await File.ReadAllTextAsync("/proc/self/mountinfo", Token), StringComparison.Ordinal);
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task A_read_only_mount_refuses_writing()
    {
        await using var workspace = WithPassword();
        (await workspace.RunAsync("mount", "-o", "ro", Url, workspace.MountPoint)).MustSucceed();
        Assert.Throws<IOException>(() => File.WriteAllText(Path.Combine(workspace.MountPoint, "new"), ""));
        Assert.True((await workspace.StatusAsync())!.Value.GetProperty("readOnly").GetBoolean());
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task Two_mounts_of_one_server_do_not_meet()
    {
        await using var first = WithPassword();
        await using var second = WithPassword();
        second.Environment["HOME"] = first.Home;
        (await first.RunAsync("mount", Url, first.MountPoint)).MustSucceed();
        (await second.RunAsync("mount", Url, second.MountPoint)).MustSucceed();
        Assert.Equal(await HelloAsync(first), await HelloAsync(second));
        (await first.RunAsync("unmount", first.MountPoint)).MustSucceed();
        Assert.Equal("hello\n", await HelloAsync(second));
        (await second.RunAsync("unmount", second.MountPoint)).MustSucceed();
    }

    [Fact]
    public async Task A_pipe_that_the_caller_reads_ends_when_the_program_returns()
    {
        await using var workspace = WithPassword();
        // The shell waits for cat, and cat for the last holder of descriptor 9.
        (await workspace.RunProgramAsync("sh", "-c", "\"$0\" mount \"$1\" \"$2\" 9>&1 | cat", Workspace.Program, Url, workspace.MountPoint)).MustSucceed();
        Assert.True(workspace.IsMounted);
        (await workspace.RunAsync("unmount", workspace.MountPoint)).MustSucceed();
    }
}
