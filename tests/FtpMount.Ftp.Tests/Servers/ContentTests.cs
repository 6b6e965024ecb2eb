using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class ContentTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    private static byte[] Bytes(int count) => RandomNumberGenerator.GetBytes(count);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_stored_is_read_back(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        foreach (var size in new[] { 0, 1, 1000, 3_000_000 })
        {
            var content = Bytes(size);
            Assert.Equal(size, await site.StoreAsync(site["file"], content));
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
            Assert.Equal(content, await site.ReadAsync(site["file"]));
            Assert.Equal(size, (await site.StatAsync(site["file"])).Size);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_file_stream_is_stored_from_its_position(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var content = Bytes(20_000_000);
        var local = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(local, content, FtpSite.Token);
            await using var file = File.OpenRead(local);
            file.Position = 1234;
            var progress = new Progress();
            var sent = await site.Ftp.StoreAsync(site["file"], file, StoreMode.Whole, 0, progress, Lane.Write, FtpSite.Token);
            Assert.Equal(content.Length - 1234, sent);
            Assert.Equal(sent, progress.Last);
            Assert.Equal(content.Length, file.Position);
            Assert.Equal(content[1234..], await File.ReadAllBytesAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
        }
        finally
        {
            File.Delete(local);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_from_an_offset_gives_the_rest(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var content = Bytes(500_000);
        site.Put("file", content);
        Assert.Equal(content[123_456..], await site.ReadAsync(site["file"], 123_456));
        Assert.Equal(content[123_456..133_456], await site.ReadAsync(site["file"], 123_456, 10_000));
        Assert.Equal(content[499_000..], await site.ReadAsync(site["file"], 499_000, 5_000));
        Assert.Equal(content, await site.ReadAsync(site["file"]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Read_past_end_returns_zero_bytes(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", Bytes(100));
        Assert.Empty(await site.ReadAsync(site["file"], 100));
        Assert.Empty(await site.ReadAsync(site["file"], 100, 10));
        Assert.Empty(await site.ReadAsync(site["file"], 5_000_000_000));
        Assert.Equal(100, (await site.ReadAsync(site["file"])).Length);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_refused_offset_does_not_leak_into_the_next_transfer(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Connections = 1 });
        var content = Bytes(1000);
        site.Put("file", content);
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ReadAsync(site["missing"], 500)));
        Assert.Equal(content, await site.ReadAsync(site["file"]));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ReadAsync(site["missing"], 500)));
        await site.ListAsync(site.Folder);
        await site.StoreAsync(site["new"], content);
        Assert.Equal(content, await site.ReadAsync(site["new"]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Leaving_a_read_early_keeps_the_session(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Connections = 1 });
        var content = Bytes(30_000_000);
        site.Put("file", content);
        var buffer = new byte[1000];
        for (var i = 0; i < 5; i++)
        {
            await using (var reader = await site.Ftp.OpenReadAsync(site["file"], i * 1000, null, Lane.Read, FtpSite.Token))
            {
                var count = await reader.ReadAsync(buffer, FtpSite.Token);
                Assert.Equal(content[(i * 1000)..((i * 1000) + count)], buffer[..count]);
                Assert.Equal((i * 1000) + count, reader.Position);
            }

            Assert.Equal(content.Length, (await site.StatAsync(site["file"])).Size);
        }

        Assert.Equal(content, await site.ReadAsync(site["file"]));
        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
        Assert.Equal(0, site.Ftp.Statistics.ConnectionsLost);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_exactly_to_the_end_costs_no_abort(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        var content = Bytes(300_000);
        site.Put("file", content);
        await site.ReadAsync(site["file"]);
        for (var i = 0; i < 3; i++)
        {
            var commands = await site.CommandsOfAsync(async () => Assert.Equal(content[100_000..], await site.ReadAsync(site["file"], 100_000, 200_000)));
            Assert.Equal(3, commands.Count); // REST or RANG, RETR; EPSV
            Assert.Equal(2, site.Proxy!.RoundTrips);
        }

        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_read_and_a_store_cost_one_round_trip_each(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        await site.StoreAsync(site["file"], Bytes(1000));
        await site.ReadAsync(site["file"]);
        Assert.Equal(["RETR " + site["file"].Value, "EPSV"], await site.CommandsOfAsync(() => site.ReadAsync(site["file"])));
        Assert.Equal(2, site.Proxy!.RoundTrips);
        Assert.Equal(["STOR " + site["file2"].Value, "EPSV"], await site.CommandsOfAsync(() => site.StoreAsync(site["file2"], Bytes(1000)).AsTask()));
        Assert.Equal(2, site.Proxy.RoundTrips);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Append_adds_and_resume_continues(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var content = Bytes(300_000);
        await site.StoreAsync(site["file"], content[..100_000]);
        Assert.Equal(100_000, await site.StoreAsync(site["file"], content[100_000..200_000], StoreMode.Append));
        Assert.Equal(100_000, await site.StoreAsync(site["file"], content[200_000..], StoreMode.Resume, 200_000));
        Assert.Equal(content, await site.ReadAsync(site["file"]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Reading_what_cannot_be_read_says_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("dir");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ReadAsync(site["missing"])));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ReadAsync(site["missing/below"])));
        Assert.Equal(RemoteError.IsADirectory, await FtpSite.ErrorOf(() => site.ReadAsync(site["dir"])));
        if (!Environment.IsPrivilegedProcess)
            return;
        var secret = Path.Combine(site.Local, "secret");
        await File.WriteAllTextAsync(secret, "1", FtpSite.Token);
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => site.ReadAsync(site["secret"])));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Storing_what_cannot_be_stored_says_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("dir");
        site.Put("file", "1");
        var content = Bytes(100_000);
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StoreAsync(site["missing/file"], content).AsTask()));
        Assert.Equal(RemoteError.IsADirectory, await FtpSite.ErrorOf(() => site.StoreAsync(site["dir"], content).AsTask()));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => site.StoreAsync(site["file/below"], content).AsTask()));
        if (!Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(Path.Combine(site.Local, "readonly"));
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => site.StoreAsync(site["readonly/file"], content).AsTask()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Parallel_transfers_do_not_mix(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async i =>
        {
            var content = Bytes(10_000 * i);
            await site.StoreAsync(site["f" + i], content);
            Assert.Equal(content, await site.ReadAsync(site["f" + i]));
        }));
        Assert.Equal(24, (await site.ListAsync(site.Folder)).Count);

        // How many it takes depends on how fast the server lets the second one in (ProFTPD: up to 350 ms).
        Assert.InRange(site.Ftp.Statistics.ConnectionsMade, 1, 8);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_cancelled_store_throws_and_the_site_goes_on(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => site.Ftp.StoreAsync(site["file"], new EndlessStream(100_000_000, source), StoreMode.Whole, 0, null, Lane.Write, source.Token).AsTask());
        await site.StoreAsync(site["other"], Bytes(10));
        Assert.Equal(10, (await site.StatAsync(site["other"])).Size);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Killing_the_server_ends_a_read_with_an_error_and_the_site_goes_on_after_its_restart(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, null, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        site.Put("file", Bytes(50_000_000));
        var reader = await site.Ftp.OpenReadAsync(site["file"], 0, null, Lane.Read, FtpSite.Token);
        var buffer = new byte[100_000];
        Assert.True(await reader.ReadAsync(buffer, FtpSite.Token) > 0);
        await server.KillAsync(FtpSite.Token);
        var error = await FtpSite.ErrorOf(async () =>
        {
            while (await reader.ReadAsync(buffer, FtpSite.Token) > 0)
            {
                // until it notices
            }
        });
        Assert.Equal(RemoteError.Offline, error);
        await reader.DisposeAsync();
        Assert.Equal(RemoteError.Offline, await FtpSite.ErrorOf(() => site.StatAsync(site["file"]).AsTask()));
        await server.RestartAsync(FtpSite.Token);
        Assert.Equal(50_000_000, (await site.StatAsync(site["file"])).Size);
    }

    private sealed class Progress : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value) => Last = value;
    }

    /// <summary>Gives bytes for ever, and cancels after some.</summary>
    private sealed class EndlessStream(long cancelAfter, CancellationTokenSource source) : Stream
    {
        private long _given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _given; set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            _given += count;
            if (_given > cancelAfter)
                source.Cancel();
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
