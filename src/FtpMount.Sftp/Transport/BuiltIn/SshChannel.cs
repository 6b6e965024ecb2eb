using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using FtpMount.Remote;
using Renci.SshNet;
using Renci.SshNet.Messages.Connection;
using SshSession = Renci.SshNet.Session;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// One channel of an SSH connection (RFC 4254 section 5) as two streams of bytes with flow control in both directions. Made of SSH.NET's messages and events rather than of
/// its channel classes: those open with a window of 2 GiB, so that what a slow reader has not taken piles up without bound, and wait for the other side's window by
/// blocking a thread. Here the window is <see cref="Window"/>, more is granted as the reader takes bytes, and waiting is asynchronous.
/// </summary>
/// <remarks>
/// One receive and one send at a time; both may run at once. Received bytes are copied once when a reader waits (from SSH.NET's packet into its buffer), twice when it
/// does not. Sent bytes are copied once, into the packet, when they are in an array.
/// </remarks>
internal sealed class SshChannel : IAsyncDisposable, IValueTaskSource<int>
{
    /// <summary>
    /// How much the server may send before it is granted more, and so the most that is buffered here: what is under way on a link of 1 Gbit/s with a round trip of 100 ms,
    /// and a quarter more.
    /// </summary>
    internal const int Window = 16 << 20;

    /// <summary>More is granted in steps of this size: small against the window, large against the message that grants it.</summary>
    private const int WindowStep = 1 << 20;

    /// <summary>The largest content of one packet that SSH.NET receives and sends (its packets are at most 68,536 bytes).</summary>
    private const int LargestPacket = 64 << 10;

    private readonly SshConnection _connection;
    private readonly SshSession _session;
    private readonly uint _number;
    private readonly Lock _lock = new();
    private readonly ReceiveBuffer _received = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ManualResetValueTaskSourceCore<int> _receiver = new() { RunContinuationsAsynchronously = true };
    private Memory<byte> _receiverBuffer;
    private int _receiverLeast;
    private int _receiverCount;
    private bool _receiverWaits;
    private CancellationTokenRegistration _receiverCancellation;
    private int _granted = Window;
    private int _taken;
    private long _lastReceived;

    private uint _remoteNumber;
    private int _remotePacketSize;
    private long _remoteWindow;
    private TaskCompletionSource? _windowOpens;
    private TaskCompletionSource<bool>? _requestAnswered;
    private byte[]? _gathered;
    private bool _ended;
    private bool _closed;
    private bool _closeSent;
    private RemoteException? _failure;

    private SshChannel(SshConnection connection, uint number)
    {
        _connection = connection;
        _session = connection.Session;
        _number = number;
        _session.ChannelOpenConfirmationReceived += OnOpenConfirmation;
        _session.ChannelOpenFailureReceived += OnOpenFailure;
        _session.ChannelDataReceived += OnData;
        _session.ChannelExtendedDataReceived += OnExtendedData;
        _session.ChannelWindowAdjustReceived += OnWindowAdjust;
        _session.ChannelEofReceived += OnEof;
        _session.ChannelCloseReceived += OnClose;
        _session.ChannelRequestReceived += OnRequest;
        _session.ChannelSuccessReceived += OnSuccess;
        _session.ChannelFailureReceived += OnFailure;
        connection.Lost += OnLost;
    }

    /// <summary>Opens a channel.</summary>
    /// <exception cref="ChannelRefusedException">The server refuses.</exception>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public static async ValueTask<SshChannel> OpenAsync(SshConnection connection, ChannelOpenInfo kind, CancellationToken cancellationToken)
    {
        var channel = new SshChannel(connection, connection.NextChannelNumber());
        try
        {
            await connection.SendAsync(new ChannelOpenMessage(channel._number, Window, LargestPacket, kind), cancellationToken).ConfigureAwait(false);
            await channel._opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return channel;
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a request and waits for its answer.</summary>
    /// <returns>Whether the server does it.</returns>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public async ValueTask<bool> RequestAsync(RequestInfo request, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool> answered;
        lock (_lock)
        {
            ThrowIfUnusable();
            answered = _requestAnswered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await _connection.SendAsync(new ChannelRequestMessage(_remoteNumber, request), cancellationToken).ConfigureAwait(false);
        return await answered.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks for a sign of life; the answer is noted by the connection.</summary>
    public void TryKeepalive() => _connection.TrySend(new ChannelRequestMessage(_remoteNumber, new KeepaliveRequest()));

    /// <summary>When content last came.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Receives what is at hand, at least one byte unless the other side has ended.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) => ReceiveAsync(buffer, 1, cancellationToken);

    /// <summary>Receives what is at hand, at least so many bytes unless the other side has ended.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int count;
        int grant;
        lock (_lock)
        {
            count = _received.Take(buffer.Span);
            _taken += count;
            grant = _taken >= WindowStep && !_ended && _failure is null ? _taken : 0;
            if (grant == 0)
                return count >= least || buffer.IsEmpty ? ValueTask.FromResult(count) : WaitForDataLocked(buffer, count, least, cancellationToken);
            _taken = 0;
            _granted += grant;
        }

        return GrantAndReceiveAsync((uint)grant, count, least, buffer, cancellationToken);
    }

    /// <summary>Sends all of it; waits while the other side takes no more.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var count = await ReserveAsync(bytes.Length, cancellationToken).ConfigureAwait(false);
            if (!MemoryMarshal.TryGetArray(bytes[..count], out var segment))
            {
                _gathered ??= new byte[LargestPacket];
                bytes.Span[..count].CopyTo(_gathered);
                segment = new ArraySegment<byte>(_gathered, 0, count);
            }

            await _connection.SendAsync(new ChannelDataMessage(_remoteNumber, segment.Array!, segment.Offset, count), cancellationToken).ConfigureAwait(false);
            bytes = bytes[count..];
        }
    }

    /// <summary>Sends a header and the content behind it, with as much of the content in the header's packet as fits.</summary>
    /// <exception cref="RemoteException">The connection was lost.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var first = Math.Min(content.Length, Math.Min(_remotePacketSize, LargestPacket) - header.Length);
        if (first > 0)
        {
            _gathered ??= new byte[LargestPacket];
            header.Span.CopyTo(_gathered);
            content.Span[..first].CopyTo(_gathered.AsSpan(header.Length));
            await SendAsync(_gathered.AsMemory(0, header.Length + first), cancellationToken).ConfigureAwait(false);
            content = content[first..];
        }
        else
        {
            await SendAsync(header, cancellationToken).ConfigureAwait(false);
        }

        await SendAsync(content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public ValueTask SendEndAsync(CancellationToken cancellationToken) => _connection.SendAsync(new ChannelEofMessage(_remoteNumber), cancellationToken);

    /// <summary>Closes the channel; a receive and a send that wait end with an exception.</summary>
    public ValueTask DisposeAsync()
    {
        var isOpen = _opened.Task.IsCompletedSuccessfully;
        Fail(new RemoteException(RemoteError.Offline, "The connection to the server is closed."));
        if (isOpen)
            TrySendClose();
        _session.ChannelOpenConfirmationReceived -= OnOpenConfirmation;
        _session.ChannelOpenFailureReceived -= OnOpenFailure;
        _session.ChannelDataReceived -= OnData;
        _session.ChannelExtendedDataReceived -= OnExtendedData;
        _session.ChannelWindowAdjustReceived -= OnWindowAdjust;
        _session.ChannelEofReceived -= OnEof;
        _session.ChannelCloseReceived -= OnClose;
        _session.ChannelRequestReceived -= OnRequest;
        _session.ChannelSuccessReceived -= OnSuccess;
        _session.ChannelFailureReceived -= OnFailure;
        _connection.Lost -= OnLost;
        lock (_lock)
            _received.Clear();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<int> GrantAndReceiveAsync(uint grant, int count, int least, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.SendAsync(new ChannelWindowAdjustMessage(_remoteNumber, grant), cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException) when (count > 0)
        {
            // What is here is given out first; the next call reports the loss.
        }

        if (count >= least)
            return count;
        var more = await ReceiveAsync(buffer[count..], least - count, cancellationToken).ConfigureAwait(false);
        return count + more;
    }

    private ValueTask<int> WaitForDataLocked(Memory<byte> buffer, int count, int least, CancellationToken cancellationToken)
    {
        if (count > 0 && (_failure is not null || _ended))
            return ValueTask.FromResult(count); // given out first; the next call reports the end
        if (_failure is not null)
            return ValueTask.FromException<int>(_failure);
        if (_ended)
            return ValueTask.FromResult(0);
        _receiver.Reset();
        _receiverBuffer = buffer;
        _receiverCount = count;
        _receiverLeast = least;
        _receiverWaits = true;
        _receiverCancellation = cancellationToken.UnsafeRegister(static (channel, token) => ((SshChannel)channel!).CancelReceive(token), this);
        return new ValueTask<int>(this, _receiver.Version);
    }

    private void CancelReceive(CancellationToken cancellationToken) => EndReceive(new OperationCanceledException(cancellationToken));

    private void EndReceive(Exception exception)
    {
        lock (_lock)
        {
            if (!_receiverWaits)
                return;
            _receiverWaits = false;
            _receiverBuffer = default;
            _receiver.SetException(exception);
        }
    }

    /// <summary>Takes as much of the other side's window as there is and one packet holds; waits while there is none.</summary>
    private async ValueTask<int> ReserveAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task opens;
            lock (_lock)
            {
                ThrowIfUnusable();
                if (_remoteWindow > 0)
                {
                    var count = (int)Math.Min(_remoteWindow, Math.Min(wanted, _remotePacketSize));
                    _remoteWindow -= count;
                    return count;
                }

                _windowOpens ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                opens = _windowOpens.Task;
            }

            await opens.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void ThrowIfUnusable()
    {
        if (_failure is not null)
            throw _failure;
        if (_closed)
            throw new RemoteException(RemoteError.Offline, $"{_connection.Name} has ended the session.");
    }

    private void OnOpenConfirmation(object? sender, MessageEventArgs<ChannelOpenConfirmationMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        _connection.NoteReceived();
        lock (_lock)
        {
            _remoteNumber = e.Message.RemoteChannelNumber;
            _remoteWindow = e.Message.InitialWindowSize;
            _remotePacketSize = (int)Math.Clamp(e.Message.MaximumPacketSize, 1, LargestPacket);
        }

        _opened.TrySetResult();
    }

    private void OnOpenFailure(object? sender, MessageEventArgs<ChannelOpenFailureMessage> e)
    {
        if (e.Message.LocalChannelNumber == _number)
            _opened.TrySetException(new ChannelRefusedException(e.Message.ReasonCode, e.Message.Description));
    }

    private void OnData(object? sender, MessageEventArgs<ChannelDataMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        Volatile.Write(ref _lastReceived, _connection.NoteReceived());
        ReadOnlySpan<byte> bytes = e.Message.Data.AsSpan(e.Message.Offset, e.Message.Size);
        lock (_lock)
        {
            _granted -= bytes.Length;
            if (_failure is null && !_ended && _granted >= 0)
            {
                if (_receiverWaits && !bytes.IsEmpty)
                {
                    var count = Math.Min(bytes.Length, _receiverBuffer.Length - _receiverCount);
                    bytes[..count].CopyTo(_receiverBuffer.Span[_receiverCount..]);
                    bytes = bytes[count..];
                    _taken += count;
                    _receiverCount += count;
                    if (_receiverCount >= _receiverLeast)
                        EndReceiveLocked();
                }

                _received.Append(bytes);
            }
        }

        if (_granted < 0)
            _connection.Abort(new RemoteException(RemoteError.ProtocolViolation, $"{_connection.Name} sent more than it was allowed to."));
    }

    private void OnExtendedData(object? sender, MessageEventArgs<ChannelExtendedDataMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        _connection.NoteReceived();
        // What the subsystem writes to its standard error is of no use here, but it takes its share of the window.
        lock (_lock)
        {
            _granted -= e.Message.Data.Length;
            _taken += e.Message.Data.Length;
        }
    }

    private void OnWindowAdjust(object? sender, MessageEventArgs<ChannelWindowAdjustMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        _connection.NoteReceived();
        lock (_lock)
        {
            _remoteWindow += e.Message.BytesToAdd;
            _windowOpens?.TrySetResult();
            _windowOpens = null;
        }
    }

    private void OnEof(object? sender, MessageEventArgs<ChannelEofMessage> e)
    {
        if (e.Message.LocalChannelNumber == _number)
            End();
    }

    private void OnClose(object? sender, MessageEventArgs<ChannelCloseMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        End();
        lock (_lock)
        {
            _closed = true;
            _requestAnswered?.TrySetResult(false);
            _windowOpens?.TrySetResult();
            _windowOpens = null;
        }

        TrySendClose();
    }

    /// <summary>Requests of the server: its exit status, which says nothing here, and its own keepalive, which wants any answer.</summary>
    private void OnRequest(object? sender, MessageEventArgs<ChannelRequestMessage> e)
    {
        if (e.Message.LocalChannelNumber != _number)
            return;
        _connection.NoteReceived();
        if (e.Message.RequestData is [not 0, ..])
            _connection.TrySend(new ChannelFailureMessage(_remoteNumber));
    }

    private void OnSuccess(object? sender, MessageEventArgs<ChannelSuccessMessage> e) => Answer(e.Message.LocalChannelNumber, true);

    private void OnFailure(object? sender, MessageEventArgs<ChannelFailureMessage> e) => Answer(e.Message.LocalChannelNumber, false);

    private void OnLost(RemoteException reason) => Fail(reason);

    private void Answer(uint number, bool success)
    {
        if (number != _number)
            return;
        _connection.NoteReceived();
        lock (_lock)
        {
            _requestAnswered?.TrySetResult(success);
            _requestAnswered = null;
        }
    }

    private void End()
    {
        lock (_lock)
        {
            _ended = true;
            if (_receiverWaits)
                EndReceiveLocked();
        }
    }

    private void EndReceiveLocked()
    {
        _receiverWaits = false;
        _receiverBuffer = default;
        _receiver.SetResult(_receiverCount);
    }

    private void Fail(RemoteException reason)
    {
        lock (_lock)
        {
            _failure ??= reason;
            EndReceive(_failure);
            _opened.TrySetException(_failure);
            _ = _opened.Task.Exception; // nobody may be waiting
            _requestAnswered?.TrySetException(_failure);
            _requestAnswered = null;
            _windowOpens?.TrySetResult();
            _windowOpens = null;
        }
    }

    private void TrySendClose()
    {
        lock (_lock)
        {
            if (_closeSent)
                return;
            _closeSent = true;
        }

        _connection.TrySend(new ChannelCloseMessage(_remoteNumber));
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        // Outside the lock: it waits for a callback that is running and takes the lock.
        _receiverCancellation.Dispose();
        return _receiver.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _receiver.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _receiver.OnCompleted(continuation, state, token, flags);
}
