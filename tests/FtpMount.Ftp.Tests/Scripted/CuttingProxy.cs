using System.Net;
using System.Net.Sockets;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Forwards connections to a port of this machine; the first one is reset, on both sides, when so many bytes have passed.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop;
    private readonly Task _forwarding;
    private readonly int _target;
    private readonly long _mostDown;
    private readonly long _mostUp;
    private long _down;
    private long _up;

    /// <param name="target">The port.</param>
    /// <param name="mostDown">How many bytes of the server's the first connection lives for.</param>
    /// <param name="mostUp">How many of the client's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public CuttingProxy(int target, long mostDown, long mostUp, CancellationToken cancellationToken)
    {
        _target = target;
        _mostDown = mostDown;
        _mostUp = mostUp;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _listener.Start();
        _forwarding = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes of the server's that the first connection has passed on.</summary>
    public long Down => Interlocked.Read(ref _down);

    /// <summary>Bytes of the client's that the first connection has passed on.</summary>
    public long Up => Interlocked.Read(ref _up);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _forwarding;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            for (var first = true; ; first = false)
                connections.Add(ForwardAsync(await _listener.AcceptSocketAsync(_stop.Token), first));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(Socket client, bool first)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using (client)
        using (var server = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            var ended = false;
            try
            {
                client.NoDelay = server.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, _target, both.Token);
                var up = CopyAsync(client, server, first ? _mostUp : long.MaxValue, count => Count(ref _up, first, count), both.Token);
                var down = CopyAsync(server, client, first ? _mostDown : long.MaxValue, count => Count(ref _down, first, count), both.Token);
                var one = await Task.WhenAny(up, down);
                ended = await one && await (one == up ? down : up);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The test is over.
            }

            if (!ended)
                client.LingerState = server.LingerState = new LingerOption(true, 0);
            await both.CancelAsync();
        }
    }

    private static void Count(ref long counter, bool first, int count)
    {
        if (first)
            Interlocked.Add(ref counter, count);
    }

    /// <returns>Whether it ended in order; false when it was cut.</returns>
    private static async Task<bool> CopyAsync(Socket from, Socket to, long left, Action<int> count, CancellationToken cancellationToken)
    {
        var buffer = new byte[4096];
        try
        {
            while (left > 0)
            {
                var received = await from.ReceiveAsync(buffer, cancellationToken);
                if (received == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return true;
                }

                var part = (int)Math.Min(left, received);
                await to.SendAsync(buffer.AsMemory(0, part), cancellationToken);
                left -= part;
                count(part);
            }

            return false;
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
