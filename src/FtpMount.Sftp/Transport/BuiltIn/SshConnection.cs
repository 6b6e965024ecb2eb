using System.Net.Sockets;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages;
using SshSession = Renci.SshNet.Session;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// One SSH connection: SSH.NET's session, which does key exchange, encryption and login and reads the socket on a thread of its own, with what it lacks: an end that does
/// not wait for a dead link, a keepalive that expects an answer, sends that wait without a thread, and a reason when it is lost.
/// </summary>
internal sealed class SshConnection : IAsyncDisposable
{
    private static readonly TimeSpan FarewellDeadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AbortDeadline = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();

    private Task _keepalive = Task.CompletedTask;
    private Socket? _socket;
    private long _lastReceived;
    private uint _lastChannelNumber;
    private bool _disposed;

    private SshConnection(SshSession session, string name, TimeProvider time, ILogger logger)
    {
        Session = session;
        Name = name;
        _time = time;
        _logger = logger;
        _lastReceived = time.GetTimestamp();
        session.ErrorOccured += OnError;
        session.Disconnected += OnDisconnected;
    }

    /// <summary>The connection was lost, or ended by <see cref="Abort"/>; raised once.</summary>
    public event Action<RemoteException>? Lost;

    /// <summary>SSH.NET's part.</summary>
    public SshSession Session { get; }

    /// <summary>The host for messages.</summary>
    public string Name { get; }

    /// <summary>Why it was lost; null as long as it is not.</summary>
    public RemoteException? Failure { get; private set; }

    /// <summary>
    /// Connects and logs in, on a thread that ends with it, because SSH.NET waits for each answer by blocking.
    /// </summary>
    /// <param name="connectionInfo">To where, as whom and with which algorithms. Its time-out is set here.</param>
    /// <param name="name">The host for messages.</param>
    /// <param name="connectTimeout">How long the TCP connection may take.</param>
    /// <param name="verifyHostKey">Called during the key exchange, and again with each later one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where messages go.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="Exception">SSH.NET's exception.</exception>
    public static async ValueTask<SshConnection> ConnectAsync(
        ConnectionInfo connectionInfo,
        string name,
        TimeSpan connectTimeout,
        Action<HostKeyEventArgs> verifyHostKey,
        TimeProvider time,
        ILogger logger,
        CancellationToken cancellationToken)
    {
        connectionInfo.Timeout = connectTimeout;
        var session = SessionAccess.Create(connectionInfo);
        var connection = new SshConnection(session, name, time, logger);
        try
        {
            session.HostKeyReceived += (_, e) => verifyHostKey(e);
            session.ServerIdentificationReceived += (_, _) => connection.OnConnected(connectionInfo);
            var connecting = Task.Factory.StartNew(
                session.Connect, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
            var cancelled = cancellationToken.UnsafeRegister(_ => connection.AbortSocket(), null);
            await using (cancelled.ConfigureAwait(false))
            {
                try
                {
                    await connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!connecting.IsCompleted)
                {
                    _ = connecting.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                    throw;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (connection.Failure is { } lost)
                throw lost;
            if (!session.IsConnected)
                throw new SshConnectionException("The connection was closed.");
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>The number of the next channel (RFC 4254 section 5.1).</summary>
    public uint NextChannelNumber() => Interlocked.Increment(ref _lastChannelNumber);

    /// <summary>Something came from the server.</summary>
    /// <returns>When: now.</returns>
    public long NoteReceived()
    {
        var now = _time.GetTimestamp();
        Volatile.Write(ref _lastReceived, now);
        return now;
    }

    /// <summary>Sends a message when the socket takes one.</summary>
    /// <exception cref="RemoteException">The connection is lost.</exception>
    public ValueTask SendAsync(Message message, CancellationToken cancellationToken)
    {
        if (Failure is { } failure)
            return ValueTask.FromException(failure);
        if (_socket is not { } socket)
            return ValueTask.FromException(new RemoteException(RemoteError.Offline, $"The connection to {Name} is closed."));
        var ready = SendReadiness.WaitAsync(socket.SafeHandle, cancellationToken);
        if (!ready.IsCompletedSuccessfully)
            return SendWhenReadyAsync(ready, message);
        Send(message);
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends a message, unless the socket is full or the connection is lost: for what nobody waits for.</summary>
    public void TrySend(Message message)
    {
        if (Failure is not null || _socket is not { } socket || !SendReadiness.IsReady(socket.SafeHandle))
            return;
        try
        {
            Send(message);
        }
        catch (RemoteException e)
        {
            _logger.LogDebug("Not sent to {Host}: {Message}", Name, e.Message);
        }
    }

    /// <summary>Expects the server to answer when it has been silent for a while.</summary>
    /// <param name="channel">The channel over which it is asked.</param>
    /// <param name="interval">How long it may be silent before it is asked; zero or less for ever.</param>
    /// <param name="mostUnanswered">How many questions may go unanswered, at least 1, before the connection is given up.</param>
    public void StartKeepalive(SshChannel channel, TimeSpan interval, int mostUnanswered)
    {
        if (interval > TimeSpan.Zero)
            _keepalive = KeepAliveAsync(channel, interval, Math.Max(1, mostUnanswered));
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort(RemoteException reason)
    {
        Lose(reason);
        AbortSocket();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        Lose(new RemoteException(RemoteError.Offline, $"The connection to {Name} is closed."));
        await _ending.CancelAsync().ConfigureAwait(false);
        await _keepalive.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // SSH.NET says farewell, which waits for ever when the other side takes nothing, and then waits for its thread.
        var disposing = Task.Run(Session.Dispose, CancellationToken.None);
        if (!await EndedAsync(disposing, FarewellDeadline).ConfigureAwait(false))
        {
            AbortSocket();
            if (!await EndedAsync(disposing, AbortDeadline).ConfigureAwait(false))
                _logger.LogWarning("The SSH connection to {Host} does not end", Name);
        }

        _ending.Dispose();
    }

    private static async ValueTask<bool> EndedAsync(Task task, TimeSpan deadline)
    {
        await task.WaitAsync(deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    private async ValueTask SendWhenReadyAsync(ValueTask ready, Message message)
    {
        await ready.ConfigureAwait(false);
        Send(message);
    }

    private void Send(Message message)
    {
        try
        {
            SessionAccess.SendMessage(Session, message);
        }
        catch (Exception e) when (e is SshException or SocketException or ObjectDisposedException or InvalidOperationException or NullReferenceException)
        {
            // A socket that was taken away in the middle shows as any of these.
            var reason = new RemoteException(RemoteError.Offline, $"The connection to {Name} was lost: {e.Message.TrimEnd('.')}.", e);
            Lose(reason);
            throw Failure ?? reason;
        }
    }

    /// <summary>The server has identified itself: the socket exists and nothing is encrypted yet.</summary>
    private void OnConnected(ConnectionInfo connectionInfo)
    {
        // From here on a person may be asked, and the caller's token is what ends the waiting.
        connectionInfo.Timeout = Timeout.InfiniteTimeSpan;
        _socket = SessionAccess.SocketOf(Session);
        if (_socket is null)
            return;
        SocketTuning.Apply(_socket, _logger);
        lock (_lock)
        {
            // The caller has given up in the meantime.
            if (_disposed)
                _socket.Dispose();
        }
    }

    private async Task KeepAliveAsync(SshChannel channel, TimeSpan interval, int mostUnanswered)
    {
        using var timer = new PeriodicTimer(interval, _time);
        var unanswered = 0;
        var asked = 0L;
        while (await timer.WaitForNextTickAsync(_ending.Token).ConfigureAwait(false))
        {
            var last = Volatile.Read(ref _lastReceived);
            if (last > asked)
                unanswered = 0;
            if (_time.GetElapsedTime(last) < interval)
                continue;
            if (unanswered == mostUnanswered)
            {
                Abort(new RemoteException(RemoteError.Offline, $"{Name} does not answer any more."));
                return;
            }

            unanswered++;
            asked = _time.GetTimestamp();
            channel.TryKeepalive();
        }
    }

    private void OnError(object? sender, ExceptionEventArgs e) =>
        Lose(new RemoteException(RemoteError.Offline, $"The connection to {Name} was lost: {e.Exception.Message.TrimEnd('.')}.", e.Exception));

    private void OnDisconnected(object? sender, EventArgs e) => Lose(new RemoteException(RemoteError.Offline, $"{Name} has ended the connection."));

    private void Lose(RemoteException reason)
    {
        lock (_lock)
        {
            if (Failure is not null)
                return;
            Failure = reason;
        }

        Lost?.Invoke(reason);
    }

    /// <summary>Ends every call on the socket, wherever it blocks.</summary>
    private void AbortSocket()
    {
        if (SessionAccess.SocketOf(Session) is not { } socket)
            return;
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _logger.LogDebug("The socket to {Host} is gone already: {Message}", Name, e.Message);
        }
    }
}
