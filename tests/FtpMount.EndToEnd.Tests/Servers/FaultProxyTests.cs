using System.Net.Sockets;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Servers;

/// <summary>The proxy that breaks links on purpose.</summary>
public class FaultProxyTests
{
    [Fact]
    public async Task Commands_and_round_trips_are_counted()
    {
        await using FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Pyftpdlib);
        await using var proxy = FaultProxy.Start(server);
        await using FtpSession session = await FtpSession.LogInAsync(server, proxy.Port);
        Assert.Equal([$"USER {server.User}", "PASS"], proxy.Commands);
        Assert.Equal(2, proxy.RoundTrips);
        proxy.ClearCommands();
        await session.SendAsync("PWD\r\nNOOP\r\nPWD");
        Assert.Equal(2, proxy.CountCommands("pwd"));
        Assert.Equal(1, proxy.RoundTrips);
        Assert.Equal(1, proxy.AcceptedConnections);
        Assert.Equal(1, proxy.OpenConnections);
    }

    [Fact]
    public async Task A_cut_ends_connections_and_refusal_ends_new_ones()
    {
        await using FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Pyftpdlib);
        await using var proxy = FaultProxy.Start(server);
        await using FtpSession session = await FtpSession.LogInAsync(server, proxy.Port);
        proxy.RefuseConnections();
        Assert.StartsWith("257", await session.SendAsync("PWD"));
        await Assert.ThrowsAsync<SocketException>(async () => await FtpSession.ConnectAsync(proxy.Host, proxy.Port));
        proxy.CutAll();
        Assert.True(await session.IsDeadAsync());
        proxy.AcceptConnections();
        await using FtpSession next = await FtpSession.LogInAsync(server, proxy.Port);
        Assert.StartsWith("257", await next.SendAsync("PWD"));
    }

    [Fact]
    public async Task A_stalled_link_forwards_after_it_is_resumed()
    {
        await using FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Pyftpdlib);
        await using var proxy = FaultProxy.Start(server);
        await using FtpSession session = await FtpSession.LogInAsync(server, proxy.Port);
        proxy.Stall();
        Task<string> reply = session.SendAsync("PWD");
        Assert.False(reply.IsCompleted);
        proxy.Resume();
        Assert.StartsWith("257", await reply);
    }
}
