using System.Diagnostics;
using System.Runtime.InteropServices;
using FtpMount.Fuse.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Fuse.Tests.Mounts;

/// <summary>Mounts served by processes of their own: killed ones, and those of ordinary users. One after the other, for they change the mode of <c>/dev/fuse</c>.</summary>
public sealed class OtherProcessTests
{
    private const string Device = "/dev/fuse";
    private const string Nobody = "65534";

    private const UnixFileMode Everybody =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    [Fact]
    public async Task A_mount_of_a_killed_process_is_cleared_away()
    {
        await using var folder = new MountFolder();
        using (var server = StartServer(folder.MountPoint))
        {
            Assert.Equal("mounted", await Shell.ReadLineAsync(server));
            server.Kill();
            await Shell.EndAsync(server);
        }

        Assert.True(folder.IsMounted);
        var stale = await Shell.RunAsync("""stat "$1" """, folder.MountPoint);
        Assert.Contains("not connected", stale.Error, StringComparison.Ordinal);

        var files = new MemoryFileSystem();
        files.Add("a", "new"u8.ToArray());
        await using var mount = await FuseMount.MountAsync(files, new FuseMountOptions { MountPoint = folder.MountPoint }, NullLogger.Instance, TestContext.Current.CancellationToken);
        Assert.Equal("new", (await Shell.RunAsync("""cat "$1/a" """, folder.MountPoint)).Expect());
    }

    [Fact]
    public async Task An_ordinary_user_mounts_uses_and_unmounts()
    {
        await using var folder = new MountFolder();
        await PrepareForNobodyAsync(folder);
        await WithOpenDeviceAsync(async () =>
        {
            using var server = StartServer(folder.MountPoint, asNobody: true);
            Assert.Equal("mounted", await Shell.ReadLineAsync(server));
            Assert.Equal("hello\nworld\n", (await AsNobodyAsync("""cat "$1/hello"; echo world > "$1/new"; cat "$1/new"; rm "$1/new" """, folder.MountPoint)).Expect());

            await server.StandardInput.WriteLineAsync("unmount");

            Assert.Equal("unmounted True\n", (await Shell.EndAsync(server)).Expect());
            Assert.False(folder.IsMounted);
        });
    }

    [Fact]
    public async Task An_ordinary_user_unmounts_with_fusermount3_and_while_a_file_is_open()
    {
        await using var folder = new MountFolder();
        await PrepareForNobodyAsync(folder);
        await WithOpenDeviceAsync(async () =>
        {
            using (var server = StartServer(folder.MountPoint, asNobody: true))
            {
                Assert.Equal("mounted", await Shell.ReadLineAsync(server));
                (await AsNobodyAsync("""fusermount3 -u "$1" """, folder.MountPoint)).Expect();
                (await Shell.EndAsync(server)).Expect();
            }

            using (var server = StartServer(folder.MountPoint, asNobody: true))
            {
                Assert.Equal("mounted", await Shell.ReadLineAsync(server));
                using var program = Shell.Launch("/usr/bin/setpriv", [.. NobodyArguments, "/bin/sh", "-euc", """exec 3<"$1/hello"; echo open; read line; cat <&3""", "sh", folder.MountPoint]);
                Assert.Equal("open", await Shell.ReadLineAsync(program));
                await server.StandardInput.WriteLineAsync("unmount");
                Assert.True(SpinWait.SpinUntil(() => !folder.IsMounted, TimeSpan.FromSeconds(30)));
                await program.StandardInput.WriteLineAsync("go on");
                Assert.Equal("hello\n", (await Shell.EndAsync(program)).Expect());
                Assert.Equal("unmounted True\n", (await Shell.EndAsync(server)).Expect());
            }
        });
    }

    [Fact]
    public async Task A_stale_mount_of_an_ordinary_user_is_cleared_away_by_that_user()
    {
        await using var folder = new MountFolder();
        await PrepareForNobodyAsync(folder);
        await WithOpenDeviceAsync(async () =>
        {
            using (var server = StartServer(folder.MountPoint, asNobody: true))
            {
                Assert.Equal("mounted", await Shell.ReadLineAsync(server));
                server.Kill();
                await Shell.EndAsync(server);
            }

            Assert.True(folder.IsMounted);
            using (var server = StartServer(folder.MountPoint, asNobody: true))
            {
                Assert.Equal("mounted", await Shell.ReadLineAsync(server));
                await server.StandardInput.WriteLineAsync("unmount");
                (await Shell.EndAsync(server)).Expect();
            }

            Assert.False(folder.IsMounted);
        });
    }

    [Fact]
    public async Task An_ordinary_user_is_told_what_is_missing()
    {
        await using var folder = new MountFolder();
        await PrepareForNobodyAsync(folder);
        await WithOpenDeviceAsync(async () =>
        {
            using (var server = StartServer("/", asNobody: true))
                Assert.StartsWith("AlreadyMounted: /", (await Shell.EndAsync(server)).Output, StringComparison.Ordinal);

            using (var server = StartServer("/usr/bin", asNobody: true))
                Assert.StartsWith("NoPermission: /usr/bin: you may not write there", (await Shell.EndAsync(server)).Output, StringComparison.Ordinal);

            if (!(await File.ReadAllLinesAsync("/etc/fuse.conf")).Contains("user_allow_other"))
            {
                using var server = StartServer(folder.MountPoint, asNobody: true, ("FUSE_TEST_ALLOW_OTHER", "1"));
                Assert.StartsWith("NoPermission: allow-other: ", (await Shell.EndAsync(server)).Output, StringComparison.Ordinal);
            }

            File.SetUnixFileMode(Device, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using (var server = StartServer(folder.MountPoint, asNobody: true))
                Assert.StartsWith("NoPermission: /dev/fuse may not be opened by this user.", (await Shell.EndAsync(server)).Output, StringComparison.Ordinal);
        });
    }

    private static string[] NobodyArguments => [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"];

    private static Task<ShellResult> AsNobodyAsync(string script, string argument) => Shell.EndAsync(Shell.Launch("/usr/bin/setpriv", [.. NobodyArguments, "/bin/sh", "-euc", script, "sh", argument]));

    private static Process StartServer(string mountPoint, bool asNobody = false, params (string, string)[] environment)
    {
        var program = Path.ChangeExtension(typeof(OtherProcessTests).Assembly.Location, null);
        var dotnetRoot = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        (string, string)[] variables = [("DOTNET_ROOT", dotnetRoot), ("DOTNET_EnableDiagnostics", "0"), .. environment];
        return asNobody
            ? Shell.Launch("/usr/bin/setpriv", [.. NobodyArguments, program, "--serve", mountPoint], variables)
            : Shell.Launch(program, ["--serve", mountPoint], variables);
    }

    private static async Task PrepareForNobodyAsync(MountFolder folder)
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can become another user.");
        if (!File.Exists("/usr/bin/fusermount3") || !File.Exists("/usr/bin/setpriv"))
            Assert.Skip("fusermount3 (package fuse3) or setpriv (package util-linux) is missing.");
        (await Shell.RunAsync("""chmod 755 "$1"; chown "$3" "$2" """, folder.Path, folder.MountPoint, Nobody)).Expect();
        if ((await AsNobodyAsync("""test -x "$1" """, Path.ChangeExtension(typeof(OtherProcessTests).Assembly.Location, null))).ExitCode != 0)
            Assert.Skip("The test program lies where other users may not look.");
    }

    /// <summary>Lets everybody open the device, as most distributions do, and puts its mode back.</summary>
    private static async Task WithOpenDeviceAsync(Func<Task> action)
    {
        var mode = File.GetUnixFileMode(Device);
        File.SetUnixFileMode(Device, Everybody);
        try
        {
            await action();
        }
        finally
        {
            File.SetUnixFileMode(Device, mode);
        }
    }
}
