using System.Text.Json;
using FtpMount.EndToEnd.Tests.Mounting;
using FtpMount.EndToEnd.Tests.Programs;
using FtpMount.EndToEnd.Tests.Servers;

namespace FtpMount.EndToEnd.Tests.Caches;

/// <summary><c>ftpmount refresh</c>, <c>pin</c>, <c>unpin</c> and <c>forget</c>.</summary>
public sealed class CacheTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public static TheoryData<string> Servers => AnyServer.OfEachProtocol;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Refresh_shows_at_once_what_changed_on_the_server(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        server.Put("dir/file", "as it was");
        server.Put("dir/gone", "");
        await using Mount mount = await Mount.StartAsync(server.Source, new MountOptions { Options = ["attr-timeout=3600", "dir-timeout=3600"] });
        Assert.Equal("file\ngone\nas it was", await SeenAsync(mount));
        server.Put("dir/file", "as it is, longer");
        server.Put("dir/new", "");
        File.Delete(server.PathOf("dir/gone"));
        Assert.Equal("file\ngone\nas it was", await SeenAsync(mount));
        (await mount.RunProgramAsync("refresh", mount.MountPoint, mount.PathOf("dir"))).MustSucceed();
        Assert.Equal("file\nnew\nas it is, longer", await SeenAsync(mount));

        server.Put("dir/file", "once more");
        await using (FileStream writer = new(mount.PathOf("dir/new"), FileMode.Open, FileAccess.Write))
        {
            await writer.WriteAsync("unsent"u8.ToArray(), TestContext.Current.CancellationToken);
            await writer.FlushAsync(TestContext.Current.CancellationToken);
            (await mount.RunProgramAsync("refresh", mount.MountPoint)).MustSucceed();
        }
        Assert.Equal("file\nnew\nonce more", await SeenAsync(mount));
        ProgramResult missing = await mount.RunProgramAsync("refresh", mount.MountPoint, "nothing");
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("the server does not have it", missing.Error, StringComparison.Ordinal);
        await mount.UnmountAsync();
        Assert.Equal("unsent", server.Read("dir/new"));

        static async Task<string> SeenAsync(Mount mount) =>
            (await ProgramRun.ShellAsync(Limit, "ls \"$1/dir\"; cat \"$1/dir/file\"", mount.MountPoint)).MustSucceed().Output.TrimEnd('\n');
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_pinned_is_here_whatever_is_read_beside_it_and_after_a_restart(string name)
    {
        await using AnyServer server = await AnyServer.StartAsync(name);
        string pinned = new('p', 3_000_000);
        server.Put("tree/large", pinned);
        server.Put("tree/sub/small", "small");
        for (int i = 0; i < 4; i++)
            server.Put($"other/{i}", new string((char)('0' + i), 4_000_000));
        using var folder = new TemporaryFolder();
        MountOptions options = new()
        {
            Options = ["timeout=5", "memory=8M", "cache-size=8M", $"cache-dir={Directory.CreateDirectory(folder.PathOf("cache")).FullName}"],
            MountPoint = Directory.CreateDirectory(folder.PathOf("mnt")).FullName,
            StateDirectory = Directory.CreateDirectory(folder.PathOf("state")).FullName,
        };
        await using (Mount mount = await Mount.StartAsync(server.Source, options))
        {
            ProgramResult result = (await mount.RunProgramAsync("pin", mount.PathOf("tree"))).MustSucceed();
            Assert.Contains("2 files", result.Output, StringComparison.Ordinal);
            Assert.Equal(1, (await mount.RunProgramAsync("pin", mount.PathOf("nothing"))).ExitCode);
            ProgramResult tooMuch = await mount.RunProgramAsync("pin", mount.PathOf("other"));
            Assert.Equal(1, tooMuch.ExitCode);
            Assert.Contains("cache-size", tooMuch.Error, StringComparison.Ordinal);
            (await mount.RunProgramAsync("unpin", mount.PathOf("other"))).MustSucceed();
            Assert.EndsWith("/tree", Assert.Single((await StatusAsync(mount)).GetProperty("pinned").EnumerateArray()).GetString(), StringComparison.Ordinal);
            (await ProgramRun.ShellAsync(Limit, "cat \"$1\"/other/* | wc -c", mount.MountPoint)).MustSucceed();
            await mount.UnmountAsync();
        }

        await using Mount next = await Mount.StartAsync(server.Source, options);
        (await ProgramRun.ShellAsync(Limit, "cat \"$1\"/other/* | wc -c; ls -R \"$1/tree\"", next.MountPoint)).MustSucceed();
        await server.KillAsync();
        (await ProgramRun.ShellAsync(Limit, "cmp \"$1/tree/large\" \"$2/tree/large\"; cmp \"$1/tree/sub/small\" \"$2/tree/sub/small\"", next.MountPoint, server.Directory)).MustSucceed();
        ProgramResult kept = await next.RunProgramAsync("forget", next.PathOf("tree"));
        Assert.Equal(1, kept.ExitCode);
        (await ProgramRun.ShellAsync(Limit, "cmp \"$1/tree/large\" \"$2/tree/large\"", next.MountPoint, server.Directory)).MustSucceed();
        (await next.RunProgramAsync("unpin", next.PathOf("tree"))).MustSucceed();
        Assert.Empty((await StatusAsync(next)).GetProperty("pinned").EnumerateArray());
        await server.RestartAsync();
        await next.UnmountAsync();
    }

    [Fact]
    public async Task Forget_frees_the_disk_and_the_content_is_fetched_again()
    {
        await using AnyServer server = await AnyServer.StartAsync("Vsftpd");
        server.Put("dir/file", new string('x', 3_000_000));
        await using Mount mount = await Mount.StartAsync(server.Source);
        (await ProgramRun.ShellAsync(Limit, "cmp \"$1/dir/file\" \"$2/dir/file\"", mount.MountPoint, server.Directory)).MustSucceed();
        await Patience.UntilAsync(async () => (await DiskBytesAsync(mount)) >= 3_000_000, mount.ReadLog);
        long received = (await StatusAsync(mount)).GetProperty("bytesReceived").GetInt64();
        Assert.Contains("MiB freed", (await mount.RunProgramAsync("forget", mount.PathOf("dir"))).MustSucceed().Output, StringComparison.Ordinal);
        Assert.Equal(0, await DiskBytesAsync(mount));
        (await ProgramRun.ShellAsync(Limit, "cmp \"$1/dir/file\" \"$2/dir/file\"", mount.MountPoint, server.Directory)).MustSucceed();
        Assert.True((await StatusAsync(mount)).GetProperty("bytesReceived").GetInt64() >= received + 3_000_000);
        ProgramResult outside = await mount.RunProgramAsync("forget", "/nonexistent/file");
        Assert.Equal(1, outside.ExitCode);
        Assert.Contains("lies in no mount of ftpmount", outside.Error, StringComparison.Ordinal);
        await mount.UnmountAsync();
    }

    private static async Task<long> DiskBytesAsync(Mount mount) => (await StatusAsync(mount)).GetProperty("cache").GetProperty("diskBytes").GetInt64();

    private static async Task<JsonElement> StatusAsync(Mount mount)
    {
        ProgramResult status = (await mount.RunProgramAsync("status", "--json")).MustSucceed();
        return JsonDocument.Parse(status.Output).RootElement.GetProperty("mounts").EnumerateArray().Single(m => m.GetProperty("mountPoint").GetString() == mount.MountPoint);
    }
}
