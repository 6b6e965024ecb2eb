using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using FtpMount.Remote;
using FtpMount.Sftp.Session;
using FtpMount.Sftp.Transport;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Protocol;

/// <summary>
/// One SFTP session, version 3 (draft-ietf-secsh-filexfer-02): any number of requests at once, each with its own id, answered in any order.
/// </summary>
/// <remarks>
/// <para>Sending: a caller queues its requests; whoever finds nobody sending sends until the queues are empty, so that an idle connection costs no hop to another
/// thread. Short requests that wait together go out together, before content that waits (<see cref="SftpPriority"/>).</para>
/// <para>Receiving: one loop. Content goes from the transport straight to where the request wants it; other replies are kept in a buffer of the request and parsed by
/// its caller. A reply whose caller gave up is dropped, so that cancelling never loses the place in the stream.</para>
/// <para>Any violation of the protocol, and silence for the time-out while replies are due, ends the connection: all requests fail with it.</para>
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A token source without a timer holds nothing, and whoever ends the connection may still use it.")]
internal sealed class SftpConnection : IAsyncDisposable
{
    /// <summary>The version that is asked for: the one that OpenSSH and most others speak.</summary>
    private const uint Version = 3;

    /// <summary>Short requests are gathered up to this length for one send.</summary>
    private const int GatherLength = 32 * 1024;

    /// <summary>Content up to this length is copied to go out in the same send as what is before and behind it.</summary>
    private const int WorthCopying = 8 * 1024;

    /// <summary>
    /// So much content is sent on the thread of whoever finds nobody sending; what others add meanwhile goes on elsewhere, so that a short request does not have its caller send
    /// all of a large file.
    /// </summary>
    private const int MostForOthers = 512 * 1024;

    /// <summary>Headers and short replies are read through this buffer; content beyond it is received in place.</summary>
    private const int ReceiveBufferLength = 16 * 1024;

    private const int MostIdleRequests = 256;
    private const int LooksPerTimeout = 6;

    /// <summary>So many time-outs of silence the server may take for a copy or a sync of its own.</summary>
    private const int LongWait = 20;

    /// <summary>So many time-outs a request may wait on a link that is busy with what was sent before it.</summary>
    private const int LongestWait = 4;

    private readonly ISftpTransport _transport;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ILogger _logger;
    private readonly SftpTraffic _traffic;
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, SftpRequest> _pending = [];
    private readonly Queue<SftpRequest> _interactive = new();
    private readonly Queue<SftpRequest> _bulk = new();
    private readonly Stack<SftpRequest> _idleRequests = new();
    private readonly HandleForecast _forecast = new();
    private readonly byte[] _sendBuffer = new byte[GatherLength];
    private readonly byte[] _receiveBuffer = new byte[ReceiveBufferLength];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _watch;
    private Task _receiving = Task.CompletedTask;
    private Task _sending = Task.CompletedTask;
    private RemoteException? _failure;
    private bool _isSending;
    private int _number;
    private uint _nextId;
    private int _receiveStart;
    private int _receiveEnd;
    private long _lastHeard;
    private long _lastUsed;
    private int _openHandles;
    private int _disposed;

    private SftpConnection(ISftpTransport transport, TimeProvider time, TimeSpan timeout, ILogger logger, SftpTraffic traffic)
    {
        _transport = transport;
        _time = time;
        _timeout = timeout;
        _logger = logger;
        _traffic = traffic;
        Window = new BulkWindow(time);
        _lastHeard = _lastUsed = time.GetTimestamp();
    }

    /// <summary>What the server offers beyond version 3.</summary>
    public SftpExtensions Extensions { get; private set; }

    /// <summary>The same as the server names it, with what is not used here.</summary>
    public IReadOnlyList<string> Announced { get; private set; } = [];

    /// <summary>Whether the handles of this server can be foretold, as far as has been seen.</summary>
    public bool ForetellsHandles
    {
        get
        {
            lock (_gate)
                return _forecast.IsGood;
        }
    }

    /// <summary>How large requests may be.</summary>
    public SftpLimits Limits { get; set; } = SftpLimits.Default;

    /// <summary>How much content is on its way, and how much should be.</summary>
    public BulkWindow Window { get; }

    /// <summary>What carries the bytes.</summary>
    public string? Description => _transport.Description;

    /// <summary>What was agreed on by SSH; null when that is not known.</summary>
    public SshSessionFacts? Facts => _transport.Facts;

    /// <summary>Ends when the connection has ended and every request with it.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Whether requests can still be made.</summary>
    public bool IsAlive => Volatile.Read(ref _failure) is null;

    /// <summary>Why it ended; null while it lives.</summary>
    public RemoteException? Failure => Volatile.Read(ref _failure);

    /// <summary>Requests that wait for their replies.</summary>
    public int PendingCount
    {
        get
        {
            lock (_gate)
                return _pending.Count;
        }
    }

    /// <summary>Files that are open on it: a connection that has some is not closed for being idle.</summary>
    public int OpenHandles => Volatile.Read(ref _openHandles);

    /// <summary>When a request was last made.</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    /// <summary>When the server was last heard.</summary>
    public long LastHeard => Math.Max(Volatile.Read(ref _lastHeard), _transport.LastReceived);

    /// <summary>Makes a connection of a transport: exchanges INIT and VERSION. On failure the transport is disposed.</summary>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: not SFTP. <see cref="RemoteError.Unsupported"/>: another version. <see cref="RemoteError.Offline"/>: the link was lost.</exception>
    public static async ValueTask<SftpConnection> OpenAsync(
        ISftpTransport transport, TimeProvider time, TimeSpan timeout, ILogger logger, SftpTraffic traffic, CancellationToken cancellationToken)
    {
        var connection = new SftpConnection(transport, time, timeout, logger, traffic);
        try
        {
            await connection.NegotiateAsync(cancellationToken).ConfigureAwait(false);
            connection.Start();
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Begins a request; fill it and give it to <see cref="Submit(SftpRequest, SftpPriority)"/>.</summary>
    public SftpRequest Rent(SftpPacketType type)
    {
        SftpRequest? request;
        uint id;
        lock (_gate)
        {
            _idleRequests.TryPop(out request);
            id = ++_nextId;
        }

        request ??= new SftpRequest(this);
        request.Begin(type, id);
        return request;
    }

    /// <summary>Begins an EXTENDED request.</summary>
    public SftpRequest Rent(ReadOnlySpan<byte> extension)
    {
        var request = Rent(SftpPacketType.Extended);
        request.Write(extension);
        return request;
    }

    /// <summary>Sends a request as soon as it is its turn. Never waits, never throws: a dead connection shows when the reply is awaited.</summary>
    public void Submit(SftpRequest request, SftpPriority priority) => Submit([request], priority);

    /// <summary>Sends a request whose reply nobody waits for. It may be disposed at once.</summary>
    public void SubmitAndForget(SftpRequest request, SftpPriority priority)
    {
        request.Forget();
        Submit(request, priority);
    }

    /// <summary>Sends requests one after the other, in one packet where they are short.</summary>
    public void Submit(ReadOnlySpan<SftpRequest> requests, SftpPriority priority)
    {
        var now = _time.GetTimestamp();
        Volatile.Write(ref _lastUsed, now);
        RemoteException? failure;
        foreach (var request in requests)
        {
            request.Finish();
            request.SubmittedAt = now;
            request.InFlightBefore = Window.InFlight;
            request.DeliveredBefore = Window.Sent(request.BulkLength);
            request.NextSince = request.InFlightBefore == 0 ? now : 0;
        }

        lock (_gate)
        {
            failure = _failure;
            if (failure is null)
            {
                if (_pending.Count == 0)
                    Volatile.Write(ref _lastHeard, now); // from here on a reply is due
                foreach (var request in requests)
                {
                    _pending.Add(request.Id, request);
                    (priority == SftpPriority.Interactive ? _interactive : _bulk).Enqueue(request);
                }

                if (_isSending)
                    return;
                _isSending = true;
            }
        }

        if (failure is null)
        {
            // Runs here until the transport makes it wait. It is observed by the one who disposes the connection.
            _sending = SendQueuedAsync();
            return;
        }

        foreach (var request in requests)
        {
            Window.Dropped(request.BulkLength);
            request.Fail(failure);
        }
    }

    /// <summary>
    /// Begins OPEN or OPENDIR with requests behind it, or one of these, which has the handle that the answer will bring as its first field
    /// (<see cref="PresumedHandle.Placeholder"/>) and must not change anything on the server.
    /// </summary>
    public SftpRequest Rent(SftpPacketType type, PresumedHandle handle)
    {
        var request = Rent(type);
        request.Presumed = handle;
        return request;
    }

    /// <summary>A handle was opened (1) or closed (-1).</summary>
    public void CountHandle(int difference) => Interlocked.Add(ref _openHandles, difference);

    /// <summary>For <see cref="SftpRequest"/>: nobody needs it any more.</summary>
    public void TakeBack(SftpRequest request)
    {
        lock (_gate)
        {
            if (_idleRequests.Count < MostIdleRequests)
                _idleRequests.Push(request);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        await EndAsync(new RemoteException(RemoteError.Offline, "The connection to the server is closed.")).ConfigureAwait(false);
        await _receiving.ConfigureAwait(false);
        await _sending.ConfigureAwait(false);
        _ended.TrySetResult();
    }

    private async ValueTask NegotiateAsync(CancellationToken cancellationToken)
    {
        byte[] init = [0, 0, 0, 5, (byte)SftpPacketType.Init, 0, 0, 0, (byte)Version];
        try
        {
            await _transport.SendAsync(init, cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException)
        {
            // It has ended already. Where it left some words they say more, otherwise receiving fails for the same reason.
        }

        await FillAsync(4, cancellationToken).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32BigEndian(_receiveBuffer.AsSpan(_receiveStart));
        if (length is < 5 or > ReceiveBufferLength - 4)
            throw NotSftp();
        await FillAsync(4 + (int)length, cancellationToken).ConfigureAwait(false);
        var packet = new SftpPacketReader(_receiveBuffer.AsSpan(_receiveStart + 4, (int)length));
        _receiveStart += 4 + (int)length;
        if (packet.ReadByte() != (byte)SftpPacketType.Version)
            throw new RemoteException(RemoteError.ProtocolViolation, "The server did not answer as an SFTP server does. Check that its 'sftp' subsystem is an SFTP server.");
        var version = packet.ReadUInt32();
        if (version != Version)
            throw new RemoteException(RemoteError.Unsupported, $"The server speaks version {version} of SFTP only; version {Version} is needed.");
        var announced = new List<string>();
        while (!packet.IsAtEnd)
        {
            var name = packet.ReadString();
            Extensions |= SftpExtensionNames.Find(name);
            announced.Add(SftpSite.Printable(name));
            packet.ReadString();
        }

        Announced = announced;
        _number = _traffic.Transcript?.Begin(Description, Extensions) ?? 0;
    }

    /// <summary>What comes instead of SFTP is most often what a login script prints.</summary>
    private RemoteException NotSftp()
    {
        var text = Encoding.ASCII.GetString(_receiveBuffer, _receiveStart, Math.Min(_receiveEnd - _receiveStart, 60));
        var isText = text.Length > 0 && text.All(c => c is >= ' ' and < (char)127 or '\r' or '\n' or '\t');
        return new RemoteException(
            RemoteError.ProtocolViolation,
            isText
                ? $"The server sent text instead of SFTP: \"{text.Trim().ReplaceLineEndings(" ")}\". Its login scripts must not print anything in sessions without a terminal."
                : "The server did not answer as an SFTP server does. Check that its 'sftp' subsystem is an SFTP server.");
    }

    private void Start()
    {
        _receiving = Task.Run(ReceiveAsync);
        var interval = _timeout / LooksPerTimeout;
        _watch = _time.CreateTimer(static state => ((SftpConnection)state!).Look(), this, interval, interval);
    }

    /// <summary>Sends until nothing waits. Only one runs at a time: who sets <see cref="_isSending"/>.</summary>
    private async Task SendQueuedAsync()
    {
        SftpRequest? current = null;
        var sent = 0;
        try
        {
            while (true)
            {
                var gathered = Gather(out current);
                if (gathered == 0 && current is null)
                    return;
                if (current is null)
                {
                    await _transport.SendAsync(_sendBuffer.AsMemory(0, gathered), _stopping.Token).ConfigureAwait(false);
                }
                else
                {
                    await _transport.SendAsync(_sendBuffer.AsMemory(0, gathered), current.Payload, _stopping.Token).ConfigureAwait(false);
                    _traffic.Sent(current.Payload.Length);
                    sent += current.Payload.Length;
                    current.EndSending();
                    current.Release();
                    current = null;
                    if (sent >= MostForOthers)
                    {
                        sent = 0;
                        await Task.Yield();
                    }
                }
            }
        }
        catch (Exception e) when (e is RemoteException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            current?.EndSending();
            current?.Release();
            await EndAsync(e as RemoteException ?? new RemoteException(RemoteError.Offline, $"The connection to the server was lost: {e.Message}", e)).ConfigureAwait(false);
        }
    }

    /// <summary>Collects short packets into the buffer, up to and including the header of one that has content. Clears <see cref="_isSending"/> when nothing waits.</summary>
    /// <param name="withContent">The request whose content follows the buffer; it is held by an owner more, so that its content stays valid.</param>
    private int Gather(out SftpRequest? withContent)
    {
        withContent = null;
        var length = 0;
        lock (_gate)
        {
            while (_interactive.TryPeek(out var request) || _bulk.TryPeek(out request))
            {
                if (length + request.PacketLength > GatherLength)
                {
                    if (length == 0)
                        throw new RemoteException(RemoteError.NameTooLong, "A request does not fit into an SFTP packet.");
                    return length;
                }

                _ = _interactive.Count > 0 ? _interactive.Dequeue() : _bulk.Dequeue();
                if (!request.TryBeginSending())
                {
                    _pending.Remove(request.Id);
                    Window.Dropped(request.BulkLength);
                    request.Release();
                    continue;
                }

                if (!TryGiveHandle(request))
                    continue;
                _traffic.CountRequest();
                _traffic.Transcript?.WriteRequest(_number, request);
                request.Packet.Span.CopyTo(_sendBuffer.AsSpan(length));
                length += request.PacketLength;
                if (request.Payload.IsEmpty)
                    continue;
                if (request.Payload.Length <= WorthCopying && length + request.Payload.Length <= GatherLength)
                {
                    request.Payload.Span.CopyTo(_sendBuffer.AsSpan(length));
                    length += request.Payload.Length;
                    _traffic.Sent(request.Payload.Length);
                    request.EndSending();
                    continue;
                }

                request.AddOwner();
                withContent = request;
                return length;
            }

            if (length == 0)
                _isSending = false;
            return length;
        }
    }

    /// <summary>
    /// Follows which handles the server gives out, and puts the one that a request is for into it. Ends a request whose handle cannot be foretold. Under the gate, in the order of sending.
    /// </summary>
    private bool TryGiveHandle(SftpRequest request)
    {
        switch (request.Type)
        {
            case SftpPacketType.Open or SftpPacketType.Opendir:
                request.Foretold = _forecast.Opening();
                if (request.Presumed is { } presumed)
                    presumed.Number = request.Foretold.Handle;
                return true;
            case SftpPacketType.Close:
                _forecast.Closing(request.Handle);
                return true;
        }

        if (request.Presumed is not { } awaited)
            return true;
        if (awaited.Number is { } number)
        {
            request.SetHandle(number);
            return true;
        }

        _pending.Remove(request.Id);
        Window.Dropped(request.BulkLength);
        request.Complete(SftpPacketType.None, 0, 0);
        return false;
    }

    private async Task ReceiveAsync()
    {
        RemoteException failure;
        try
        {
            while (true)
                await ReceiveReplyAsync().ConfigureAwait(false);
        }
        catch (RemoteException e)
        {
            failure = e;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            failure = new RemoteException(RemoteError.Offline, $"The connection to the server was lost: {e.Message}", e);
        }

        await EndAsync(failure).ConfigureAwait(false);
        FailPending();
        _ended.TrySetResult();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveReplyAsync()
    {
        await FillAsync(SftpRequest.HeaderLength, _stopping.Token).ConfigureAwait(false);
        var header = _receiveBuffer.AsSpan(_receiveStart, SftpRequest.HeaderLength);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        var type = (SftpPacketType)header[4];
        var id = BinaryPrimitives.ReadUInt32BigEndian(header[5..]);
        if (length is < 5 or > SftpLimits.LargestPacket)
            throw new RemoteException(RemoteError.ProtocolViolation, string.Create(CultureInfo.InvariantCulture, $"The server sent an SFTP packet of {length} bytes; 5 to {SftpLimits.LargestPacket} are possible."));
        if (type is not (>= SftpPacketType.Status and <= SftpPacketType.Attrs) and not SftpPacketType.ExtendedReply)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent an SFTP packet of the unknown type {(byte)type}.");
        _receiveStart += SftpRequest.HeaderLength;
        SftpRequest? request;
        lock (_gate)
        {
            if (!_pending.TryGetValue(id, out request))
                throw new RemoteException(RemoteError.ProtocolViolation, "The server answered an SFTP request that was not made.");
        }

        var rest = (int)length - 5;
        var received = 0;
        Memory<byte> body = default;
        if (type == SftpPacketType.Data)
        {
            if (rest < 4)
                throw new RemoteException(RemoteError.ProtocolViolation, "The server sent an SFTP packet whose fields do not fit into it.");
            await FillAsync(4, _stopping.Token).ConfigureAwait(false);
            var count = BinaryPrimitives.ReadUInt32BigEndian(_receiveBuffer.AsSpan(_receiveStart));
            _receiveStart += 4;
            if (count > (uint)(rest - 4))
                throw new RemoteException(RemoteError.ProtocolViolation, "The server sent an SFTP packet whose fields do not fit into it.");
            var destination = request.BeginReceiving((int)count);
            if (destination.IsEmpty)
                await SkipAsync((int)count).ConfigureAwait(false);
            else
                await ReceiveIntoAsync(destination).ConfigureAwait(false);
            await SkipAsync(rest - 4 - (int)count).ConfigureAwait(false);
            received = (int)count;
            _traffic.Received(received);
            rest = 0;
        }
        else
        {
            body = request.BeginBody(rest);
            await ReceiveIntoAsync(body).ConfigureAwait(false);
        }

        _traffic.Transcript?.WriteReply(_number, id, type, received, body.Span);
        lock (_gate)
        {
            _pending.Remove(id);
            if (request.Type is SftpPacketType.Open or SftpPacketType.Opendir)
                _forecast.Answered(request.Foretold, type == SftpPacketType.Handle && rest > 4 ? body.Span[4..] : default);
        }

        if (request.BulkLength > 0)
            Window.Answered(request.BulkLength, request.DeliveredBefore, request.SubmittedAt);
        else
            Window.Answered(request.SubmittedAt);
        request.Complete(type, received, rest);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveIntoAsync(Memory<byte> destination)
    {
        var buffered = Math.Min(destination.Length, _receiveEnd - _receiveStart);
        _receiveBuffer.AsSpan(_receiveStart, buffered).CopyTo(destination.Span);
        _receiveStart += buffered;
        for (destination = destination[buffered..]; !destination.IsEmpty;)
            destination = destination[await ReceiveSomeAsync(destination, destination.Length, _stopping.Token).ConfigureAwait(false)..];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SkipAsync(int count)
    {
        while (count > 0)
        {
            if (_receiveStart == _receiveEnd)
                await FillAsync(1, _stopping.Token).ConfigureAwait(false);
            var skipped = Math.Min(count, _receiveEnd - _receiveStart);
            _receiveStart += skipped;
            count -= skipped;
        }
    }

    /// <summary>Sees to it that the buffer holds at least so many bytes.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(int count, CancellationToken cancellationToken)
    {
        if (_receiveEnd - _receiveStart >= count)
            return;
        if (_receiveStart > 0)
        {
            _receiveBuffer.AsSpan(_receiveStart, _receiveEnd - _receiveStart).CopyTo(_receiveBuffer);
            _receiveEnd -= _receiveStart;
            _receiveStart = 0;
        }

        while (_receiveEnd < count)
            _receiveEnd += await ReceiveSomeAsync(_receiveBuffer.AsMemory(_receiveEnd), count - _receiveEnd, cancellationToken).ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveSomeAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken)
    {
        var count = await _transport.ReceiveAsync(buffer, least, cancellationToken).ConfigureAwait(false);
        if (count <= 0)
            throw new RemoteException(RemoteError.Offline, "The server closed the connection.");
        Volatile.Write(ref _lastHeard, _time.GetTimestamp());
        return count;
    }

    /// <summary>No request can be made any more; the transport ends, and with it both loops.</summary>
    private async ValueTask EndAsync(RemoteException failure)
    {
        lock (_gate)
        {
            if (_failure is not null)
                return;
            Volatile.Write(ref _failure, failure);
        }

        if (_watch is not null)
            await _watch.DisposeAsync().ConfigureAwait(false);
        if (Volatile.Read(ref _disposed) == 0)
            _logger.LogDebug("An SFTP connection ended: {Reason}", failure.Message);
        await _transport.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
    }

    private void FailPending()
    {
        SftpRequest[] all;
        lock (_gate)
        {
            all = [.. _pending.Values];
            _pending.Clear();
            _interactive.Clear();
            _bulk.Clear();
        }

        foreach (var request in all)
        {
            Window.Dropped(request.BulkLength);
            request.Fail(_failure!);
        }
    }

    /// <summary>Whether a request has waited for the time-out although all that was before it was answered, or for ever so long.</summary>
    private bool IsLate(SftpRequest request, long now)
    {
        if (request.NextSince == 0 && Window.HasDelivered(request.DeliveredBefore + request.InFlightBefore))
            request.NextSince = now;
        return (request.NextSince != 0 && _time.GetElapsedTime(request.NextSince, now) >= _timeout) || _time.GetElapsedTime(request.SubmittedAt, now) >= LongestWait * _timeout;
    }

    /// <summary>
    /// Silence for the time-out while replies are due ends the connection. A single request that is not answered in that time, although what was sent before it was, ends
    /// alone.
    /// </summary>
    private void Look()
    {
        var now = _time.GetTimestamp();
        List<SftpRequest>? late = null;
        bool silent;
        lock (_gate)
        {
            if (_failure is not null || _pending.Count == 0)
                return;
            // The server answers one request after the other: while it works on a long one, silence says nothing; what carries the bytes has a keepalive of its own.
            var silence = _time.GetElapsedTime(LastHeard, now);
            silent = silence >= (_pending.Values.Any(static request => request.IsLong) ? LongWait : 1) * _timeout;
            if (!silent)
            {
                foreach (var request in _pending.Values)
                {
                    if (!request.IsLong && IsLate(request, now))
                        (late ??= []).Add(request);
                }
            }
        }

        if (silent)
        {
            // The timer's thread must not wait for the transport's end.
            _ = EndAsync(new RemoteException(RemoteError.TimedOut, $"The server did not answer within {_timeout.TotalSeconds:0.#} s.")).AsTask();
            return;
        }

        foreach (var request in late ?? [])
            request.GiveUp(new RemoteException(RemoteError.TimedOut, $"The server did not answer a request within {_timeout.TotalSeconds:0.#} s."));
    }
}
