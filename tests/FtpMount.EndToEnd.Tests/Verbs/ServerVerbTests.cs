using System.Security.Cryptography;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Verbs;

/// <summary>What programs get from a server that has more commands than the RFCs: ProFTPD with mod_copy, mod_digest, mod_site_misc and mod_quotatab.</summary>
public sealed class ServerVerbTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ln_makes_links_that_read_as_they_were_made_or_refuses()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server);
        await RunAsync(mount, "set -e; echo content > file; mkdir dir; ln -s file link; ln -s ../file dir/up; ln -s dir to-dir; readlink link dir/up to-dir; cat link dir/up; ls to-dir");
        ProgramResult listed = await RunAsync(mount, "readlink link dir/up to-dir; cat link dir/up; ls to-dir");
        Assert.Equal("file\n../file\ndir\ncontent\ncontent\nup\n", listed.Output);
        ProgramResult refused = await ProgramRun.RunAsync(Limit, "sh", "-c", $"cd '{mount.MountPoint}' && ln -s nowhere dangling");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("Operation not permitted", refused.Error, StringComparison.Ordinal);
        await RunAsync(mount, "mv link moved; rm moved dir/up to-dir; test -f file; test ! -e moved");
        await mount.UnmountAsync();
        Assert.Equal(["dir", "file"], Directory.EnumerateFileSystemEntries(server.RootDirectory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Links_of_the_server_stay_inside_the_mount()
    {
        await using FtpTestServer server = await StartAsync();
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, "sub"));
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "sub", "file"), "inside\n", Token);
        File.CreateSymbolicLink(Path.Combine(server.RootDirectory, "sub", "absolute"), "/sub/file");
        File.CreateSymbolicLink(Path.Combine(server.RootDirectory, "sub", "out"), "../../../../etc/hostname");
        server.AdoptFiles();
        await using Mount mount = await Mount.StartAsync(server);
        Assert.Equal("file\ninside\n", (await RunAsync(mount, "readlink sub/absolute; cat sub/absolute")).Output);
        ProgramResult outside = await ProgramRun.RunAsync(Limit, "cat", mount.PathOf("sub/out"));
        Assert.NotEqual(0, outside.ExitCode);
        Assert.Equal("", outside.Output);
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task Cp_lets_the_server_copy()
    {
        await using FtpTestServer server = await StartAsync();
        byte[] content = RandomNumberGenerator.GetBytes(8_000_000);
        string source = Path.Combine(server.RootDirectory, "source");
        await File.WriteAllBytesAsync(source, content, Token);
        File.SetUnixFileMode(source, (UnixFileMode)0x1a0);
        server.AdoptFiles();
        await using Mount mount = await Mount.StartAsync(server);
        await RunAsync(mount, "cp source copy && cp -p source kept && cp source copy");
        ProgramResult status = await mount.RunProgramAsync("status", "--json");
        Assert.Contains("\"bytesSent\": 0", status.Output, StringComparison.Ordinal);
        Assert.Contains("SITE CPTO", await server.ReadLogAsync(Token), StringComparison.Ordinal);
        await RunAsync(mount, "cmp source copy && cmp source kept");
        Assert.Equal((UnixFileMode)0x1a0, File.GetUnixFileMode(Path.Combine(server.RootDirectory, "kept")));

        // What is changed here and not yet on the server is what is copied.
        await RunAsync(mount, "exec 3<>source; printf CHANGED >&3; cp source changed; cmp source changed; exec 3>&-");
        await mount.UnmountAsync();
        foreach (string name in new[] { "copy", "kept" })
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(server.RootDirectory, name), Token));
        "CHANGED"u8.CopyTo(content);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(server.RootDirectory, "changed"), Token));
        Assert.Equal(["changed", "copy", "kept", "source"], Directory.EnumerateFileSystemEntries(server.RootDirectory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_checksums_of_a_file_are_extended_attributes()
    {
        await using FtpTestServer server = await StartAsync();
        byte[] content = RandomNumberGenerator.GetBytes(100_000);
        await File.WriteAllBytesAsync(Path.Combine(server.RootDirectory, "file"), content, Token);
        server.AdoptFiles();
        await using Mount mount = await Mount.StartAsync(server);
        const string Script = """
            import os, sys, errno
            path = sys.argv[1]
            for name in ('sha256', 'sha1', 'md5', 'crc32'):
                print(os.getxattr(path, 'user.ftpmount.' + name).decode())
            print(os.listxattr(path))
            for call in (lambda: os.getxattr(path, 'user.other'), lambda: os.setxattr(path, 'user.other', b'1'), lambda: os.getxattr(os.path.dirname(path), 'user.ftpmount.md5')):
                try:
                    call()
                    print('no error')
                except OSError as e:
                    print(errno.errorcode[e.errno])
            """;
        ProgramResult shown = (await ProgramRun.RunAsync(Limit, "/usr/bin/python3", "-c", Script, mount.PathOf("file"))).MustSucceed();
        string[] lines = shown.Output.Split('\n');
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), lines[0]);
        Assert.Equal((40, 32, 8), (lines[1].Length, lines[2].Length, lines[3].Length));
        Assert.Equal(["[]", "ENODATA", "ENOTSUP", "ENODATA"], lines[4..8].Select(line => line.Replace("EOPNOTSUPP", "ENOTSUP", StringComparison.Ordinal)));
        await mount.UnmountAsync();
    }

    [Fact]
    public async Task Uploads_are_compared_by_checksum_when_asked_for()
    {
        await using FtpTestServer server = await StartAsync();
        await using Mount mount = await Mount.StartAsync(server, new MountOptions { Options = ["verify=checksum"] });
        await RunAsync(mount, "head -c 3000000 /dev/urandom > file; printf x > small; : > empty");
        await mount.UnmountAsync();
        Assert.Equal(2, (await server.ReadLogAsync(Token)).Split('\n').Count(line => line.Contains("\"HASH /.ftpmount-", StringComparison.Ordinal)));
        Assert.Equal(3_000_000, new FileInfo(Path.Combine(server.RootDirectory, "file")).Length);
    }

    [Fact]
    public async Task Df_shows_the_quota()
    {
        await using FtpTestServer server = await StartAsync(new FtpServerOptions { QuotaBytes = 50_000_000 });
        await using Mount mount = await Mount.StartAsync(server);
        await RunAsync(mount, "head -c 10000000 /dev/zero > file");
        ProgramResult shown = await RunAsync(mount, "stat -f -c '%b %a %S' .");
        long[] numbers = [.. shown.Output.Split(' ').Select(long.Parse)];
        Assert.InRange(numbers[0] * numbers[2], 49_900_000, 50_100_000);
        Assert.InRange(numbers[1] * numbers[2], 39_900_000, 40_100_000);
        await mount.UnmountAsync();
    }

    private static async Task<FtpTestServer> StartAsync(FtpServerOptions? options = null)
    {
        MountProgram.SkipUnlessPresent();
        return await FtpTestServer.StartAsync(FtpServerKind.ProFtpd, options, Token);
    }

    private static async Task<ProgramResult> RunAsync(Mount mount, string script) =>
        (await ProgramRun.RunAsync(Limit, "sh", "-c", $"cd '{mount.MountPoint}' && {{ {script}; }}")).MustSucceed();
}
