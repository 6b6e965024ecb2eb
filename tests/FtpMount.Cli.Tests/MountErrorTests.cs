using System.Net;
using System.Net.Sockets;
using FtpMount.TestServers;

namespace FtpMount.Cli.Tests;

[Collection(nameof(SharedServer))]
public sealed class MountErrorTests(SharedServer shared)
{
    private FtpTestServer Server => shared.Server;

    private string Url => $"ftp://{Server.User}@{Server.Host}:{Server.Port}";

    private static async Task FailsAsync(Workspace workspace, string message, params string[] arguments)
    {
        Workspace.SkipUnlessFuse();
        var result = await workspace.RunAsync(["mount", "-o", "timeout=10", .. arguments]);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        var line = Assert.Single(result.ErrorLines);
        Assert.StartsWith("ftpmount: ", line, StringComparison.Ordinal);
        Assert.Contains(message, line, StringComparison.OrdinalIgnoreCase);
        Assert.False(workspace.IsMounted);
    }

    private async Task<Workspace> WithPasswordAsync(string? password = null)
    {
        await Task.Yield();
        var workspace = new Workspace();
        workspace.Environment["FTPMOUNT_PASSWORD"] = password ?? Server.Password;
        return workspace;
    }

    [Fact]
    public async Task Unknown_host()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "no-such-host.invalid", "ftp://u@no-such-host.invalid/", workspace.MountPoint);
    }

    [Fact]
    public async Task Refused()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "refuse", $"ftp://u@127.0.0.1:{port}/", workspace.MountPoint);
    }

    [Fact]
    public async Task Not_an_ftp_server()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener);
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "ftp server", $"ftp://u@127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/", workspace.MountPoint);
        listener.Stop();
        await serving;

        static async Task ServeAsync(TcpListener listener)
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptSocketAsync();
                    await client.SendAsync("SSH-2.0-OpenSSH_9.9\r\n"u8.ToArray());
                }
            }
            catch (SocketException)
            {
                // stopped
            }
        }
    }

    [Fact]
    public async Task Wrong_password()
    {
        await using var workspace = await WithPasswordAsync("wrong-hush");
        await FailsAsync(workspace, "password", $"{Url}/", workspace.MountPoint);
    }

    [Fact]
    public async Task No_such_folder()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "nowhere", $"{Url}/nowhere", workspace.MountPoint);
    }

    [Fact]
    public async Task Mount_point_missing()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "does not exist; make it first: mkdir -p", $"{Url}/", workspace.Home + "/missing");
    }

    [Fact]
    public async Task Mount_point_not_a_folder()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "is not a folder", $"{Url}/", workspace.SecretFile("file", ""));
    }

    [Fact]
    public async Task Mount_point_not_empty()
    {
        await using var workspace = await WithPasswordAsync();
        await File.WriteAllTextAsync(Path.Combine(workspace.MountPoint, "file"), "", TestContext.Current.CancellationToken);
        await FailsAsync(workspace, "is not empty", $"{Url}/", workspace.MountPoint);
    }

    [Fact]
    public async Task Mount_point_taken_by_another_file_system()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "/proc is already mounted: proc", $"{Url}/", "/proc");
    }

    [Fact]
    public async Task No_password_and_no_terminal()
    {
        await using var workspace = new Workspace();
        await FailsAsync(workspace, "password-file=FILE", $"{Url}/", workspace.MountPoint);
    }

    [Fact]
    public async Task Password_file_that_others_can_read()
    {
        await using var workspace = new Workspace();
        var file = workspace.SecretFile("password", Server.Password);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await FailsAsync(workspace, "chmod 600", "-o", $"password-file={file}", $"{Url}/", workspace.MountPoint);
    }

    [Fact]
    public async Task State_folder_that_cannot_be_made()
    {
        await using var workspace = await WithPasswordAsync();
        await FailsAsync(workspace, "state-dir=DIR", "-o", "state-dir=/proc/nowhere", $"{Url}/", workspace.MountPoint);
    }

    [Fact]
    public async Task No_permission_on_the_mount_point()
    {
        Assert.SkipUnless(Workspace.IsRoot, "Only root can act as another user");
        await using var workspace = await WithPasswordAsync();
        var program = CopyProgramForOthers(workspace);
        workspace.Prefix.AddRange(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]);
        var result = await workspace.RunProgramAsync(program, "mount", $"{Url}/", workspace.MountPoint);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("you may not write to it; name a folder of your own", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_fuse_device()
    {
        Assert.SkipUnless(Workspace.IsRoot, "Only root can hide /dev/fuse in a namespace of its own");
        await using var workspace = await WithPasswordAsync();
        workspace.Prefix.AddRange([
            "unshare", "--mount", "sh", "-c",
            "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 && exec \"$0\" \"$@\"",
        ]);
        await FailsAsync(workspace, "/dev/fuse does not exist", $"{Url}/", workspace.MountPoint);
    }

    /// <summary>The build may lie where only its owner may look.</summary>
    private static string CopyProgramForOthers(Workspace workspace)
    {
        var folder = Directory.CreateDirectory(Path.Combine(workspace.Home, "program")).FullName;
        var source = Path.GetDirectoryName(Workspace.Program)!;
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(source, file);
            var isNative = relative.StartsWith("runtimes", StringComparison.Ordinal);
            if (Path.GetFileName(file).StartsWith("xunit", StringComparison.Ordinal) || (!isNative && Path.GetFileName(relative) != relative))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, relative))!);
            File.Copy(file, Path.Combine(folder, relative));
        }

        File.SetUnixFileMode(workspace.Home, (UnixFileMode)0b111_101_101);
        return Path.Combine(folder, "ftpmount");
    }
}
