using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using FtpMount.Remote;
using FtpMount.Sftp.Transport;
using FtpMount.Sftp.Transport.BuiltIn;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class TransportTests : IDisposable
{
    private readonly SshHome _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("RekeyLimit default none")]
    [InlineData("RekeyLimit 4M")]
    [InlineData("Ciphers aes256-ctr")]
    [InlineData("Ciphers chacha20-poly1305@openssh.com")]
    [InlineData("KexAlgorithms ecdh-sha2-nistp256")]
    public async Task Content_arrives_unchanged_in_both_directions_at_once(string configuration)
    {
        await using var server = await StartAsync(configuration);
        await using var sftp = await OpenAsync(server);
        var content = new byte[12 << 20];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(Path.Combine(server.RootDirectory, "down"), content);
        server.AdoptFiles();
        var up = sftp.StoreAsync(sftp.Root.Combine("up"), new MemoryStream(content), StoreMode.Whole, 0, null, Lane.Write, SshHome.Token).AsTask();
        var down = ReadAsync(sftp, "down");
        await Task.WhenAll(up, down);
        Assert.True((await down).AsSpan().SequenceEqual(content));
        Assert.True(File.ReadAllBytes(Path.Combine(server.RootDirectory, "up")).AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task The_fastest_cipher_is_agreed_on()
    {
        await using var server = await StartAsync();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        Assert.Contains("aes128-gcm@openssh.com", transport.Description, StringComparison.Ordinal);
        Assert.Contains("OpenSSH", transport.Description, StringComparison.Ordinal);
    }

    /// <summary>Replies for three times the window are asked for and not received: the server must stop, and all must be there afterwards.</summary>
    [Fact]
    public async Task A_reader_that_takes_nothing_is_sent_no_more_than_the_window()
    {
        const int Request = 32 << 10;
        const int Requests = 3 * SshChannel.Window / Request;
        await using var server = await StartAsync();
        File.WriteAllBytes(Path.Combine(server.RootDirectory, "file"), new byte[Request]);
        server.AdoptFiles();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        await SshHome.HelloAsync(transport);
        var path = System.Text.Encoding.UTF8.GetBytes(Path.Combine(server.RootDirectory, "file"));
        await transport.SendAsync(Packet(3, 1, path, [0, 0, 0, 1, 0, 0, 0, 0]), SshHome.Token);
        var handle = (await ReceivePacketAsync(transport)).AsSpan(5).ToArray();
        var asking = Task.Run(async () =>
        {
            for (var i = 0; i < Requests; i++)
                await transport.SendAsync(Packet(5, (uint)i, handle[4..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Request >> 8 & 0xFF, Request & 0xFF]), SshHome.Token);
        }, SshHome.Token);
        // The server takes the first requests only, because it does not get rid of the replies; then they are received one by one.
        for (var i = 0; i < Requests; i++)
        {
            var reply = await ReceivePacketAsync(transport);
            Assert.Equal(103, reply[0]);
            Assert.Equal((uint)i, BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(1)));
            Assert.Equal(Request + 9, reply.Length);
        }

        await asking;
    }

    [Fact]
    public async Task A_cancelled_receive_ends()
    {
        await using var server = await StartAsync();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        using var cancellation = new CancellationTokenSource();
        var receiving = transport.ReceiveAsync(new byte[10], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving);
    }

    [Fact]
    public async Task Disposing_ends_a_receive_that_waits()
    {
        await using var server = await StartAsync();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        var transport = await connector.ConnectAsync(SshHome.Token);
        var receiving = transport.ReceiveAsync(new byte[10], SshHome.Token).AsTask();
        await transport.DisposeAsync();
        Assert.Equal(RemoteError.Offline, (await Assert.ThrowsAsync<RemoteException>(() => receiving)).Error);
        await Assert.ThrowsAsync<RemoteException>(() => transport.SendAsync(new byte[10], SshHome.Token).AsTask());
    }

    [Fact]
    public async Task The_end_of_the_link_is_noticed()
    {
        await using var server = await StartAsync();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        var receiving = transport.ReceiveAsync(new byte[10], SshHome.Token).AsTask();
        await server.KillAsync(SshHome.Token);
        Assert.Equal(RemoteError.Offline, (await Assert.ThrowsAsync<RemoteException>(() => receiving)).Error);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_given_up_although_its_socket_is_open()
    {
        await using var server = await StartAsync();
        _home.Write("config", "ServerAliveInterval 1\nServerAliveCountMax 2\n");
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        var receiving = transport.ReceiveAsync(new byte[10], SshHome.Token).AsTask();
        await server.SuspendAsync(SshHome.Token);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => receiving);
        Assert.Contains("does not answer", failure.Message, StringComparison.Ordinal);
        await server.ResumeAsync(SshHome.Token);
    }

    [Fact]
    public async Task A_quiet_server_that_answers_is_kept()
    {
        await using var server = await StartAsync("ClientAliveInterval 1", "ClientAliveCountMax 1");
        _home.Write("config", "ServerAliveInterval 1\nServerAliveCountMax 1\n");
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        await using var transport = await connector.ConnectAsync(SshHome.Token);
        // Both sides ask each other for a sign of life meanwhile.
        using var quiet = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => transport.ReceiveAsync(new byte[10], quiet.Token).AsTask());
        Assert.Equal(1, server.ConnectionCount);
    }

    [Fact]
    public async Task Sending_to_a_server_that_takes_nothing_can_be_cancelled_and_disposing_does_not_hang()
    {
        await using var server = await StartAsync();
        await using var connector = _home.Connector(SshHome.OptionsFor(server));
        var transport = await connector.ConnectAsync(SshHome.Token);
        await SshHome.HelloAsync(transport);
        await server.SuspendAsync(SshHome.Token);
        using var cancellation = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            var bytes = new byte[256 << 10];
            while (true)
                await transport.SendAsync(bytes, cancellation.Token);
        }, SshHome.Token);
        cancellation.CancelAfter(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await transport.DisposeAsync();
        await server.ResumeAsync(SshHome.Token);
    }

    [Fact]
    public async Task A_server_without_the_subsystem_is_explained()
    {
        await using var server = await StartAsync("Subsystem other /bin/false");
        // The first Subsystem lines of each name count: sftp is there. A server that allows no session at all is another matter.
        await using var closed = await StartAsync("MaxSessions 0");
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(SshHome.OptionsFor(closed)));
        Assert.Equal(RemoteError.TooManyConnections, failure.Error);
    }

    [Fact]
    public async Task Algorithms_that_are_given_up_are_not_used()
    {
        await using var server = await StartAsync("Ciphers aes128-cbc", "KexAlgorithms diffie-hellman-group14-sha1");
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(SshHome.OptionsFor(server)));
        Assert.Equal(RemoteError.Unsupported, failure.Error);
        Assert.Contains("no algorithm in common", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nothing_listens_an_unknown_host_and_another_protocol_are_explained()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        var options = new SftpOptions { Host = "127.0.0.1", Port = port, Transport = SftpTransportKind.Builtin, Timeout = TimeSpan.FromSeconds(10) };
        var failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(options));
        Assert.Contains("nothing listens", failure.Message, StringComparison.Ordinal);

        failure = await Assert.ThrowsAsync<RemoteException>(() => _home.HelloAsync(options with { Host = "no-such-host.invalid" }));
        Assert.Contains("Unknown host", failure.Message, StringComparison.Ordinal);

        listener.Listen();
        var hello = _home.HelloAsync(options);
        using (var client = await listener.AcceptAsync(SshHome.Token))
        {
            await client.SendAsync("220 this is FTP\r\n"u8.ToArray(), SshHome.Token);
            client.Shutdown(SocketShutdown.Send);
            failure = await Assert.ThrowsAsync<RemoteException>(() => hello);
        }

        Assert.Contains("not an SSH 2 server", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connecting_can_be_cancelled_at_every_point()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var options = new SftpOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndPoint!).Port, Transport = SftpTransportKind.Builtin };
        foreach (var greeting in (string[])["", "SSH-2.0-Test\r\n"])
        {
            await using var connector = _home.Connector(options);
            using var cancellation = new CancellationTokenSource();
            var connecting = connector.ConnectAsync(cancellation.Token).AsTask();
            using var client = await listener.AcceptAsync(SshHome.Token);
            await client.SendAsync(System.Text.Encoding.ASCII.GetBytes(greeting), SshHome.Token);
            // Its identification has arrived; it waits for an answer.
            Assert.True(await client.ReceiveAsync(new byte[100], SshHome.Token) > 0);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        }
    }

    private async Task<SshTestServer> StartAsync(params string[] configuration)
    {
        var server = await SshTestServer.StartAsync(new SshServerOptions { ExtraConfiguration = configuration }, SshHome.Token);
        _home.Trust(server);
        return server;
    }

    private async Task<SftpFileSystem> OpenAsync(SshTestServer server)
    {
        var options = SshHome.OptionsFor(server);
        return await SftpFileSystem.ConnectAsync(options, _home.Connector(options), TimeProvider.System, NullLogger.Instance, SshHome.Token);
    }

    private static async Task<byte[]> ReadAsync(SftpFileSystem sftp, string name)
    {
        await using var reader = await sftp.OpenReadAsync(sftp.Root.Combine(name), 0, null, Lane.Read, SshHome.Token);
        var received = new MemoryStream();
        var buffer = new byte[1 << 20];
        while (await reader.ReadAsync(buffer, SshHome.Token) is > 0 and var count)
            received.Write(buffer, 0, count);
        return received.ToArray();
    }

    private static byte[] Packet(byte type, uint id, byte[] text, byte[] rest)
    {
        var packet = new byte[4 + 1 + 4 + 4 + text.Length + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length - 4);
        packet[4] = type;
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(5), id);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(9), text.Length);
        text.CopyTo(packet, 13);
        rest.CopyTo(packet, 13 + text.Length);
        return packet;
    }

    private static async Task<byte[]> ReceivePacketAsync(ISftpTransport transport)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(await ReceiveExactlyAsync(transport, 4));
        return await ReceiveExactlyAsync(transport, length);
    }

    private static async Task<byte[]> ReceiveExactlyAsync(ISftpTransport transport, int length)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var count = await transport.ReceiveAsync(bytes.AsMemory(done), SshHome.Token);
            Assert.NotEqual(0, count);
            done += count;
        }

        return bytes;
    }
}
