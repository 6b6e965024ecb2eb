using System.Net.Sockets;
using FtpMount.Remote;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class SessionTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_data_mode_works(FtpServerKind kind)
    {
        foreach (var mode in Enum.GetValues<FtpDataMode>())
        {
            await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { DataMode = mode, Connections = 1 });
            await site.StoreAsync(site["file"], [1, 2, 3]);
            Assert.Equal([1, 2, 3], await site.ReadAsync(site["file"]));
            Assert.Single(await site.ListAsync(site.Folder));
            // busybox knows no EPRT, and LIST -a shows nothing there, so the first LIST is sent twice.
            if (kind == FtpServerKind.BusyboxFtpd)
                continue;
            var expected = mode switch { FtpDataMode.Pasv => "PASV", FtpDataMode.Active => "EPRT", _ => "EPSV" };
            // One for each transfer, and one for the next.
            if (mode != FtpDataMode.Active)
                await site.WaitForReadyAsync();
            Assert.Equal(mode == FtpDataMode.Active ? 3 : 4, site.Proxy!.Commands.Count(command => command.StartsWith(expected, StringComparison.Ordinal)));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task IPv6_works_passive_and_active(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        if (!Socket.OSSupportsIPv6)
            Assert.Skip("This machine has no IPv6.");
        await using var server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { ListenAddress = "::1" }, FtpSite.Token);
        foreach (var mode in new[] { FtpDataMode.Auto, FtpDataMode.Active })
        {
            if (mode == FtpDataMode.Active && kind == FtpServerKind.BusyboxFtpd)
                continue; // it has PORT only, which knows no IPv6
            await using var site = await FtpSite.OpenAsync(server, change: options => options with { DataMode = mode });
            await site.StoreAsync(site["file"], [1, 2, 3]);
            Assert.Equal([1, 2, 3], await site.ReadAsync(site["file"]));
        }
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task Where_EPSV_is_refused_PASV_is_used_and_remembered(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { DeniedCommands = ["EPSV", "EPRT"] }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Connections = 1 });
        await site.StoreAsync(site["file"], [1, 2, 3]);
        Assert.Equal([1, 2, 3], await site.ReadAsync(site["file"]));
        Assert.Single(await site.ListAsync(site.Folder));
        Assert.Equal(1, site.Proxy!.CountCommands("EPSV"));
        await site.WaitForReadyAsync();
        Assert.Equal(4, site.Proxy.CountCommands("PASV")); // one for each transfer, and one for the next
        await using var active = await FtpSite.OpenAsync(server, proxied: true, options => options with { DataMode = FtpDataMode.Active });
        await active.StoreAsync(active["file"], [1, 2, 3]);
        Assert.Equal([1, 2, 3], await active.ReadAsync(active["file"]));
        Assert.Equal(2, active.Proxy!.CountCommands("PORT"));
    }

    [Theory]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task A_server_without_MLST_and_MLSD_is_listed_with_LIST(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { DeniedCommands = ["MLSD", "MLST"] }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        File.SetUnixFileMode(site.Put("file", "12345"), (UnixFileMode)Convert.ToInt32("640", 8));
        site.MakeDirectory("dir");
        for (var i = 0; i < 2; i++)
        {
            var entries = await site.ListAsync(site.Folder);
            Assert.Equal(["dir", "file"], entries.Select(entry => entry.Name).Order());
            var listed = entries.Single(entry => entry.Name == "file");
            var stat = await site.StatAsync(site["file"]);
            Assert.Equal((5L, RemoteKind.File, listed.Mode), (stat.Size!.Value, stat.Kind, stat.Mode));
            Assert.Equal(Convert.ToInt32("640", 8), listed.Mode);
            Assert.True(listed.Modified!.Value.IsConsistentWith(stat.Modified!.Value));
            Assert.Equal(RemoteKind.Directory, (await site.StatAsync(site["dir"])).Kind);
        }

        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ListAsync(site["missing"])));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => site.ListAsync(site["file"])));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site["missing"]).AsTask()));
        Assert.Empty(await site.ListAsync(site["dir"]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_path_of_the_URL_is_relative_to_the_login_folder_or_absolute(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("sub");
        var name = site.Folder.Name;
        foreach (var path in new[] { name + "/sub", site["sub"].Value, name + "/./sub/" })
        {
            await using var other = await ConnectAsync(site.Server, options => options with { Path = path });
            Assert.Equal(site["sub"], other.Root);
        }

        site.Put("file", "1");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => ConnectAsync(site.Server, options => options with { Path = name + "/missing" })));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => ConnectAsync(site.Server, options => options with { Path = name + "/file" })));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_wrong_password_is_an_authentication_failure(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ConnectAsync(site.Server, options => options with { Password = "wrong-secret" }));
        Assert.Equal(RemoteError.AuthenticationFailed, failure.Error);
        Assert.DoesNotContain("wrong-secret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_hosts_and_closed_ports_are_named()
    {
        var options = new FtpOptions { Host = "no-such-host.invalid", User = "u", Password = "p", Timeout = TimeSpan.FromSeconds(10) };
        var unknown = await Assert.ThrowsAsync<RemoteException>(() => FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, FtpSite.Token).AsTask());
        Assert.Equal(RemoteError.Offline, unknown.Error);
        Assert.Contains("no-such-host.invalid", unknown.Message, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<RemoteException>(
            () => FtpFileSystem.ConnectAsync(options with { Host = "127.0.0.1", Port = 1 }, TimeProvider.System, NullLogger.Instance, FtpSite.Token).AsTask());
        Assert.Equal(RemoteError.Offline, refused.Error);
        Assert.Contains("refuses", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_servers_limit_of_connections_is_learned(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { MaxClients = 3 }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        for (var round = 0; round < 50 && site.Ftp.Statistics.ConnectionLimit > 7; round++)
        {
            // Until one more connection was wanted than there may be: the first ones may be quick enough for all.
            await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                await site.StoreAsync(site["f" + i], new byte[100_000]);
                Assert.Equal(100_000, (await site.ReadAsync(site["f" + i])).Length);
            }));
        }

        Assert.InRange(site.Ftp.Statistics.ConnectionLimit, 1, 7); // fewer than allowed by the options; the pool refines it
        Assert.Equal(16, (await site.ListAsync(site.Folder)).Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_idle_session_that_the_server_closed_is_replaced_unnoticed(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        site.Put("file", "1");
        await site.StatAsync(site["file"]);
        // More than once: the next data connection may be on its way.
        for (site.Proxy!.CutAll(); site.Proxy.OpenConnections > 0; site.Proxy.CutAll())
        {
            FtpSite.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await site.Ftp.DeleteFileAsync(site["file"], Lane.Interactive, FtpSite.Token);
        Assert.Empty(await site.ListAsync(site.Folder));
        Assert.Equal(2, site.Ftp.Statistics.ConnectionsMade);
    }

    [Theory]
    [InlineData(FtpServerKind.ProFtpd, false)]
    [InlineData(FtpServerKind.ProFtpd, true)]
    [InlineData(FtpServerKind.Vsftpd, false)]
    public async Task Sessions_that_the_servers_timers_have_ended_cost_one_login_and_no_error(FtpServerKind kind, bool endsWithoutTransfers)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        var limit = TimeSpan.FromSeconds(2);
        await using var server = await FtpTestServer.StartAsync(
            kind, endsWithoutTransfers ? new FtpServerOptions { NoTransferTimeout = limit } : new FtpServerOptions { IdleTimeout = limit }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server, proxied: true, options => options with { Connections = 1 });
        site.Put("file", "content");
        Func<Task>[] calls =
        [
            async () => Assert.Equal("content"u8.ToArray(), await site.ReadAsync(site["file"])),
            async () => Assert.Equal(3, await site.StoreAsync(site["new"], [1, 2, 3])),
            async () => Assert.Equal(2, (await site.ListAsync(site.Folder)).Count),
            async () => await site.Ftp.DeleteFileAsync(site["new"], Lane.Interactive, FtpSite.Token),
        ];
        await site.StatAsync(site["file"]);
        foreach (var call in calls)
        {
            while (server.ControlConnectionCount > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(10), FtpSite.Token);
            var made = site.Ftp.Statistics.ConnectionsMade;
            site.Proxy!.ClearCommands();
            await call();
            Assert.Equal(made + 1, site.Ftp.Statistics.ConnectionsMade);
            Assert.Single(site.Proxy.Commands, command => command.StartsWith("USER", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_silent_server_ends_every_call_with_a_time_out(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Timeout = TimeSpan.FromSeconds(1) });
        site.Put("file", new byte[100]);
        await site.StatAsync(site["file"]);
        site.Proxy!.Stall();
        Assert.Contains(await FtpSite.ErrorOf(() => site.StatAsync(site["file"]).AsTask()), TimeOuts);
        Assert.Contains(await FtpSite.ErrorOf(() => site.ListAsync(site.Folder)), TimeOuts);
        Assert.Contains(await FtpSite.ErrorOf(() => site.ReadAsync(site["file"])), TimeOuts);
        Assert.Contains(await FtpSite.ErrorOf(() => site.StoreAsync(site["new"], [1]).AsTask()), TimeOuts);
        Assert.Contains(await FtpSite.ErrorOf(() => site.Ftp.DeleteFileAsync(site["file"], Lane.Interactive, FtpSite.Token).AsTask()), TimeOuts);
        site.Proxy.Resume();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_transfer_on_which_nothing_moves_ends_with_a_time_out(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(kind, null, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server, change: options => options with { Timeout = TimeSpan.FromSeconds(1) });
        site.Put("file", new byte[50_000_000]);
        await using (var reader = await site.Ftp.OpenReadAsync(site["file"], 0, null, Lane.Read, FtpSite.Token))
        {
            await server.SuspendAsync(FtpSite.Token);
            var buffer = new byte[1_000_000];
            var error = await FtpSite.ErrorOf(async () =>
            {
                while (await reader.ReadAsync(buffer, FtpSite.Token) > 0)
                {
                    // until the socket is empty
                }
            });
            Assert.Equal(RemoteError.TimedOut, error);
        }

        await server.ResumeAsync(FtpSite.Token);
        var slow = new SuspendingStream(server);
        Assert.Equal(
            RemoteError.TimedOut,
            await FtpSite.ErrorOf(() => site.Ftp.StoreAsync(site["new"], slow, StoreMode.Whole, 0, null, Lane.Write, FtpSite.Token).AsTask()));
        await server.ResumeAsync(FtpSite.Token);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_transcript_has_no_password(FtpServerKind kind)
    {
        var server = await fixture.ServerAsync(kind);
        var log = new RecordingLogger();
        var options = Options(server);
        await using (var ftp = await FtpFileSystem.ConnectAsync(options, TimeProvider.System, log, FtpSite.Token))
            await ftp.StatAsync(RemotePath.Root, Lane.Interactive, FtpSite.Token);
        Assert.Contains(log.Lines, line => line.Contains("PASS", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains(options.Password, StringComparison.Ordinal));
        Assert.DoesNotContain(options.Password, options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.PureFtpd)]
    public async Task Another_charset_is_used_on_the_wire(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Encoding = System.Text.Encoding.Latin1 });
        await site.StoreAsync(site["\u00e9t\u00e9"], [1]);
        await using var utf8 = await ConnectAsync(site.Server, options => options);
        var names = new List<string>();
        await foreach (var entry in utf8.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
            names.Add(entry.Name);
        Assert.Equal(["\uDCE9t\uDCE9"], names);
        Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => site.StoreAsync(site["\u20ac"], [1]).AsTask()));
    }

    private static readonly RemoteError[] TimeOuts = [RemoteError.TimedOut, RemoteError.Offline];

    private static FtpOptions Options(FtpTestServer server) => new()
    {
        Host = server.Host,
        Port = server.Port,
        User = server.User,
        Password = server.Password,
        Timeout = TimeSpan.FromSeconds(10),
    };

    private static Task<FtpFileSystem> ConnectAsync(FtpTestServer server, Func<FtpOptions, FtpOptions> change) =>
        FtpFileSystem.ConnectAsync(change(Options(server)), TimeProvider.System, NullLogger.Instance, FtpSite.Token).AsTask();

    /// <summary>Suspends the server after the first block, and goes on giving bytes.</summary>
    private sealed class SuspendingStream(FtpTestServer server) : Stream
    {
        private bool _suspended;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_suspended)
                await server.SuspendAsync(cancellationToken);
            _suspended = true;
            return buffer.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
