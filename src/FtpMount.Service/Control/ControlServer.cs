using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace FtpMount.Service.Control;

/// <summary>
/// Answers what <see cref="ControlRequest"/> can ask of one mount on a Unix socket. Only the user whose mount it is, and root, are answered. A client that has asked to
/// unmount sees the end of the connection when this object is disposed: then the process has let go of everything.
/// </summary>
public sealed class ControlServer : IAsyncDisposable
{
    private const int MostWaitingClients = 16;
    private const int FilesOfAPage = 1000;
    private static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly Socket _listener;
    private readonly IControlledMount _mount;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stopAccepting = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _conversations = [];
    private readonly Task _accepting;
    private bool _disposed;

    private ControlServer(string path, Socket listener, IControlledMount mount, TimeProvider time, ILogger logger)
    {
        _path = path;
        _listener = listener;
        _mount = mount;
        _time = time;
        _logger = logger;
        _accepting = AcceptAsync();
    }

    /// <summary>Begins to answer.</summary>
    /// <param name="directory">The runtime folder (<see cref="RuntimeDirectory.Open"/>). The caller holds the mount's lock in it.</param>
    /// <param name="mountPoint">The canonical mount point.</param>
    /// <param name="mount">What is asked.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="logger">Where problems of clients go.</param>
    /// <exception cref="MountException">The socket cannot be made.</exception>
    public static ControlServer Start(string directory, string mountPoint, IControlledMount mount, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(mount);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(logger);
        var path = Path.Combine(directory, RuntimeDirectory.SocketName(mountPoint));
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // What is there was left by a process that died: whoever lives holds the lock.
            File.Delete(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(MostWaitingClients);
            return new ControlServer(path, listener, mount, time, logger);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            listener.Dispose();
            throw new MountException($"The control socket {path} cannot be made: {exception.Message}", exception);
        }
    }

    /// <summary>Takes the socket away: from now on nobody finds the mount. Conversations go on. The caller still holds the mount's lock.</summary>
    public async Task StopListeningAsync()
    {
        if (_accepting.IsCompleted)
            return;
        File.Delete(_path);
        await _stopAccepting.CancelAsync();
        _listener.Dispose();
        await _accepting;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;
        await StopListeningAsync();
        await _stop.CancelAsync();
        Task[] conversations;
        lock (_lock)
            conversations = [.. _conversations];
        await Task.WhenAll(conversations);
        _stop.Dispose();
        _stopAccepting.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopAccepting.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stopAccepting.Token);
                var conversation = ConverseAsync(socket);
                lock (_lock)
                    _conversations.Add(conversation);
                _ = conversation.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException exception) when (!_stopAccepting.IsCancellationRequested)
            {
                // Out of descriptors, for example: others may become free.
                _logger.LogWarning("The control socket could not accept a client: {Message}", exception.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), _time, CancellationToken.None);
            }
            catch (SocketException)
            {
                return;
            }
        }
    }

    private void Forget(Task conversation)
    {
        lock (_lock)
            _conversations.Remove(conversation);
    }

    private async Task ConverseAsync(Socket socket)
    {
        await Task.Yield();
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            var peer = PeerCredentials.Of(socket);
            if (peer.UserId != 0 && peer.UserId != RuntimeDirectory.CurrentUser)
            {
                _logger.LogWarning("Process {Process} of user {User} was refused at the control socket", peer.ProcessId, peer.UserId);
                return;
            }

            var buffer = new LineBuffer();
            while (await ReadRequestAsync(buffer, stream) is { } request)
                await AnswerAsync(stream, request);
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or JsonException)
        {
            if (!_stop.IsCancellationRequested)
                _logger.LogDebug("A conversation on the control socket ended: {Message}", exception.Message);
        }
    }

    private async Task<ControlRequest?> ReadRequestAsync(LineBuffer buffer, Stream stream)
    {
        using var deadline = new CancellationTokenSource(RequestDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        return await ControlLines.ReadAsync(buffer, stream, ControlJson.Default.ControlRequest, either.Token);
    }

    private async Task AnswerAsync(Stream stream, ControlRequest request)
    {
        switch (request.Command)
        {
            case ControlRequest.Status:
                await ReplyAsync(stream, new ControlReply { Status = _mount.GetStatus() }, _stop.Token);
                break;
            case ControlRequest.Unmount:
                await UnmountAsync(stream, request);
                break;
            case ControlRequest.Queue:
                await SendQueueAsync(stream);
                break;
            case ControlRequest.Refresh or ControlRequest.Forget or ControlRequest.Pin or ControlRequest.Unpin:
                await ChangeCacheAsync(stream, request);
                break;
            case ControlRequest.QueueRetry or ControlRequest.QueueSave or ControlRequest.QueueDiscard:
                await ReplyAsync(stream, await ChangeQueueAsync(request), _stop.Token);
                break;
            default:
                await ReplyAsync(stream, new ControlReply { Error = "This request is not known; the mount was made by another version of ftpmount" }, _stop.Token);
                break;
        }
    }

    private async Task SendQueueAsync(Stream stream)
    {
        var files = _mount.GetQueue();
        var sent = 0;
        do
        {
            var page = files.Skip(sent).Take(FilesOfAPage).ToArray();
            sent += page.Length;
            await ReplyAsync(stream, new ControlReply { Queue = new QueuePage(_mount.Root, page, sent == files.Count) }, _stop.Token);
        }
        while (sent < files.Count);
    }

    private async Task<ControlReply> ChangeQueueAsync(ControlRequest request)
    {
        try
        {
            return new ControlReply { QueueReport = await _mount.ChangeQueueAsync(request, _stop.Token) };
        }
        catch (MountException exception)
        {
            return new ControlReply { Error = exception.Message };
        }
    }

    /// <summary>The result goes to the client even when the server is being disposed meanwhile, because disposing is what follows an unmount.</summary>
    private Task UnmountAsync(Stream stream, ControlRequest request)
    {
        var timeout = request.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e9)) : (TimeSpan?)null;
        return WithProgressAsync(
            stream, async progress => new ControlReply { Report = await _mount.UnmountAsync(timeout, progress, CancellationToken.None) }, CancellationToken.None);
    }

    private async Task ChangeCacheAsync(Stream stream, ControlRequest request)
    {
        // Who goes away does not want it any more.
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await WithProgressAsync(stream, async progress => new ControlReply { Cache = await _mount.ChangeCacheAsync(request, progress, wanted.Token) }, _stop.Token);
        }
        finally
        {
            await wanted.CancelAsync();
        }
    }

    private async Task WithProgressAsync(Stream stream, Func<IProgress<UploadProgress>, Task<ControlReply>> action, CancellationToken cancellationToken)
    {
        // Only the newest progress matters: a client that reads slowly misses some.
        var latest = Channel.CreateBounded<UploadProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        var running = Task.Run(() => action(new ChannelProgress(latest.Writer)), CancellationToken.None);
        _ = running.ContinueWith(
            ended =>
            {
                _ = ended.Exception; // told below to who still listens
                latest.Writer.TryComplete();
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        await foreach (var progress in latest.Reader.ReadAllAsync(CancellationToken.None))
            await ReplyAsync(stream, new ControlReply { Progress = progress }, cancellationToken);
        ControlReply result;
        try
        {
            result = await running;
        }
        catch (MountException exception)
        {
            result = new ControlReply { Error = exception.Message };
        }

        await ReplyAsync(stream, result, cancellationToken);
    }

    private async Task ReplyAsync(Stream stream, ControlReply reply, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(RequestDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        await ControlLines.WriteAsync(stream, reply, ControlJson.Default.ControlReply, either.Token);
    }

    private sealed class ChannelProgress(ChannelWriter<UploadProgress> writer) : IProgress<UploadProgress>
    {
        public void Report(UploadProgress value) => writer.TryWrite(value);
    }
}
