using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>What happens when connections are cut, stall or are refused.</summary>
public sealed class LostLinkTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reading_goes_on_where_it_was()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true);
        var content = ContentTests.Noise(20_000_000);
        site.Put("file", content);
        await using var reader = await site.Sftp.OpenReadAsync(site["file"], 0, null, Lane.Read, Token);
        var buffer = new byte[131072];
        var result = new MemoryStream();
        for (var cuts = 0; await reader.ReadAsync(buffer, Token) is > 0 and var count;)
        {
            result.Write(buffer, 0, count);
            if (result.Length > (cuts + 1) * 4_000_000 && cuts++ < 4)
                site.Proxy!.CutAll();
        }

        Assert.True(result.ToArray().AsSpan().SequenceEqual(content));
        Assert.True(site.Sftp.Statistics.ConnectionsLost >= 4);
    }

    [Fact]
    public async Task Reading_does_not_go_on_in_another_file()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true);
        site.Put("file", ContentTests.Noise(20_000_000));
        await using var reader = await site.Sftp.OpenReadAsync(site["file"], 0, null, Lane.Read, Token);
        var buffer = new byte[131072];
        Assert.True(await reader.ReadAsync(buffer, Token) > 0);
        site.Put("other", ContentTests.Noise(21_000_000));
        File.Move(Path.Combine(site.Local, "other"), Path.Combine(site.Local, "file"), overwrite: true);
        site.Proxy!.CutAll();
        Assert.Equal(RemoteError.Changed, await SftpTestSite.ErrorOf(async () =>
        {
            while (await reader.ReadAsync(buffer, Token) > 0)
            {
            }
        }));
    }

    [Fact]
    public async Task Storing_goes_on_where_it_was()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true);
        var content = ContentTests.Noise(20_000_000);
        var cuts = 0;
        var progress = new Told(sent =>
        {
            if (sent > (cuts + 1) * 4_000_000 && cuts++ < 3)
                site.Proxy!.CutAll();
        });
        Assert.Equal(content.Length, await site.Sftp.StoreAsync(site["file"], new MemoryStream(content), StoreMode.Whole, 0, progress, Lane.Write, Token));
        Assert.True((await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), Token)).AsSpan().SequenceEqual(content));
        Assert.Equal(4, cuts);
    }

    [Fact]
    public async Task Calls_are_repeated_on_a_new_connection()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true);
        site.Put("file", "x");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(1, (await site.StatAsync(site["file"])).Size);
            site.Proxy!.CutAll();
        }

        site.Proxy!.CutAll();
        await site.Sftp.CreateDirectoryAsync(site["made"], Lane.Interactive, Token);
        site.Proxy!.CutAll();
        await site.Sftp.RenameAsync(site["file"], site["made/file"], false, Lane.Interactive, Token);
        Assert.True(File.Exists(Path.Combine(site.Local, "made", "file")));
    }

    [Fact]
    public async Task Calls_end_when_the_server_cannot_be_reached()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true, change: o => o with { Timeout = TimeSpan.FromSeconds(3) });
        site.Put("file", "x");
        site.Proxy!.RefuseConnections();
        site.Proxy.CutAll();
        Assert.Contains(await SftpTestSite.ErrorOf(async () => await site.StatAsync(site["file"])), (RemoteError[])[RemoteError.Offline, RemoteError.TimedOut]);
        Assert.True(site.Sftp.Statistics.Offline);
        site.Proxy.AcceptConnections();
        Assert.Equal(1, (await site.StatAsync(site["file"])).Size);
        Assert.False(site.Sftp.Statistics.Offline);
    }

    [Fact]
    public async Task A_link_that_stalls_ends_calls_by_their_deadline()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh, proxied: true, change: o => o with { Timeout = TimeSpan.FromSeconds(2) });
        site.Put("file", "x");
        site.Proxy!.Stall();
        Assert.Contains(await SftpTestSite.ErrorOf(async () => await site.StatAsync(site["file"])), (RemoteError[])[RemoteError.Offline, RemoteError.TimedOut]);
        site.Proxy.Resume();
        Assert.Equal(1, (await site.StatAsync(site["file"])).Size);
    }

    private sealed class Told(Action<long> action) : IProgress<long>
    {
        public void Report(long value) => action(value);
    }
}
