using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Tasks.Sources;
using FtpMount.Remote;

namespace FtpMount.Sftp.Protocol;

/// <summary>
/// One request and its reply. Rented from a <see cref="SftpConnection"/>, filled with its fields, submitted, awaited, read, disposed; then it serves again.
/// </summary>
/// <remarks>
/// It has two owners, the caller and the connection, because a request that its caller gave up still gets a reply, which must be recognised and dropped. While the
/// transport works on memory of the caller's (content being sent from it or received into it) the request does not end, not even by cancellation, so that the caller
/// never takes memory back that is still in use.
/// </remarks>
internal sealed class SftpRequest : IValueTaskSource, IDisposable
{
    /// <summary>Length, type, id.</summary>
    public const int HeaderLength = 4 + 1 + 4;

    private readonly Lock _gate = new();
    private readonly SftpConnection _connection;
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private byte[] _packet = new byte[256];
    private byte[]? _body;
    private int _bodyLength;
    private Memory<byte> _destination;
    private byte[]? _ownDestination;
    private Exception? _failure;
    private CancellationTokenRegistration _registration;
    private int _owners;
    private bool _hasOutcome;
    private bool _isSending;
    private bool _isReceiving;
    private bool _isDone;
    private bool _isForgotten;

    public SftpRequest(SftpConnection connection) => _connection = connection;

    /// <summary>Where it is made.</summary>
    public SftpConnection Connection => _connection;

    /// <summary>Its number; the reply has the same.</summary>
    public uint Id { get; private set; }

    /// <summary>What is asked.</summary>
    public SftpPacketType Type { get; private set; }

    /// <summary>The encoded packet without <see cref="Payload"/>.</summary>
    public ReadOnlyMemory<byte> Packet => _packet.AsMemory(0, PacketLength);

    public int PacketLength { get; private set; }

    /// <summary>Content that follows the packet (WRITE); sent from where it is.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>How many bytes of content it stands for in the window; 0 for a short request.</summary>
    public int BulkLength { get; private set; }

    /// <summary>When it was submitted.</summary>
    public long SubmittedAt { get; set; }

    /// <summary>See <see cref="BulkWindow.Sent"/>.</summary>
    public long DeliveredBefore { get; set; }

    /// <summary>Since when everything that was in flight before it has been answered, as far as that was noticed; 0 while it has not.</summary>
    public long NextSince { get; set; }

    /// <summary>What was in flight before it.</summary>
    public int InFlightBefore { get; set; }

    /// <summary>
    /// For OPEN and OPENDIR: told what its handle will be. For a request whose handle is <see cref="PresumedHandle.Placeholder"/>: which handle that stands for.
    /// </summary>
    public PresumedHandle? Presumed { get; set; }

    /// <summary>For OPEN and OPENDIR: see <see cref="HandleForecast.Opening"/>.</summary>
    public (uint? Handle, long Mark) Foretold { get; set; }

    /// <summary>The reply's type, once done; <see cref="SftpPacketType.None"/> when its handle could not be foretold, so that it was not sent.</summary>
    public SftpPacketType ReplyType { get; private set; }

    /// <summary>The fields of the reply behind its id, once done; empty for DATA.</summary>
    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _bodyLength);

    /// <summary>For READ: how many bytes came.</summary>
    public int Received { get; private set; }

    /// <summary>Whether the reply (or the failure) is there.</summary>
    public bool IsDone => Volatile.Read(ref _isDone);

    /// <summary>For READ without a destination of the caller's: the bytes that came.</summary>
    public ReadOnlySpan<byte> OwnContent => _ownDestination.AsSpan(0, Received);

    /// <summary>Whether the content lies in the memory given to <see cref="TryBind"/>.</summary>
    public bool IsBound => _ownDestination is null && !_destination.IsEmpty;

    /// <summary>Begins a packet.</summary>
    public void Begin(SftpPacketType type, uint id)
    {
        _core.Reset();
        Id = id;
        Type = type;
        ReplyType = SftpPacketType.None;
        Payload = default;
        BulkLength = 0;
        IsLong = false;
        Presumed = null;
        Foretold = default;
        Received = 0;
        _bodyLength = 0;
        _destination = default;
        _failure = null;
        _owners = 1;
        _hasOutcome = _isSending = _isReceiving = _isForgotten = false;
        Volatile.Write(ref _isDone, false);
        PacketLength = 4;
        Write((byte)type);
        Write(id);
    }

    public SftpRequest Write(byte value)
    {
        Space(1)[0] = value;
        return this;
    }

    public SftpRequest Write(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Space(4), value);
        return this;
    }

    public SftpRequest Write(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Space(8), value);
        return this;
    }

    /// <summary>A string: its length and bytes.</summary>
    public SftpRequest Write(ReadOnlySpan<byte> value)
    {
        Write((uint)value.Length);
        value.CopyTo(Space(value.Length));
        return this;
    }

    public SftpRequest Write(in SftpAttributes attributes)
    {
        var flags = (attributes.Size is null ? 0 : SftpAttributes.HasSize)
            | (attributes.Owner is null ? 0 : SftpAttributes.HasOwner)
            | (attributes.Permissions is null ? 0 : SftpAttributes.HasPermissions)
            | (attributes.Times is null ? 0 : SftpAttributes.HasTimes);
        Write(flags);
        if (attributes.Size is { } size)
            Write(size);
        if (attributes.Owner is { } owner)
            Write(owner.User).Write(owner.Group);
        if (attributes.Permissions is { } permissions)
            Write(permissions);
        if (attributes.Times is { } times)
            Write(times.Accessed).Write(times.Modified);
        return this;
    }

    /// <summary>The fields of READ: handle, offset, length. The reply may bring at most <paramref name="length"/> bytes.</summary>
    public SftpRequest WriteRead(ReadOnlySpan<byte> handle, long offset, int length)
    {
        BulkLength = length;
        return Write(handle).Write((ulong)offset).Write((uint)length);
    }

    /// <summary>The fields of WRITE; the content is sent from where it is and must stay until the request is done.</summary>
    public SftpRequest WriteContent(ReadOnlySpan<byte> handle, long offset, ReadOnlyMemory<byte> content)
    {
        BulkLength = content.Length;
        Payload = content;
        return Write(handle).Write((ulong)offset).Write((uint)content.Length);
    }

    /// <summary>The handle that is the first field.</summary>
    public ReadOnlySpan<byte> Handle
    {
        get
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(_packet.AsSpan(HeaderLength));
            return _packet.AsSpan(HeaderLength + 4, length);
        }
    }

    /// <summary>For the sender: puts the handle in the place that was kept for it.</summary>
    public void SetHandle(uint number) => BinaryPrimitives.WriteUInt32BigEndian(_packet.AsSpan(HeaderLength + 4), number);

    /// <summary>The packet is complete: puts its length in front and makes the connection the second owner.</summary>
    public void Finish()
    {
        BinaryPrimitives.WriteUInt32BigEndian(_packet, (uint)(PacketLength - 4 + Payload.Length));
        _owners = 2;
    }

    /// <summary>Waits for the reply. At most once for each request.</summary>
    /// <exception cref="RemoteException">The connection was lost, or the deadline is over.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: the reply will be dropped.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (state, token) => ((SftpRequest)state!).GiveUp(new OperationCanceledException(token)), this);
        }

        return new ValueTask(this, _core.Version);
    }

    /// <summary>Waits until it has ended, however it ends: then memory of the caller's that it worked on is free.</summary>
    public async ValueTask SettleAsync()
    {
        if (IsDone)
            return;
        try
        {
            await WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RemoteException or OperationCanceledException)
        {
            // Only that it ended counts.
        }
    }

    /// <summary>Ends the request for its caller now, or as soon as the transport does not work on the caller's memory any more.</summary>
    public void GiveUp(Exception reason)
    {
        lock (_gate)
        {
            if (_hasOutcome)
                return;
            _hasOutcome = true;
            _failure = reason;
            EndIfPossible();
        }
    }

    /// <summary>
    /// For READ: where the content shall go. False when it is on its way elsewhere already (then <see cref="OwnContent"/> has it).
    /// </summary>
    public bool TryBind(Memory<byte> destination)
    {
        lock (_gate)
        {
            if (_isReceiving || _hasOutcome || _ownDestination is not null)
                return false;
            _destination = destination;
            return true;
        }
    }

    /// <summary>Takes the memory of <see cref="TryBind"/> back. False when content is being received into it or is in it: then wait for the end.</summary>
    public bool TryUnbind()
    {
        lock (_gate)
        {
            if (_isReceiving || _hasOutcome)
                return false;
            _destination = default;
            return true;
        }
    }

    /// <summary>The caller needs it no more. Given up when it is not done.</summary>
    public void Dispose()
    {
        if (_isForgotten)
        {
            Release();
            return;
        }

        if (!IsDone)
            GiveUp(new OperationCanceledException());
        lock (_gate)
        {
            // Whoever disposes without waiting takes no memory back: what is received still goes where it was bound to, so it is only unbound when possible.
            if (!_isReceiving && !_isDone)
                _destination = default;
        }

        Release();
    }

    /// <summary>For the sender: whether it is still to be sent.</summary>
    public bool TryBeginSending()
    {
        lock (_gate)
        {
            if (_hasOutcome)
                return false;
            _isSending = !Payload.IsEmpty;
            return true;
        }
    }

    /// <summary>For the sender: the content has been sent, or sending has failed.</summary>
    public void EndSending()
    {
        lock (_gate)
        {
            _isSending = false;
            EndIfPossible();
        }
    }

    /// <summary>For the receiver: a DATA reply of this length begins.</summary>
    /// <returns>Where it goes; empty when nobody wants it any more.</returns>
    /// <exception cref="RemoteException"><see cref="RemoteError.ProtocolViolation"/>: more than was asked for.</exception>
    public Memory<byte> BeginReceiving(int length)
    {
        if (Type != SftpPacketType.Read || length > BulkLength)
            throw new RemoteException(RemoteError.ProtocolViolation, $"The server sent {length} bytes of content where at most {(Type == SftpPacketType.Read ? BulkLength : 0)} were asked for.");
        lock (_gate)
        {
            if (_hasOutcome)
                return default;
            if (_destination.IsEmpty)
            {
                _ownDestination = ArrayPool<byte>.Shared.Rent(BulkLength);
                _destination = _ownDestination;
            }

            _isReceiving = true;
            return _destination[..length];
        }
    }

    /// <summary>For the receiver: a reply other than DATA has this many bytes behind its id. Gives the memory for them.</summary>
    public Memory<byte> BeginBody(int length)
    {
        if (_body is not null && _body.Length < length)
        {
            ArrayPool<byte>.Shared.Return(_body);
            _body = null;
        }

        _body ??= ArrayPool<byte>.Shared.Rent(Math.Max(length, 64));
        return _body.AsMemory(0, length);
    }

    /// <summary>For the receiver: the reply is here.</summary>
    public void Complete(SftpPacketType reply, int received, int bodyLength)
    {
        lock (_gate)
        {
            _isReceiving = false;
            if (!_hasOutcome)
            {
                ReplyType = reply;
                Received = received;
                _bodyLength = bodyLength;
                _hasOutcome = true;
            }

            EndIfPossible();
        }

        Release();
    }

    /// <summary>For the connection: no reply will come.</summary>
    public void Fail(RemoteException failure)
    {
        lock (_gate)
        {
            _isReceiving = false;
            if (!_hasOutcome)
            {
                _hasOutcome = true;
                _failure = new RemoteException(failure.Error, failure.Message, failure);
            }

            EndIfPossible();
        }

        Release();
    }

    /// <summary>The server works on it for as long as its disk needs (a copy, a sync): its age is no reason to give it up, nor is silence while it is the only one.</summary>
    public void AllowLongWait() => IsLong = true;

    /// <summary>Whether the server may take long.</summary>
    public bool IsLong { get; private set; }

    /// <summary>Nobody will wait for it, and it is to be sent all the same.</summary>
    public void Forget() => _isForgotten = true;

    void IValueTaskSource.GetResult(short token)
    {
        _registration.Dispose();
        _registration = default;
        _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void EndIfPossible()
    {
        if (!_hasOutcome || _isSending || _isReceiving || _isDone)
            return;
        Volatile.Write(ref _isDone, true);
        if (_failure is not null)
            _core.SetException(_failure);
        else
            _core.SetResult(true);
    }

    /// <summary>For the sender: holds the request while its content is being sent, also when its reply comes before that.</summary>
    public void AddOwner() => Interlocked.Increment(ref _owners);

    /// <summary>One owner needs it no more; the last one gives it back to the connection.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _owners) > 0)
            return;
        if (_ownDestination is not null)
            ArrayPool<byte>.Shared.Return(_ownDestination);
        _ownDestination = null;
        _destination = default;
        Payload = default;
        _registration.Dispose();
        _registration = default;
        const int WorthKeeping = 16 * 1024;
        if (_body is { Length: > WorthKeeping })
        {
            ArrayPool<byte>.Shared.Return(_body);
            _body = null;
        }

        _connection.TakeBack(this);
    }

    private Span<byte> Space(int count)
    {
        if (PacketLength + count > _packet.Length)
            Array.Resize(ref _packet, Math.Max(_packet.Length * 2, PacketLength + count));
        var space = _packet.AsSpan(PacketLength, count);
        PacketLength += count;
        return space;
    }
}
