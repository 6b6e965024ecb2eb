using System.Net.Sockets;
using System.Text.Json;
using FtpMount.Service.Posix;

namespace FtpMount.Service.Control;

/// <summary>
/// Talks to the process of a mount. It is found by the mount point and its owner; the socket, its folder and the process behind it must belong to that owner.
/// </summary>
public sealed class ControlClient : IAsyncDisposable
{
    /// <summary>How long a mount's process may take to answer what needs no waiting.</summary>
    public static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(5);

    private readonly NetworkStream _stream;
    private readonly LineBuffer _buffer = new();
    private readonly TimeProvider _time;

    private ControlClient(NetworkStream stream, int processId, TimeProvider time)
    {
        _stream = stream;
        ProcessId = processId;
        _time = time;
    }

    /// <summary>The process that serves the mount.</summary>
    public int ProcessId { get; }

    /// <summary>Connects to the process of a mount.</summary>
    /// <param name="mountPoint">The canonical mount point.</param>
    /// <param name="owner">The user whose mount it is.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Null when nobody listens.</returns>
    public static async Task<ControlClient?> ConnectAsync(string mountPoint, uint owner, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var directory in RuntimeDirectory.CandidatesFor(owner))
        {
            if (RuntimeDirectory.IsTrusted(directory, owner)
                && await ConnectToSocketAsync(Path.Combine(directory, RuntimeDirectory.SocketName(mountPoint)), owner, time, cancellationToken) is { } client)
                return client;
        }

        return null;
    }

    /// <summary>The processes of a user that listen, whatever they serve.</summary>
    /// <param name="owner">The user.</param>
    /// <param name="time">The clock of the deadlines.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IReadOnlyList<ControlClient>> ConnectToAllAsync(uint owner, TimeProvider time, CancellationToken cancellationToken)
    {
        var clients = new List<ControlClient>();
        foreach (var directory in RuntimeDirectory.CandidatesFor(owner).Where(d => RuntimeDirectory.IsTrusted(d, owner)))
        {
            foreach (var path in Directory.EnumerateFiles(directory, "*.sock"))
            {
                if (await ConnectToSocketAsync(path, owner, time, cancellationToken) is { } client)
                    clients.Add(client);
            }
        }

        return clients;
    }

    /// <summary>Asks how the mount is.</summary>
    /// <returns>Null when the process does not answer in time or is just ending.</returns>
    public async Task<MountStatus?> GetStatusAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await SendAsync(new ControlRequest(ControlRequest.Status), either.Token);
            return (await ReceiveAsync(either.Token))?.Status;
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Asks to unmount and waits until the process has let go of everything.</summary>
    /// <param name="timeout">After how long what is still unsent is left behind; null for as long as it takes.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the waiting; the unmount goes on.</param>
    /// <returns>Null when the process ended, or stopped answering, before it could say how it went.</returns>
    /// <exception cref="MountException">The process refused.</exception>
    public async Task<UnmountReport?> UnmountAsync(TimeSpan? timeout, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        UnmountReport? report = null;
        try
        {
            await SendAsync(new ControlRequest(ControlRequest.Unmount, timeout?.TotalSeconds), cancellationToken);
            while (report is null && await ReceiveAsync(cancellationToken) is { } reply)
            {
                if (reply.Error is not null)
                    throw new MountException(reply.Error);
                if (reply.Progress is not null)
                    progress?.Report(reply.Progress);
                report = reply.Report;
            }

            using var deadline = new CancellationTokenSource(AnswerDeadline, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            while (report is not null && await ReceiveAsync(either.Token) is not null)
            {
                // until the process has closed the connection
            }
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            // The report, when it came, is what counts.
        }

        return report;
    }

    /// <summary>Asks for something to be done with the caches.</summary>
    /// <param name="request">What; one of those about the caches.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="MountException">The process refused, or ended before it had answered.</exception>
    public async Task<CacheReport> ChangeCacheAsync(ControlRequest request, IProgress<UploadProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(request, cancellationToken);
            while (true)
            {
                var reply = await ReceiveAsync(cancellationToken);
                if (reply?.Progress is null)
                    return Answer(reply, r => r.Cache);
                progress?.Report(reply.Progress);
            }
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw NoAnswer();
        }
    }

    /// <summary>Asks for all that is not on the server yet.</summary>
    /// <exception cref="MountException">The process refused, or ended before it had answered.</exception>
    public async Task<QueuePage> GetQueueAsync(CancellationToken cancellationToken)
    {
        var files = new List<UploadStatus>();
        using var deadline = new CancellationTokenSource(AnswerDeadline, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await SendAsync(new ControlRequest(ControlRequest.Queue), either.Token);
            while (true)
            {
                var page = Answer(await ReceiveAsync(either.Token), r => r.Queue);
                files.AddRange(page.Files);
                if (page.IsLast)
                    return page with { Files = files };
                deadline.CancelAfter(AnswerDeadline);
            }
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw NoAnswer();
        }
    }

    /// <summary>Asks for something to be done with files of the queue.</summary>
    /// <param name="request">What; one of those about the queue.</param>
    /// <param name="cancellationToken">Ends the waiting; what was asked for goes on.</param>
    /// <exception cref="MountException">The process refused, or ended before it had answered.</exception>
    public async Task<QueueReport> ChangeQueueAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(request, cancellationToken);
            return Answer(await ReceiveAsync(cancellationToken), r => r.QueueReport);
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            throw NoAnswer();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private T Answer<T>(ControlReply? reply, Func<ControlReply, T?> part)
        where T : class =>
        reply is null ? throw NoAnswer() : part(reply) ?? throw new MountException(reply.Error ?? $"Process {ProcessId} answered something else; it is of another version of ftpmount");

    private MountException NoAnswer() => new($"Process {ProcessId}, which serves the mount, does not answer, or has ended; 'ftpmount status' shows how it is");

    private static bool IsLoss(Exception exception) =>
        exception is IOException or SocketException or JsonException or OperationCanceledException or ObjectDisposedException;

    private static async Task<ControlClient?> ConnectToSocketAsync(string path, uint owner, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!FileIdentity.TryGet(path, out var identity, out _) || !identity.IsSocket || identity.UserId != owner)
            return null;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            using var deadline = new CancellationTokenSource(AnswerDeadline, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), either.Token);
            var peer = PeerCredentials.Of(socket);
            if (peer.UserId == owner)
                return new ControlClient(new NetworkStream(socket, ownsSocket: true), peer.ProcessId, time);
        }
        catch (Exception exception) when (IsLoss(exception) && !cancellationToken.IsCancellationRequested)
        {
            // Nobody listens any more.
        }

        socket.Dispose();
        return null;
    }

    private Task SendAsync(ControlRequest request, CancellationToken cancellationToken) =>
        ControlLines.WriteAsync(_stream, request, ControlJson.Default.ControlRequest, cancellationToken);

    private Task<ControlReply?> ReceiveAsync(CancellationToken cancellationToken) =>
        ControlLines.ReadAsync(_buffer, _stream, ControlJson.Default.ControlReply, cancellationToken);
}
