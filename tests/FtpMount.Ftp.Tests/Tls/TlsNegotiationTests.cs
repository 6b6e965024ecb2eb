using System.Net;
using System.Net.Sockets;
using System.Text;
using FtpMount.Ftp.Certificates;
using FtpMount.Ftp.Tests.Scripted;
using FtpMount.Remote;
using FtpMount.Remote.Network;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>Whether TLS is spoken, and what is not sent when it is not.</summary>
public sealed class TlsNegotiationTests : IDisposable
{
    private readonly string _memory = Directory.CreateTempSubdirectory("ftpmount-tls-").FullName;

    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.All];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_memory, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_server_that_offers_TLS_is_spoken_to_with_TLS(FtpServerKind kind)
    {
        await using var site = await TlsSite.OpenAsync(kind, new FtpServerOptions { Tls = true, OptionalTls = true });
        Assert.Equal(0, await site.CountAsync(RemotePath.Root));
        await using var proxy = FaultProxy.Start(site.Server);
        await using var ftp = await TlsSite.ConnectAsync(site.Server, options => options with { Port = proxy.Port });
        Assert.Equal(["AUTH TLS"], proxy.Commands.Where(line => !line.Any(char.IsControl)).Take(1));
        Assert.DoesNotContain(proxy.Commands, line => line.StartsWith("USER", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_server_that_does_not_is_asked_once_and_then_spoken_to_without(FtpServerKind kind)
    {
        await using var server = await TlsSite.StartAsync(kind, new FtpServerOptions());
        await using var proxy = FaultProxy.Start(server);
        var options = new FtpOptions { Host = server.Host, Port = proxy.Port, User = server.User, Password = server.Password, MemoryDirectory = _memory };
        await using (var ftp = await ConnectAsync(options))
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ftp.StatAsync(RemotePath.Root, Lane.Interactive, Token).AsTask()));
            Assert.Equal(1, proxy.CountCommands("AUTH"));
        }

        // Not remembered from one mount to the next: the server may have learned it since.
        await using (var again = await ConnectAsync(options))
            Assert.Equal(2, proxy.CountCommands("AUTH"));
        var logins = proxy.CountCommands("USER");
        var refusal = await RefusalAsync(options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Required } });
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Contains("offers no TLS", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(logins, proxy.CountCommands("USER"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_certificate_that_cannot_be_verified_is_an_error_and_no_reason_to_go_on_without_TLS(FtpServerKind kind)
    {
        await using var server = await TlsSite.StartAsync(kind, new FtpServerOptions { Tls = true, OptionalTls = true });
        await using var proxy = FaultProxy.Start(server);
        var refusal = await RefusalAsync(TlsSite.OptionsFor(server) with { Port = proxy.Port, Trust = new CertificateTrustOptions() });
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Contains("tls-fingerprint=SHA256:", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, proxy.Commands.Count(line => line.StartsWith("AUTH", StringComparison.Ordinal)));
        Assert.DoesNotContain(proxy.Commands, line => line.StartsWith("USER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_TLS_off_it_is_not_even_asked_for()
    {
        await using var server = new ScriptedFtpServer((_, _) => null);
        await using var ftp = await ConnectAsync(server.Options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Off } });
        Assert.DoesNotContain("AUTH TLS", server.Commands);
    }

    [Fact]
    public async Task A_server_that_takes_back_its_offer_gets_no_password()
    {
        await using var server = new ScriptedTlsServer();
        var options = server.Options with { MemoryDirectory = _memory };
        await using (var ftp = await ConnectAsync(options))
        {
            server.AuthReply = "500 what\r\n";
            // A further session of the same mount: while one lists, the other is needed.
            var failure = await Assert.ThrowsAsync<RemoteException>(() => Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ReadAsync(ftp))));
            Assert.Equal(RemoteError.Untrusted, failure.Error);
            Assert.Contains("spoke TLS before", failure.Message, StringComparison.Ordinal);
        }

        var later = await RefusalAsync(options); // another mount, perhaps weeks later
        Assert.Equal(RemoteError.Untrusted, later.Error);
        Assert.Contains("spoke TLS before", later.Message, StringComparison.Ordinal);
        Assert.Equal(1, server.Commands.Count(line => line.StartsWith("USER", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_comes_in_the_clear_after_the_agreement_is_not_taken_for_what_comes_inside_TLS()
    {
        await using var server = new ScriptedFtpServer((line, _) => line == "AUTH TLS" ? "234 go on\r\n230 already in\r\n" : null);
        var refusal = await RefusalAsync(server.Options);
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Equal(["AUTH TLS"], server.Commands);
    }

    [Fact]
    public async Task A_server_that_agrees_and_then_speaks_no_TLS_is_an_error()
    {
        await using var server = new ScriptedFtpServer((line, session) => line == "AUTH TLS" ? "234 go on\r\n" : "220 not TLS at all\r\n");
        var refusal = await RefusalAsync(server.Options with { Timeout = TimeSpan.FromSeconds(1) });
        Assert.NotEqual(RemoteError.ServerFailure, refusal.Error);
        Assert.Single(server.Commands, line => line == "AUTH TLS");
    }

    [Fact]
    public async Task Implicit_TLS_with_a_server_that_wants_explicit_says_so()
    {
        await using var server = new ScriptedFtpServer((_, _) => null);
        var refusal = await RefusalAsync(server.Options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Implicit } });
        Assert.Equal(RemoteError.ProtocolViolation, refusal.Error);
        Assert.Contains("tls=required", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task No_common_version_says_which_option_would_help(FtpServerKind kind)
    {
        await using var server = await TlsSite.StartAsync(kind, new FtpServerOptions { Tls = true, OnlyTls12 = true });
        var refusal = await RefusalAsync(TlsSite.OptionsFor(server) with { Tls = new FtpTlsOptions { Minimum = TlsVersion.Tls13 } });
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Contains("does not speak TLS 1.3", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("tls-min=1.2", refusal.Message, StringComparison.Ordinal);
        await using var ftp = await TlsSite.ConnectAsync(server); // 1.2 is allowed by default
    }

    [Fact]
    public async Task A_server_that_does_not_protect_data_connections_is_refused_with_the_option_that_would_accept_it()
    {
        await using var server = new ScriptedTlsServer { ProtReply = "536 no\r\n" };
        var refusal = await RefusalAsync(server.Options);
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Contains("tls-data=clear", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_does_not_cross_the_internet_in_the_clear_unless_that_was_asked_for()
    {
        await using var server = new ScriptedFtpServer((_, _) => null);
        await using var proxy = new ConnectProxy(server.Port);
        // An address of the internet (RFC 5737), which the proxy stands for.
        var options = server.Options with
        {
            Host = "192.0.2.1",
            Port = 21,
            Network = new NetworkOptions { Proxy = new ProxyOptions { Kind = ProxyKind.HttpConnect, Host = "127.0.0.1", Port = proxy.Port } },
        };
        var refusal = await RefusalAsync(options);
        Assert.Equal(RemoteError.Untrusted, refusal.Error);
        Assert.Contains("tls=off", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("It was not sent", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(RemoteError.Untrusted, (await RefusalAsync(options with { Host = "ftp.example" })).Error); // only the proxy knows where that is
        Assert.DoesNotContain(server.Commands, line => line.StartsWith("USER", StringComparison.Ordinal));

        await using (await ConnectAsync(options with { Tls = new FtpTlsOptions { Mode = FtpTlsMode.Off } }))
            Assert.Contains("PASS p", server.Commands);
        await using (await ConnectAsync(options with { User = "anonymous" }))
            Assert.Contains("USER anonymous", server.Commands);
        await using (await ConnectAsync(options with { Host = "10.1.2.3" }))
            Assert.Equal(2, server.Commands.Count(line => line == "USER u"));
    }

    private static Task<FtpFileSystem> ConnectAsync(FtpOptions options) =>
        FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, Token).AsTask();

    private static async Task<RemoteException> RefusalAsync(FtpOptions options)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await (await ConnectAsync(options)).DisposeAsync());
        Assert.DoesNotContain('\n', failure.Message);
        return failure;
    }

    private static async Task ReadAsync(FtpFileSystem ftp)
    {
        await using var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("f"), 0, null, Lane.Read, Token);
        var buffer = new byte[100];
        while (await reader.ReadAsync(buffer, Token) > 0)
        {
            // To its end.
        }
    }

    /// <summary>An HTTP proxy that connects whatever it is asked for to one port of this machine.</summary>
    private sealed class ConnectProxy : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _target;
        private readonly Task _accepting;
        private readonly List<Task> _tunnels = [];

        public ConnectProxy(int target)
        {
            _target = target;
            _listener.Start();
            _accepting = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _accepting;
            await Task.WhenAll(_tunnels);
            _listener.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _tunnels.Add(TunnelAsync(await _listener.AcceptTcpClientAsync()));
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // The end.
            }
        }

        private async Task TunnelAsync(TcpClient client)
        {
            try
            {
                using var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, _target);
                using var here = client;
                var request = new StringBuilder();
                var one = new byte[1];
                while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.GetStream().ReadAsync(one) > 0)
                    request.Append((char)one[0]);
                await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
                await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // One side has gone.
            }
        }
    }
}
