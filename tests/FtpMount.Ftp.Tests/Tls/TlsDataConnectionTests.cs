using FtpMount.Remote;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>How data connections begin and end, and what that says of what came over them.</summary>
public sealed class TlsDataConnectionTests
{
    private static readonly byte[] Listing = "type=file;size=1; a\r\ntype=file;size=1; b\r\n"u8.ToArray();

    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.All];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_download_that_is_cut_short_never_passes_as_whole()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[100_000], Size = 100_000, CutAfter = 40_000, SendsCloseNotify = false };
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(ftp));
        Assert.Contains("40000", failure.Message, StringComparison.Ordinal);
        Assert.Contains("100000", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_without_close_notify_is_whole_when_it_is_as_long_as_the_file()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[100_000], Size = 100_000, SendsCloseNotify = false };
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(100_000, await ReadAsync(ftp));
    }

    [Fact]
    public async Task A_download_without_close_notify_is_an_error_when_the_size_is_not_known()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[100_000], SendsCloseNotify = false };
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(ftp));
        Assert.Contains("close_notify", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listing_without_close_notify_is_an_error_on_a_server_that_has_sent_one_before()
    {
        await using var server = new ScriptedTlsServer { Content = Listing };
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(2, await CountAsync(ftp));
        server.SendsCloseNotify = false;
        server.CutAfter = Listing.Length / 2;
        var failure = await Assert.ThrowsAsync<RemoteException>(() => CountAsync(ftp));
        Assert.Contains("close_notify", failure.Message, StringComparison.Ordinal);
        server.CutAfter = int.MaxValue;
        await Assert.ThrowsAsync<RemoteException>(() => CountAsync(ftp)); // nothing shows that it is whole
        server.SendsCloseNotify = true;
        Assert.Equal(2, await CountAsync(ftp));
    }

    [Fact]
    public async Task A_server_that_never_sends_close_notify_is_learned_with_a_warning()
    {
        var log = new WarningLog();
        await using var server = new ScriptedTlsServer { Content = Listing, SendsCloseNotify = false };
        await using var ftp = await ConnectAsync(server, log);
        Assert.Equal(2, await CountAsync(ftp));
        Assert.Equal(3, server.DataConnections); // it was looked at three times
        Assert.Equal(2, await CountAsync(ftp));
        Assert.Equal(4, server.DataConnections); // and is known now
        Assert.Contains(log.Warnings, line => line.Contains("close_notify", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_listing_that_is_cut_at_different_places_teaches_nothing()
    {
        await using var server = new ScriptedTlsServer { Content = Listing, SendsCloseNotify = false, CutAfter = 25 };
        await using var ftp = await ConnectAsync(server);
        var counting = CountAsync(ftp);
        while (server.DataConnections == 0)
            await Task.Yield();
        server.CutAfter = 30;
        // Whichever listing the change met, they are not all alike, or the first was cut already.
        try
        {
            Assert.True(await counting <= 1);
        }
        catch (RemoteException e)
        {
            Assert.Contains("close_notify", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Another_certificate_on_the_data_connection_is_refused()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[1000], Size = 1000, DataCertificate = ScriptedTlsServer.MakeCertificate(), ResetsResumption = true };
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(ftp));
        Assert.Equal(RemoteError.Untrusted, failure.Error);
        await Assert.ThrowsAsync<RemoteException>(() => StoreAsync(ftp, [1, 2, 3]));
        Assert.True(server.Stored is null or []);
    }

    [Fact]
    public async Task A_server_that_resets_resumed_data_connections_gets_full_handshakes()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[1000], Size = 1000, ResetsResumption = true };
        await using var ftp = await ConnectAsync(server, connections: 1);
        await StoreAsync(ftp, [1, 2, 3]);
        Assert.Equal([1, 2, 3], server.Stored);
        Assert.Equal(2, server.DataConnections);
        Assert.Equal(1000, await ReadAsync(ftp));
        Assert.Equal(3, server.DataConnections);
        Assert.Single(server.Commands, line => line.StartsWith("USER", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16384)]
    [InlineData(16385)]
    [InlineData(3_000_000)]
    public async Task A_store_arrives_whole_and_ends_properly(int size)
    {
        var content = new byte[size];
        new Random(size).NextBytes(content);
        await using var server = new ScriptedTlsServer();
        await using var ftp = await ConnectAsync(server);
        await StoreAsync(ftp, content);
        Assert.Equal(content, server.Stored);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_session_is_replaced_before_its_ticket_expires(FtpServerKind kind)
    {
        var time = new ShiftedClock();
        await using var server = await TlsSite.StartAsync(kind, new FtpServerOptions { Tls = true });
        var options = TlsSite.OptionsFor(server) with { Connections = 1 };
        await using var ftp = await FtpFileSystem.ConnectAsync(options, time, NullLogger.Instance, Token);
        Assert.Equal(0, await CountAsync(ftp));
        time.Shift = TimeSpan.FromSeconds(1);
        Assert.Equal(0, await CountAsync(ftp));
        Assert.Equal(1, ftp.Statistics.ConnectionsMade);
        time.Shift = TimeSpan.FromDays(8); // longer than any ticket may live (RFC 8446 section 4.6.1)
        Assert.Equal(0, await CountAsync(ftp));
        Assert.Equal(2, ftp.Statistics.ConnectionsMade);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Data_connections_in_the_clear_work_where_the_server_allows_them(FtpServerKind kind)
    {
        await using var site = await TlsSite.OpenAsync(
            kind, new FtpServerOptions { Tls = true, OptionalTls = true }, options => options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Required, ClearData = true } });
        await site.Ftp.StoreAsync(RemotePath.Root.Combine("f"), new MemoryStream([1, 2, 3]), StoreMode.Whole, 0, null, Lane.Write, Token);
        Assert.Equal([1, 2, 3], await site.ReadAsync("f", 0, null));
    }

    [Theory]
    [InlineData(FtpServerKind.ProFtpd, false)]
    [InlineData(FtpServerKind.ProFtpd, true)]
    [InlineData(FtpServerKind.PureFtpd, false)]
    public async Task The_control_connection_is_in_the_clear_after_the_login_when_asked_for(FtpServerKind kind, bool only12)
    {
        await using var site = await TlsSite.OpenAsync(
            kind,
            new FtpServerOptions { Tls = true, OptionalTls = true, OnlyTls12 = only12 },
            options => options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Required, ClearControlAfterLogin = true }, Connections = 1 });
        for (var i = 0; i < 3; i++)
        {
            await site.Ftp.StoreAsync(RemotePath.Root.Combine("f"), new MemoryStream([1, 2, 3]), StoreMode.Whole, 0, null, Lane.Write, Token);
            Assert.Equal([1, 2, 3], await site.ReadAsync("f", 0, null));
            Assert.Equal(1, await site.CountAsync(RemotePath.Root));
        }

        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    private static Task<FtpFileSystem> ConnectAsync(ScriptedTlsServer server, ILogger? log = null, int connections = 8) =>
        FtpFileSystem.ConnectAsync(server.Options with { Connections = connections }, TimeProvider.System, log ?? NullLogger.Instance, Token).AsTask();

    private static async Task<long> ReadAsync(FtpFileSystem ftp)
    {
        await using var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("f"), 0, null, Lane.Read, Token);
        var buffer = new byte[30_000];
        while (await reader.ReadAsync(buffer, Token) > 0)
        {
            // To its end.
        }

        return reader.Position;
    }

    private static async Task StoreAsync(FtpFileSystem ftp, byte[] content) =>
        await ftp.StoreAsync(RemotePath.Root.Combine("f"), new MemoryStream(content), StoreMode.Whole, 0, null, Lane.Write, Token);

    private static async Task<int> CountAsync(FtpFileSystem ftp)
    {
        var count = 0;
        await foreach (var _ in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
            count++;
        return count;
    }

    /// <summary>Tells another time of day; timers go as ever.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }

    private sealed class WarningLog : ILogger
    {
        private readonly List<string> _warnings = [];

        public IReadOnlyList<string> Warnings
        {
            get
            {
                lock (_warnings)
                    return [.. _warnings];
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            lock (_warnings)
                _warnings.Add(formatter(state, exception));
        }
    }
}
