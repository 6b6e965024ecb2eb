using System.Net;
using System.Net.Sockets;
using System.Text;
using CsCheck;
using FtpMount.Remote.Network;
using FtpMount.TestServers.Proxies;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Remote.Tests.Network;

public sealed class NetworkConnectorTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static NetworkOptions Through(ProxyKind kind, int port, string? user = null, string? password = null) =>
        new() { Proxy = new ProxyOptions { Kind = kind, Host = "127.0.0.1", Port = port, User = user, Password = password } };

    private static ValueTask<Socket> ConnectAsync(NetworkOptions options, string host, int port, TimeProvider? time = null) =>
        new NetworkConnector(options, time ?? TimeProvider.System).ConnectAsync(host, port, Limit, Token);

    private static async Task<RemoteException> FailureAsync(NetworkOptions options, RemoteError error, string host = "server.invalid", int port = 21)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => (await ConnectAsync(options, host, port)).Dispose());
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.Equal(error, failure.Error);
        return failure;
    }

    private static TestProxy Start(ProxyKind kind, string? user = null, string? password = null) =>
        kind == ProxyKind.Socks5 ? Socks5TestProxy.Start(user, password) : HttpTestProxy.Start(user, password);

    /// <summary>A peer that speaks first, as FTP and SSH servers do.</summary>
    private static async Task<string> GreetingAsync(Func<int, ValueTask<Socket>> connect)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var connecting = connect(((IPEndPoint)listener.LocalEndpoint).Port).AsTask();
        using var server = await listener.AcceptSocketAsync(Token);
        await server.SendAsync("220 hello"u8.ToArray(), SocketFlags.None, Token);
        server.Shutdown(SocketShutdown.Send);
        using var client = await connecting;
        return await ReadAllAsync(client);
    }

    private static async Task<string> ReadAllAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, Token) is > 0 and var count)
            text.Append(Encoding.ASCII.GetString(buffer.AsSpan(0, count)));
        return text.ToString();
    }

    [Fact]
    public async Task Without_a_proxy_it_connects_directly() =>
        Assert.Equal("220 hello", await GreetingAsync(port => ConnectAsync(new NetworkOptions(), "localhost", port)));

    [Fact]
    public async Task A_port_where_nothing_listens_is_said()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var failure = await FailureAsync(new NetworkOptions(), RemoteError.Offline, "127.0.0.1", port);
        Assert.Contains($"127.0.0.1 refuses connections on port {port}", failure.Message, StringComparison.Ordinal);
        failure = await FailureAsync(Through(ProxyKind.Socks5, port), RemoteError.Offline);
        Assert.Contains($"The proxy 127.0.0.1 refuses connections on port {port}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_come_from_the_address_that_was_asked_for()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        var options = new NetworkOptions { BindAddress = IPAddress.Parse("127.0.0.77") };
        using var client = await ConnectAsync(options, "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        using var server = await listener.AcceptSocketAsync(Token);
        Assert.Equal(options.BindAddress, ((IPEndPoint)server.RemoteEndPoint!).Address);
    }

    [Fact]
    public async Task A_local_address_that_does_not_exist_or_fit_is_said()
    {
        var foreign = await FailureAsync(new NetworkOptions { BindAddress = IPAddress.Parse("192.0.2.1") }, RemoteError.Offline, "127.0.0.1");
        Assert.Contains("does not have the address of bind-address=192.0.2.1", foreign.Message, StringComparison.Ordinal);
        var family = await FailureAsync(new NetworkOptions { BindAddress = IPAddress.IPv6Loopback }, RemoteError.Offline, "127.0.0.1");
        Assert.Contains("no address of the kind of bind-address=::1", family.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect, null, null)]
    [InlineData(ProxyKind.HttpConnect, "me", "pä:ss wörd")]
    [InlineData(ProxyKind.Socks5, null, null)]
    [InlineData(ProxyKind.Socks5, "me", "pä:ss wörd")]
    public async Task A_proxy_looks_the_name_up(ProxyKind kind, string? user, string? password)
    {
        await using var proxy = Start(kind, user, password);
        proxy.Hosts["server.invalid"] = IPAddress.Loopback;
        var options = Through(kind, proxy.Port, user, password);
        Assert.Equal("220 hello", await GreetingAsync(port => ConnectAsync(options, "server.invalid", port)));
        Assert.StartsWith("server.invalid:", Assert.Single(proxy.Targets), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task Addresses_and_foreign_letters_arrive(ProxyKind kind)
    {
        await using var proxy = Start(kind);
        proxy.Hosts["xn--bcher-kva.invalid"] = IPAddress.Loopback;
        var options = Through(kind, proxy.Port);
        Assert.Equal("220 hello", await GreetingAsync(port => ConnectAsync(options, "127.0.0.1", port)));
        Assert.Equal("220 hello", await GreetingAsync(port => ConnectAsync(options, "Bücher.invalid", port)));
        await FailureAsync(options, RemoteError.Offline, "::1", 1);
        Assert.Equal(["127.0.0.1", "xn--bcher-kva.invalid", "[::1]"], proxy.Targets.Select(target => target[..target.LastIndexOf(':')]));
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task A_name_cannot_smuggle_anything_to_the_proxy(ProxyKind kind)
    {
        await using var proxy = Start(kind);
        foreach (var host in new[] { "a\r\nX: y", "a b", "a@b", "a/b", "a:21", "", new string('a', 300), "a\0b", "[::1]x" })
        {
            var failure = await FailureAsync(Through(kind, proxy.Port), RemoteError.InvalidName, host);
            Assert.DoesNotContain("X: y", failure.Message, StringComparison.Ordinal);
        }

        Assert.Empty(proxy.Targets);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task A_wrong_password_for_the_proxy_is_said(ProxyKind kind)
    {
        await using var proxy = Start(kind, "me", "secret");
        var wrong = await FailureAsync(Through(kind, proxy.Port, "me", "other"), RemoteError.AuthenticationFailed);
        Assert.Contains($"The proxy 127.0.0.1 port {proxy.Port} does not accept this user and password", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("other", wrong.Message, StringComparison.Ordinal);
        var none = await FailureAsync(Through(kind, proxy.Port), RemoteError.AuthenticationFailed);
        Assert.Contains("proxy-password-file", none.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect, "502 Bad Gateway")]
    [InlineData(ProxyKind.Socks5, "unknown")]
    public async Task A_target_that_the_proxy_does_not_find_is_said(ProxyKind kind, string reason)
    {
        await using var proxy = Start(kind);
        var failure = await FailureAsync(Through(kind, proxy.Port), RemoteError.Offline, "nowhere.invalid", 2121);
        Assert.Contains("could not connect to nowhere.invalid:2121", failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_the_proxy_does_not_allow_is_said()
    {
        await using var proxy = HttpTestProxy.Start();
        proxy.ForbiddenPorts.Add(21);
        var failure = await FailureAsync(Through(ProxyKind.HttpConnect, proxy.Port), RemoteError.Offline);
        Assert.Contains("does not allow connections to server.invalid:21 (403 Forbidden)", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200\n\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")]
    public async Task The_greeting_behind_the_answer_of_an_http_proxy_is_not_lost(string answer)
    {
        await using var peer = new ScriptedPeer(Encoding.ASCII.GetBytes(answer + "220 hello\r\n\r\n"));
        using var socket = await ConnectAsync(Through(ProxyKind.HttpConnect, peer.Port), "server.invalid", 21);
        Assert.Equal("220 hello\r\n\r\n", await ReadAllAsync(socket));
        Assert.Equal("CONNECT server.invalid:21 HTTP/1.1\r\nHost: server.invalid:21\r\n\r\n", Encoding.ASCII.GetString(peer.Received));
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 16)]
    [InlineData(3, 0)]
    [InlineData(3, 255)]
    public async Task The_greeting_behind_the_answer_of_a_socks_proxy_is_not_lost(byte kind, byte length)
    {
        byte[] name = kind == 3 ? [length] : [];
        await using var peer = new ScriptedPeer([5, 0], [5, 0, 0, kind, .. name, .. new byte[length], 1, 2, .. "220 hello"u8]);
        using var socket = await ConnectAsync(Through(ProxyKind.Socks5, peer.Port), "a.invalid", 0x1234);
        Assert.Equal("220 hello", await ReadAllAsync(socket));
        Assert.Equal([5, 1, 0, 5, 1, 0, 3, 9, .. "a.invalid"u8, 0x12, 0x34], peer.Received);
    }

    [Theory]
    [InlineData("")]
    [InlineData("220 ftp.example.org ready\r\n")]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 x\r\n\r\n")]
    [InlineData("HTTP/1.1 -10 x\r\n\r\n")]
    [InlineData("HTTP/1.1\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    [InlineData("HTTP/1.1 500 a\u001b[31mb\0\r\n\r\n<html>")]
    public async Task What_is_no_http_proxy_gets_a_clear_error(string answer)
    {
        await using var peer = new ScriptedPeer(Encoding.Latin1.GetBytes(answer));
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => (await ConnectAsync(Through(ProxyKind.HttpConnect, peer.Port), "server.invalid", 21)).Dispose());
        Assert.True(failure.Error is RemoteError.ProtocolViolation or RemoteError.Offline);
        Assert.StartsWith($"The proxy 127.0.0.1 port {peer.Port} ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Fact]
    public async Task An_endless_answer_ends_at_a_limit()
    {
        await using var header = new ScriptedPeer(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 10_000))));
        Assert.Contains("longer than", (await FailureAsync(Through(ProxyKind.HttpConnect, header.Port), RemoteError.ProtocolViolation)).Message, StringComparison.Ordinal);
        await using var interim = new ScriptedPeer(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000))));
        Assert.Contains("interim", (await FailureAsync(Through(ProxyKind.HttpConnect, interim.Port), RemoteError.ProtocolViolation)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[][], RemoteError> BadSocksAnswers => new()
    {
        { ["HTTP/1.1 400"u8.ToArray()], RemoteError.ProtocolViolation },
        { [[0, 90]], RemoteError.ProtocolViolation },
        { [[5, 1]], RemoteError.ProtocolViolation },
        { [[5, 2]], RemoteError.ProtocolViolation },
        { [[5]], RemoteError.Offline },
        { [[]], RemoteError.Offline },
        { [[5, 0xFF]], RemoteError.AuthenticationFailed },
        { [[5, 0], [4, 0, 0, 1]], RemoteError.ProtocolViolation },
        { [[5, 0], [5, 0, 0, 9, 0, 0]], RemoteError.ProtocolViolation },
        { [[5, 0], [5, 0, 0, 1, 1, 2]], RemoteError.Offline },
        { [[5, 0], [5, 2, 0, 1]], RemoteError.Offline },
        { [[5, 0], [5, 200, 0, 1]], RemoteError.Offline },
    };

    [Theory]
    [MemberData(nameof(BadSocksAnswers))]
    public async Task What_is_no_socks_proxy_or_refuses_gets_a_clear_error(byte[][] answers, RemoteError error)
    {
        await using var peer = new ScriptedPeer(answers);
        Assert.StartsWith(
            $"The proxy 127.0.0.1 port {peer.Port} ", (await FailureAsync(Through(ProxyKind.Socks5, peer.Port), error)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public Task No_answer_breaks_it(ProxyKind kind) => Gen.Select(
        Gen.Byte[0, 9].Array[0, 40],
        Gen.OneOf(Gen.Const("HTTP/1.1 "), Gen.Const("HTTP/1.1 200 \r\n"), Gen.Const("\u0005\0"), Gen.Const("\u0005\0\u0005\0\0\u0003"))).SampleAsync(
        async (bytes, begin) =>
        {
            await using var peer = new ScriptedPeer([.. Encoding.Latin1.GetBytes(begin), .. bytes]);
            try
            {
                (await ConnectAsync(Through(kind, peer.Port), "a.invalid", 21)).Dispose();
            }
            catch (RemoteException failure)
            {
                Assert.DoesNotContain(failure.Message, char.IsControl);
            }
        },
        iter: 100,
        threads: 1);

    [Theory]
    [InlineData(ProxyKind.HttpConnect)]
    [InlineData(ProxyKind.Socks5)]
    public async Task A_silent_proxy_is_given_up_at_the_deadline(ProxyKind kind)
    {
        var time = new FakeTimeProvider();
        await using var peer = new ScriptedPeer((byte[]?)null);
        var connecting = ConnectAsync(Through(kind, peer.Port), "server.invalid", 21, time).AsTask();
        await peer.Silent.Task.WaitAsync(Token);
        Assert.False(connecting.IsCompleted);
        time.Advance(Limit);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => connecting);
        Assert.Equal(RemoteError.TimedOut, failure.Error);
        Assert.Contains("did not connect to server.invalid:21 within 30 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_callers_cancellation_ends_it_at_once()
    {
        await using var peer = new ScriptedPeer((byte[]?)null);
        using var source = new CancellationTokenSource();
        var connecting = new NetworkConnector(Through(ProxyKind.Socks5, peer.Port), TimeProvider.System).ConnectAsync("a", 21, Limit, source.Token).AsTask();
        await peer.Silent.Task.WaitAsync(Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
    }
}
