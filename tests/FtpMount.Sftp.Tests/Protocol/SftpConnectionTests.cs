using System.Buffers.Binary;
using CsCheck;
using FtpMount.Remote;
using FtpMount.Sftp.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Sftp.Tests.Protocol;

/// <summary>The engine against a scripted server, for what no real one does.</summary>
public sealed class SftpConnectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static uint IdOf(byte[] packet) => BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(1));

    [Fact]
    public async Task Replies_in_any_order_reach_their_requests()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        var requests = Enumerable.Range(0, 5).Select(i => client.Rent(SftpPacketType.Realpath).Write(new[] { (byte)('a' + i) })).ToArray();
        client.Submit(requests, SftpPriority.Interactive);
        var packets = new List<byte[]>();
        for (var i = 0; i < 5; i++)
            packets.Add(await server.NextAsync(Token));
        Assert.Equal("abcde", string.Concat(packets.Select(p => (char)p[^1])));
        foreach (var packet in packets.AsEnumerable().Reverse())
            server.Send(SftpPacketType.Name, IdOf(packet), 1u, $"/{(char)packet[^1]}", "", 0u);
        for (var i = 0; i < 5; i++)
        {
            await requests[i].WaitAsync(Token);
            Assert.Equal($"/{(char)('a' + i)}", NameIn(requests[i]));
            requests[i].Dispose();
        }
    }

    [Fact]
    public async Task A_cancelled_request_does_not_lose_the_place()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        using var cancel = new CancellationTokenSource();
        var read = client.Rent(SftpPacketType.Read).WriteRead("h"u8, 0, 1000);
        client.Submit(read, SftpPriority.Bulk);
        var first = await server.NextAsync(Token);
        var waiting = read.WaitAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        read.Dispose();
        using var next = client.Rent(SftpPacketType.Realpath).Write("."u8);
        client.Submit(next, SftpPriority.Interactive);
        var second = await server.NextAsync(Token);
        server.Send(SftpPacketType.Data, IdOf(first), new byte[1000]);
        server.Send(SftpPacketType.Name, IdOf(second), 1u, "/home", "", 0u);
        await next.WaitAsync(Token);
        Assert.Equal("/home", NameIn(next));
        Assert.Equal(0, client.Window.InFlight);
    }

    [Fact]
    public async Task Memory_is_not_given_back_while_content_is_received_into_it()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        using var cancel = new CancellationTokenSource();
        var buffer = new byte[1000];
        var read = client.Rent(SftpPacketType.Read).WriteRead("h"u8, 0, 1000);
        Assert.True(read.TryBind(buffer));
        client.Submit(read, SftpPriority.Bulk);
        var packet = await server.NextAsync(Token);
        var id = packet.AsSpan(1, 4).ToArray();
        server.SendRaw([0, 0, 3, 0xF1, (byte)SftpPacketType.Data, .. id, 0, 0, 3, 0xE8, 7]);
        while (Volatile.Read(ref buffer[0]) == 0)
            await Task.Yield();
        var waiting = read.WaitAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.False(waiting.IsCompleted);
        server.SendRaw([.. Enumerable.Repeat((byte)7, 999)]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        Assert.Equal(Enumerable.Repeat((byte)7, 1000), buffer);
        read.Dispose();
    }

    [Fact]
    public async Task Short_requests_go_before_content_that_waits()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        var write = client.Rent(SftpPacketType.Write).WriteContent("h"u8, 5, "content"u8.ToArray());
        client.Submit(write, SftpPriority.Bulk);
        var packet = await server.NextAsync(Token);
        Assert.Equal("content"u8.ToArray(), packet[^7..]);
        Assert.Equal(1 + 4 + 5 + 8 + 4 + 7, packet.Length);
        server.Send(SftpPacketType.Status, IdOf(packet), 0u, "", "");
        await write.WaitAsync(Token);
        Assert.True(SftpStatus.Of(write).IsOk);
        write.Dispose();
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 4, 101, 0, 0, 0, 1 })] // shorter than type and id
    [InlineData(new byte[] { 0x7F, 0xFF, 0xFF, 0xFF, 101, 0, 0, 0, 1 })] // longer than any packet
    [InlineData(new byte[] { 0, 0, 0, 9, 101, 0, 0, 0x12, 0x34, 0, 0, 0, 0 })] // an id that was not asked
    [InlineData(new byte[] { 0, 0, 0, 9, 77, 0, 0, 0, 1, 0, 0, 0, 0 })] // an unknown type
    [InlineData(new byte[] { 0, 0, 0, 7, 103, 0, 0, 0, 1, 0, 0 })] // DATA without room for its length
    [InlineData(new byte[] { 0, 0, 0, 9, 103, 0, 0, 0, 1, 0, 0, 0, 1 })] // DATA longer than its packet
    [InlineData(new byte[] { 0, 0, 0, 10, 103, 0, 0, 0, 1, 0, 0, 0, 1, 9 })] // DATA where no READ was
    public async Task A_malformed_reply_ends_the_connection(byte[] bytes)
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        using var request = client.Rent(SftpPacketType.Realpath).Write("."u8);
        client.Submit(request, SftpPriority.Interactive);
        server.SendRaw(bytes);
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await request.WaitAsync(Token));
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.False(client.IsAlive);
        using var late = client.Rent(SftpPacketType.Realpath).Write("."u8);
        client.Submit(late, SftpPriority.Interactive);
        await Assert.ThrowsAsync<RemoteException>(async () => await late.WaitAsync(Token));
    }

    [Fact]
    public async Task More_content_than_was_asked_for_ends_the_connection()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        using var read = client.Rent(SftpPacketType.Read).WriteRead("h"u8, 0, 10);
        client.Submit(read, SftpPriority.Bulk);
        server.Send(SftpPacketType.Data, IdOf(await server.NextAsync(Token)), new byte[11]);
        Assert.Equal(RemoteError.ProtocolViolation, (await Assert.ThrowsAsync<RemoteException>(async () => await read.WaitAsync(Token))).Error);
    }

    [Fact]
    public async Task The_end_of_the_connection_is_the_end_of_all_requests()
    {
        var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
        await using var connection = client;
        var requests = Enumerable.Range(0, 10).Select(_ => client.Rent(SftpPacketType.Realpath).Write("."u8)).ToArray();
        client.Submit(requests, SftpPriority.Interactive);
        server.End();
        foreach (var request in requests)
        {
            Assert.Equal(RemoteError.Offline, (await Assert.ThrowsAsync<RemoteException>(async () => await request.WaitAsync(Token))).Error);
            request.Dispose();
        }

        await client.Ended;
    }

    [Fact]
    public async Task Silence_ends_the_connection_and_a_slow_request_only_itself()
    {
        var time = new FakeTimeProvider();
        var (server, client) = await ScriptedTransport.ConnectAsync(time, Token);
        await using var connection = client;
        var slow = client.Rent(SftpPacketType.Realpath).Write("slow"u8);
        client.Submit(slow, SftpPriority.Interactive);
        await server.NextAsync(Token);
        for (var i = 0; i < 12; i++)
        {
            using var quick = client.Rent(SftpPacketType.Realpath).Write("."u8);
            client.Submit(quick, SftpPriority.Interactive);
            server.Send(SftpPacketType.Name, IdOf(await server.NextAsync(Token)), 1u, "/", "", 0u);
            await quick.WaitAsync(Token);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(RemoteError.TimedOut, (await Assert.ThrowsAsync<RemoteException>(async () => await slow.WaitAsync(Token))).Error);
        slow.Dispose();
        Assert.True(client.IsAlive);
        using var silent = client.Rent(SftpPacketType.Realpath).Write("."u8);
        client.Submit(silent, SftpPriority.Interactive);
        time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal(RemoteError.TimedOut, (await Assert.ThrowsAsync<RemoteException>(async () => await silent.WaitAsync(Token))).Error);
        Assert.False(client.IsAlive);
    }

    [Fact]
    public async Task Other_versions_are_refused()
    {
        var transport = new ScriptedTransport();
        transport.Send(SftpPacketType.Version, 2u);
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await Open(transport));
        Assert.Equal(RemoteError.Unsupported, failure.Error);
        Assert.Contains("version 2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_instead_of_SFTP_is_shown()
    {
        var transport = new ScriptedTransport();
        transport.SendRaw("Welcome to the machine\r\n"u8.ToArray());
        var failure = await Assert.ThrowsAsync<RemoteException>(async () => await Open(transport));
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.Contains("Welcome to the machine", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_as_a_reply_are_read_or_refused() =>
        Gen.Byte.Array[0, 80].Sample(bytes =>
        {
            try
            {
                var reader = new SftpPacketReader(bytes);
                while (!reader.IsAtEnd)
                {
                    reader.ReadString();
                    reader.ReadAttributes();
                }
            }
            catch (RemoteException e)
            {
                Assert.Equal(RemoteError.ProtocolViolation, e.Error);
            }
        });

    [Fact]
    public async Task Any_bytes_from_a_server_end_in_an_error_not_in_a_hang()
    {
        await Gen.Byte.Array[1, 200].SampleAsync(
            async bytes =>
            {
                var (server, client) = await ScriptedTransport.ConnectAsync(TimeProvider.System, Token);
                await using var connection = client;
                using var request = client.Rent(SftpPacketType.Lstat).Write("x"u8);
                client.Submit(request, SftpPriority.Interactive);
                server.SendRaw(bytes);
                server.End();
                try
                {
                    await request.WaitAsync(Token);
                    SftpStatus.IsAnswered(request, SftpPacketType.Attrs, out _);
                }
                catch (RemoteException)
                {
                    // The only way out besides an answer.
                }
            },
            iter: 300);
    }

    private static ValueTask<SftpConnection> Open(ScriptedTransport transport) =>
        SftpConnection.OpenAsync(transport, TimeProvider.System, TimeSpan.FromSeconds(10), NullLogger.Instance, new SftpTraffic(), Token);

    private static string NameIn(SftpRequest request)
    {
        var reader = new SftpPacketReader(request.Body);
        Assert.Equal(1u, reader.ReadUInt32());
        return System.Text.Encoding.UTF8.GetString(reader.ReadString());
    }
}
