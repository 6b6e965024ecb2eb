using System.Net;
using System.Net.Sockets;

namespace FtpMount.TestServers.Proxies;

/// <summary>A proxy on loopback that clients ask for tunnels. It looks up names in <see cref="Hosts"/> before it asks the system, and changes no byte.</summary>
public abstract class TestProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _running = [];
    private readonly List<string> _targets = [];

    /// <summary>Starts it.</summary>
    /// <param name="user">The user that it demands; null for none.</param>
    /// <param name="password">The user's password.</param>
    protected TestProxy(string? user, string? password)
    {
        User = user;
        Password = password;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _running.Add(AcceptAsync());
    }

    /// <summary>Its address.</summary>
    public string Host => ((IPEndPoint)_listener.LocalEndpoint).Address.ToString();

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Names that only this proxy knows.</summary>
    public Dictionary<string, IPAddress> Hosts { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What was asked for, <c>host:port</c> as the client said it, in order.</summary>
    public IReadOnlyList<string> Targets
    {
        get
        {
            lock (_lock)
                return [.. _targets];
        }
    }

    /// <summary>The user that it demands.</summary>
    protected string? User { get; }

    /// <summary>The user's password.</summary>
    protected string? Password { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        Task[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running).ConfigureAwait(false);
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Speaks with one client up to the point from which bytes are only passed on.</summary>
    /// <returns>The connection to the target; null when the client was refused.</returns>
    protected abstract Task<Socket?> NegotiateAsync(Socket client, CancellationToken cancellationToken);

    /// <summary>Connects to what a client asked for.</summary>
    protected async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        lock (_lock)
            _targets.Add(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}");
        IPAddress address = Hosts.TryGetValue(host, out IPAddress? known) ? known
            : IPAddress.TryParse(host, out IPAddress? literal) ? literal
            : throw new SocketException((int)SocketError.HostNotFound);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Receives exactly so many bytes.</summary>
    protected static async Task<byte[]> ReceiveAsync(Socket socket, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        for (int have = 0; have < count;)
        {
            int more = await socket.ReceiveAsync(bytes.AsMemory(have), cancellationToken).ConfigureAwait(false);
            have += more > 0 ? more : throw new SocketException((int)SocketError.ConnectionReset);
        }

        return bytes;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or InvalidOperationException or OperationCanceledException)
            {
                return;
            }

            lock (_lock)
                _running.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            client.NoDelay = true;
            try
            {
                using Socket? target = await NegotiateAsync(client, _stop.Token).ConfigureAwait(false);
                if (target is not null)
                    await Task.WhenAll(ForwardAsync(client, target), ForwardAsync(target, client)).ConfigureAwait(false);
                else
                    client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                Reset(client); // the other side is gone
            }
        }
    }

    private async Task ForwardAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[BufferSize];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token).ConfigureAwait(false) is > 0 and var count)
            {
                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, _stop.Token).ConfigureAwait(false);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // A reset on one side is one on the other.
            Reset(to);
            throw;
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }

        socket.Dispose();
    }
}
