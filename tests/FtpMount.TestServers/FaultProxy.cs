using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.TestServers;

/// <summary>
/// A TCP proxy on loopback in front of a server's control port, for tests of broken links and of wasted round trips. It changes no
/// byte. Data connections do not pass through it: EPSV and PASV make the client connect to the server's own port at the address of the
/// control connection's peer, which is the same loopback address. Faults of data connections are made by killing or suspending the
/// server (<see cref="FtpTestServer"/>).
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int BufferSize = 64 * 1024;

    /// <summary>A longer line is not an FTP command (a TLS record, SFTP); it is not recorded.</summary>
    private const int LongestCommand = 8 * 1024;

    private readonly IPEndPoint _target;
    private readonly Lock _lock = new();
    private readonly HashSet<Connection> _connections = [];
    private readonly List<string> _commands = [];
    private readonly List<Task> _running = [];
    private TcpListener? _listener;
    private TaskCompletionSource? _stall;
    private (string Verb, bool Answered)? _cutOn;
    private TaskCompletionSource? _cutAfter;
    private long _bytesUntilCut;
    private int _accepted;
    private int _roundTrips;
    private bool _disposed;

    private FaultProxy(IPEndPoint target)
    {
        _target = target;
        var listener = new TcpListener(target.Address, 0);
        listener.Start();
        EndPoint = (IPEndPoint)listener.LocalEndpoint;
        _listener = listener;
        _running.Add(AcceptAsync(listener));
    }

    /// <summary>Where clients connect to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The address of <see cref="EndPoint"/>.</summary>
    public string Host => EndPoint.Address.ToString();

    /// <summary>The port of <see cref="EndPoint"/>.</summary>
    public int Port => EndPoint.Port;

    /// <summary>How many connections have been accepted since the start.</summary>
    public int AcceptedConnections => Volatile.Read(ref _accepted);

    /// <summary>
    /// How many round trips clients have waited for: bursts of commands that followed an answer (or opened the conversation).
    /// Commands pipelined in one packet count once. Cleared by <see cref="ClearCommands"/>.
    /// </summary>
    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>How many connections are open at the moment.</summary>
    public int OpenConnections
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>The command lines that clients have sent, of all connections in order of arrival, without CRLF; PASS without its argument.</summary>
    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_lock)
                return [.. _commands];
        }
    }

    /// <summary>Starts a proxy in front of a server.</summary>
    public static FaultProxy Start(FtpTestServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return Start(server.Host, server.Port);
    }

    /// <summary>Starts a proxy in front of a loopback address and port; it listens on the same address.</summary>
    public static FaultProxy Start(string host, int port) => new(new IPEndPoint(IPAddress.Parse(host), port));

    /// <summary>How many of the recorded commands have this verb.</summary>
    public int CountCommands(string verb)
    {
        lock (_lock)
            return _commands.Count(line => line.Split(' ', 2)[0].Equals(verb, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Forgets the recorded commands and round trips.</summary>
    public void ClearCommands()
    {
        lock (_lock)
        {
            _commands.Clear();
            _roundTrips = 0;
        }
    }

    /// <summary>Cuts all connections, on both sides, with a reset.</summary>
    public void CutAll()
    {
        Connection[] all;
        lock (_lock)
            all = [.. _connections];
        foreach (Connection connection in all)
            connection.Cut();
    }

    /// <summary>
    /// Cuts the connection, once, on which a command with this verb comes next: before the server gets the packet that holds it, or when the server has
    /// answered it and before the client gets the answer.
    /// </summary>
    /// <param name="verb">The command, for example <c>RNTO</c>.</param>
    /// <param name="answered">Whether the server still gets and answers it.</param>
    public void CutOn(string verb, bool answered)
    {
        lock (_lock)
            _cutOn = (verb, answered);
    }

    /// <summary>Cuts all connections, once, when this many more bytes have arrived, in both directions together; those that arrive last are not passed on.</summary>
    /// <param name="bytes">How many, at least 1.</param>
    /// <returns>Ends when they are cut.</returns>
    public Task CutAfterAsync(long bytes)
    {
        lock (_lock)
        {
            _bytesUntilCut = bytes;
            _cutAfter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _cutAfter.Task;
        }
    }

    /// <summary>Stops forwarding, in both directions and on new connections too; the connections stay open, as on a link that is gone.</summary>
    public void Stall()
    {
        lock (_lock)
            _stall ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Forwards again, first what arrived meanwhile.</summary>
    public void Resume()
    {
        TaskCompletionSource? stall;
        lock (_lock)
        {
            stall = _stall;
            _stall = null;
        }
        stall?.TrySetResult();
    }

    /// <summary>From now on new connections are refused; open ones stay.</summary>
    public void RefuseConnections()
    {
        lock (_lock)
        {
            _listener?.Stop();
            _listener = null;
        }
    }

    /// <summary>Accepts connections again, on the same port.</summary>
    public void AcceptConnections()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_listener is not null)
                return;
            var listener = new TcpListener(EndPoint);
            listener.Start();
            _listener = listener;
            _running.Add(AcceptAsync(listener));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
            _disposed = true;
        RefuseConnections();
        CutAll();
        Resume();
        Task[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running).ConfigureAwait(false);
        CutAll(); // what the last accept brought in
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running).ConfigureAwait(false);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return; // the listener was stopped
            }
            Interlocked.Increment(ref _accepted);
            var connection = new Connection(this, client);
            lock (_lock)
            {
                _connections.Add(connection);
                _running.RemoveAll(task => task.IsCompleted);
                _running.Add(connection.RunAsync());
            }
        }
    }

    private Task StallAsync()
    {
        lock (_lock)
            return _stall?.Task ?? Task.CompletedTask;
    }

    private void CountDownToCut(int bytes)
    {
        TaskCompletionSource cut;
        lock (_lock)
        {
            _bytesUntilCut -= bytes;
            if (_cutAfter is null || _bytesUntilCut > 0)
                return;
            cut = _cutAfter;
            _cutAfter = null;
        }
        CutAll();
        cut.SetResult();
    }

    /// <summary>Whether the connection is to be cut because of the commands in this packet; null: not.</summary>
    private bool? TakeCutOn(ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            if (_cutOn is not { } cut)
                return null;
            foreach (var line in Encoding.UTF8.GetString(packet).Split("\r\n"))
            {
                if (line.Split(' ', 2)[0].Equals(cut.Verb, StringComparison.OrdinalIgnoreCase))
                {
                    _cutOn = null;
                    return cut.Answered;
                }
            }
            return null;
        }
    }

    private void Forget(Connection connection)
    {
        lock (_lock)
            _connections.Remove(connection);
    }

    private void Record(string line)
    {
        if (line.StartsWith("PASS ", StringComparison.OrdinalIgnoreCase))
            line = "PASS";
        lock (_lock)
            _commands.Add(line);
    }

    /// <summary>One client's connection and the one to the server that belongs to it.</summary>
    private sealed class Connection(FaultProxy proxy, Socket client) : IDisposable
    {
        private readonly Socket _server = new(client.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        private readonly CancellationTokenSource _cut = new();
        private readonly List<byte> _line = [];
        private volatile bool _serverSpokeLast = true;
        private volatile bool _cutAtAnswer;

        public void Cut()
        {
            try
            {
                _cut.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended by itself.
            }
        }

        public async Task RunAsync()
        {
            try
            {
                client.NoDelay = true;
                _server.NoDelay = true;
                await _server.ConnectAsync(proxy._target, _cut.Token).ConfigureAwait(false);
                await Task.WhenAll(ForwardAsync(client, _server, fromClient: true), ForwardAsync(_server, client, fromClient: false)).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                // Cut, or the server refuses: either way the client's connection ends with a reset.
                client.LingerState = new LingerOption(true, 0);
                _server.LingerState = new LingerOption(true, 0);
            }
            finally
            {
                Dispose();
                proxy.Forget(this); // last: whoever waits for it to be gone finds the sockets closed
            }
        }

        public void Dispose()
        {
            client.Dispose();
            _server.Dispose();
            _cut.Dispose();
        }

        private async Task ForwardAsync(Socket from, Socket to, bool fromClient)
        {
            byte[] buffer = new byte[BufferSize];
            try
            {
                while (true)
                {
                    int count = await from.ReceiveAsync(buffer, _cut.Token).ConfigureAwait(false);
                    await proxy.StallAsync().WaitAsync(_cut.Token).ConfigureAwait(false);
                    if (count == 0)
                    {
                        to.Shutdown(SocketShutdown.Send);
                        return;
                    }
                    proxy.CountDownToCut(count);
                    if (fromClient)
                    {
                        Observe(buffer.AsSpan(0, count));
                        if (proxy.TakeCutOn(buffer.AsSpan(0, count)) is { } answered)
                        {
                            _cutAtAnswer = answered;
                            if (!answered)
                                await _cut.CancelAsync().ConfigureAwait(false);
                        }
                    }
                    else
                    {
                        _serverSpokeLast = true;
                        if (_cutAtAnswer)
                            await _cut.CancelAsync().ConfigureAwait(false);
                    }
                    for (int sent = 0; sent < count;)
                        sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _cut.Token).ConfigureAwait(false);
                }
            }
            catch (SocketException)
            {
                await _cut.CancelAsync().ConfigureAwait(false); // one side broke: so does the other
                throw;
            }
        }

        private void Observe(ReadOnlySpan<byte> bytes)
        {
            if (_serverSpokeLast)
            {
                _serverSpokeLast = false;
                Interlocked.Increment(ref proxy._roundTrips);
            }
            foreach (byte value in bytes)
            {
                if (value == '\n')
                {
                    if (_line.Count <= LongestCommand)
                        proxy.Record(Encoding.UTF8.GetString([.. _line]).TrimEnd('\r'));
                    _line.Clear();
                }
                else if (_line.Count <= LongestCommand)
                {
                    _line.Add(value);
                }
            }
        }
    }
}
