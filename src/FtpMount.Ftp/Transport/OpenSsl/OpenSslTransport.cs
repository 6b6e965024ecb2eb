using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static FtpMount.Ftp.Transport.OpenSsl.LibSsl;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>
/// A connection inside TLS, by libssl. The socket fills a buffer of many records with one system call, libssl decrypts them into the caller's memory; the other way
/// records are gathered in a buffer and sent together. Nothing is allocated per block.
/// <para>
/// libssl's connection object bears one thread at a time: <c>_gate</c> is held for its calls, which never wait. Waiting for the socket happens outside, by the one
/// reader and the one writer. Buffers and the native object live until the last operation has left (<see cref="Enter"/>), also when another thread disposes.
/// </para>
/// </summary>
internal sealed class OpenSslTransport : TlsTransport
{
    /// <summary>What a record adds to its content at most: header, nonce, content type, tag (TLS 1.2 29, TLS 1.3 22 bytes); and a message of the protocol in between.</summary>
    private const int RecordOverhead = 512;

    private readonly SafeConnectionHandle _handle;
    private readonly nint _ssl;
    private readonly unsafe MemoryBio.Window* _window;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _flushing = new(1, 1);

    private byte[] _input = PinnedBuffers.Rent(PinnedBuffers.Small);
    private int _inputStart;
    private int _inputEnd;
    private byte[] _output = PinnedBuffers.Rent(PinnedBuffers.Small);
    private int _outputStart;
    private int _outputEnd;

    private IReadOnlyList<ReadOnlyMemory<byte>> _peerCertificates = [];
    private nint _knownSession;
    private DateTimeOffset _knownSince;
    private bool _isResumed;
    private string _description = "TLS";
    private int _users = 1;
    private int _disposed;
    private bool _established;
    private bool _ended;
    private bool _endIsConfirmed;
    private bool _sentEnd;
    private bool _sendingFailed;
    private bool _keepsSocket;
    private Exception? _failure;

    public unsafe OpenSslTransport(Socket socket, SafeConnectionHandle handle)
        : base(socket)
    {
        _handle = handle;
        _ssl = handle.DangerousGetHandle();
        _window = handle.Window;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates => _peerCertificates;

    /// <inheritdoc/>
    public override bool IsResumed => _isResumed;

    /// <inheritdoc/>
    public override string Description => _description;

    /// <inheritdoc/>
    public override bool EndIsConfirmed => _endIsConfirmed;

    /// <inheritdoc/>
    public override bool IsQuiet
    {
        get
        {
            if (!Enter())
                return false;
            try
            {
                // What has come may be a session ticket, which is nobody's business.
                while (!_ended && base.IsQuiet is false)
                {
                    var count = Socket.Receive(_input.AsSpan(PrepareInput(1)), SocketFlags.None, out var error);
                    if (error != SocketError.Success || count == 0)
                        return false;
                    _inputEnd += count;
                    if (!TakeMessages())
                        return false;
                }

                return !_ended && TakeMessages();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or TlsException)
            {
                return false;
            }
            finally
            {
                Exit();
            }
        }
    }

    /// <summary>Does the handshake.</summary>
    /// <exception cref="TlsException">It failed.</exception>
    public async ValueTask HandshakeAsync(CancellationToken cancellationToken)
    {
        EnterOrThrow();
        try
        {
            while (true)
            {
                var wanted = HandshakeStep(out var failure);
                await FlushAsync(cancellationToken); // an alert as well
                if (failure is not null)
                    throw failure;
                if (wanted == ErrorNone)
                    return;
                if (wanted == ErrorWantRead && !await FillInputAsync(1, cancellationToken))
                    throw new TlsException(TlsFailure.Closed, "the server closed the connection");
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty)
            return new ValueTask<int>(0);
        EnterOrThrow();
        var handedOn = false;
        try
        {
            var count = Decrypt(buffer.Span);
            if (count >= 0 && !HasOutput)
                return new ValueTask<int>(count);
            handedOn = true;
            return ReceiveMoreAsync(count, buffer, cancellationToken);
        }
        catch (TlsException e)
        {
            return ValueTask.FromException<int>(e);
        }
        finally
        {
            if (!handedOn)
                Exit();
        }
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        EnterOrThrow();
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[Encrypt(bytes.Span)..];
                if (EndsWithNextSend && bytes.IsEmpty)
                    WriteEnd();
                await FlushAsync(cancellationToken);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteSendingAsync(CancellationToken cancellationToken)
    {
        EnterOrThrow();
        try
        {
            WriteEnd();
            await FlushAsync(cancellationToken);
            Socket.Shutdown(SocketShutdown.Send);
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<PlainTransport> LeaveAsync(CancellationToken cancellationToken)
    {
        EnterOrThrow();
        try
        {
            WriteEnd();
            await FlushAsync(cancellationToken);
            var rest = new byte[1];
            while (await ReceiveAsync(rest, cancellationToken) > 0)
                throw new TlsException(TlsFailure.Other, "the server goes on inside TLS");
            if (!_endIsConfirmed || _inputStart < _inputEnd)
                throw new TlsException(TlsFailure.Other, "the server did not leave TLS as agreed");
            _keepsSocket = true;
            return new PlainTransport(Socket);
        }
        finally
        {
            Exit();
        }
    }

    /// <inheritdoc/>
    public override bool IsSessionAging(DateTimeOffset now)
    {
        if (!Enter())
            return true;
        try
        {
            lock (_gate)
            {
                var session = SSL_get_session(_ssl);
                if (session == 0)
                    return false;
                if (session != _knownSession)
                {
                    // When it came, by the caller's clock; it is asked often enough.
                    _knownSession = session;
                    _knownSince = now;
                }

                var hint = SSL_SESSION_has_ticket(session) == 1 ? (double)SSL_SESSION_get_ticket_lifetime_hint(session) : 0;
                return SessionLifetime.IsAging(_knownSince, hint > 0 ? TimeSpan.FromSeconds(hint) : SessionLifetime.Assumed, now);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>A copy of the newest session, which belongs to the caller; 0 when there is none that can be resumed.</summary>
    /// <remarks>A copy, because libssl spoils the session of a connection that ends in disorder.</remarks>
    public nint CopySession()
    {
        if (!Enter())
            return 0;
        try
        {
            lock (_gate)
            {
                var session = SSL_get1_session(_ssl);
                if (session == 0)
                    return 0;
                var copy = SSL_SESSION_is_resumable(session) == 1 ? SSL_SESSION_dup(session) : 0;
                SSL_SESSION_free(session);
                return copy;
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Gives the socket back to the caller, after a handshake that failed.</summary>
    public void Detach()
    {
        _keepsSocket = true;
        Dispose();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        try
        {
            AnswerEnd();
        }
        finally
        {
            if (!_keepsSocket)
                base.Dispose();
            Exit();
        }
    }

    private bool HasOutput => Volatile.Read(ref _outputEnd) > 0;

    // --- what calls libssl; none of it waits ------------------------------------------------------------------------------------------------

    /// <returns>What is needed to go on; <see cref="ErrorNone"/> when it is done.</returns>
    private unsafe int HandshakeStep(out TlsException? failure)
    {
        lock (_gate)
        {
            failure = null;
            Open();
            var result = SSL_do_handshake(_ssl);
            var error = result == 1 ? ErrorNone : SSL_get_error(_ssl, result);
            if (error is not (ErrorNone or ErrorWantRead or ErrorWantWrite))
                failure = OpenSslError.Take("the handshake failed");
            Close();
            if (result != 1)
                return error;
            _established = true;
            _isResumed = SSL_session_reused(_ssl) == 1;
            _description = Text(SSL_get_version(_ssl)) + " " + Text(SSL_CIPHER_get_name(SSL_get_current_cipher(_ssl)));
            if (!_isResumed)
                _peerCertificates = ReadPeerCertificates();
            return ErrorNone;
        }
    }

    /// <returns>The bytes decrypted; 0 at the end; -1 when more must be received first.</returns>
    private unsafe int Decrypt(Span<byte> target)
    {
        lock (_gate)
        {
            if (_failure is not null)
                throw new TlsException(TlsFailure.Other, _failure.Message, _failure);
            var total = 0;
            if (!_ended)
                Open();
            fixed (byte* start = target)
            {
                while (!_ended && total < target.Length)
                {
                    var count = SSL_read(_ssl, start + total, target.Length - total);
                    if (count > 0)
                    {
                        total += count;
                        if (_window->InputLength == 0 && total >= LargestRecord)
                            break; // most often nothing is left inside libssl either, and the next call finds what is
                        continue;
                    }

                    var error = SSL_get_error(_ssl, count);
                    if (error is ErrorWantRead or ErrorWantWrite)
                    {
                        Close();
                        return total > 0 ? total : -1;
                    }

                    if (error == ErrorZeroReturn)
                    {
                        _ended = _endIsConfirmed = true;
                        break;
                    }

                    _failure = OpenSslError.Take("what the server sent cannot be decrypted");
                    Close();
                    return total > 0 ? total : throw _failure;
                }
            }

            Close();
            return total;
        }
    }

    /// <summary>Lets libssl take tickets and the like.</summary>
    /// <returns>Whether there was nothing else.</returns>
    private unsafe bool TakeMessages()
    {
        lock (_gate)
        {
            Open();
            byte one;
            var count = SSL_peek(_ssl, &one, 1);
            var error = count > 0 ? ErrorNone : SSL_get_error(_ssl, count);
            Close();
            return error == ErrorWantRead;
        }
    }

    /// <returns>How many bytes were taken.</returns>
    private unsafe int Encrypt(ReadOnlySpan<byte> source)
    {
        lock (_gate)
        {
            if (_sendingFailed)
                throw new TlsException(TlsFailure.Other, "an earlier write was broken off");
            if (source.Length > LargestRecord / 2 && _output.Length < PinnedBuffers.Large && _outputEnd == 0)
            {
                PinnedBuffers.Return(_output);
                _output = PinnedBuffers.Rent(PinnedBuffers.Large);
            }

            var total = 0;
            Open();
            fixed (byte* start = source)
            {
                while (total < source.Length)
                {
                    var room = (int)_window->OutputRoom - RecordOverhead;
                    var length = Math.Min(Math.Min(source.Length - total, LargestRecord), room);
                    if (length <= 0)
                        break;
                    var count = SSL_write(_ssl, start + total, length);
                    if (count <= 0)
                    {
                        var error = SSL_get_error(_ssl, count);
                        if (error is ErrorWantWrite or ErrorWantRead)
                            break;
                        _sendingFailed = true;
                        var failure = OpenSslError.Take("nothing more can be sent");
                        Close();
                        throw failure;
                    }

                    total += count;
                }
            }

            Close();
            return total;
        }
    }

    private void WriteEnd()
    {
        lock (_gate)
        {
            if (!_established || _sentEnd || _sendingFailed)
                return;
            _sentEnd = true;
            Open();
            if (SSL_shutdown(_ssl) < 0)
                ERR_clear_error();
            Close();
        }
    }

    /// <summary>
    /// The server's close_notify is answered before the connection is closed: some servers take its absence for a failure. Never for an end that is not the server's:
    /// half a file must not look whole.
    /// </summary>
    private void AnswerEnd()
    {
        if (!_endIsConfirmed || _sentEnd || _sendingFailed || _keepsSocket)
            return;
        WriteEnd();
        lock (_gate)
        {
            try
            {
                if (_outputEnd > _outputStart)
                    Socket.Send(_output.AsSpan(_outputStart, _outputEnd - _outputStart), SocketFlags.None, out _);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The server has closed already.
            }
        }
    }

    private unsafe List<ReadOnlyMemory<byte>> ReadPeerCertificates()
    {
        var result = new List<ReadOnlyMemory<byte>>();
        var chain = SSL_get_peer_cert_chain(_ssl);
        for (var i = 0; chain != 0 && i < OPENSSL_sk_num(chain); i++)
        {
            var certificate = OPENSSL_sk_value(chain, i);
            var bytes = new byte[Math.Max(0, i2d_X509(certificate, null))];
            fixed (byte* start = bytes)
            {
                var output = start;
                if (bytes.Length > 0)
                    _ = i2d_X509(certificate, &output);
            }

            result.Add(bytes);
        }

        return result;
    }

    /// <summary>Points the BIO to the buffers.</summary>
    private unsafe void Open()
    {
        ERR_clear_error();
        _window->Input = Address(_input) + _inputStart;
        _window->InputLength = (nuint)(_inputEnd - _inputStart);
        _window->Output = Address(_output) + _outputEnd;
        _window->OutputRoom = (nuint)(_output.Length - _outputEnd);
    }

    /// <summary>Notes what the BIO read and wrote.</summary>
    private unsafe void Close()
    {
        _inputStart = (int)(_window->Input - Address(_input));
        if (_inputStart == _inputEnd)
            _inputStart = _inputEnd = 0;
        Volatile.Write(ref _outputEnd, (int)(_window->Output - Address(_output)));
    }

    private static unsafe byte* Address(byte[] pinned) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    // --- what waits for the socket --------------------------------------------------------------------------------------------------------------

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveMoreAsync(int count, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (HasOutput)
                    await FlushAsync(cancellationToken); // the answer to a message of the protocol
                if (count >= 0)
                    return count;
                if (!await FillInputAsync(buffer.Length, cancellationToken))
                {
                    _ended = true;
                    return 0;
                }

                count = Decrypt(buffer.Span);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <returns>False at the end of the TCP connection.</returns>
    private ValueTask<bool> FillInputAsync(int wanted, CancellationToken cancellationToken)
    {
        var start = PrepareInput(wanted);
        var receiving = Socket.ReceiveAsync(MemoryMarshal.CreateFromPinnedArray(_input, start, _input.Length - start), SocketFlags.None, cancellationToken);
        if (!receiving.IsCompletedSuccessfully)
            return WaitAsync(receiving);
        var count = receiving.Result;
        _inputEnd += count;
        return new ValueTask<bool>(count > 0);

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        async ValueTask<bool> WaitAsync(ValueTask<int> waiting)
        {
            var received = await waiting;
            _inputEnd += received;
            return received > 0;
        }
    }

    /// <summary>Makes room for input.</summary>
    /// <returns>Where it goes.</returns>
    private int PrepareInput(int wanted)
    {
        if (_inputEnd == 0 && wanted > LargestRecord && _input.Length < PinnedBuffers.Large)
        {
            lock (_gate)
            {
                PinnedBuffers.Return(_input);
                _input = PinnedBuffers.Rent(PinnedBuffers.Large);
            }
        }

        if (_inputEnd == _input.Length)
        {
            // libssl takes all that it is offered when it wants more, so this is only for a message that it could not take.
            _input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(_input);
            _inputEnd -= _inputStart;
            _inputStart = 0;
            if (_inputEnd == _input.Length)
                throw new TlsException(TlsFailure.Other, "what the server sent cannot be decrypted");
        }

        return _inputEnd;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (!HasOutput)
            return;
        await _flushing.WaitAsync(cancellationToken);
        try
        {
            while (TakeOutput(out var bytes))
            {
                var sent = await Socket.SendAsync(bytes, SocketFlags.None, cancellationToken);
                lock (_gate)
                    _outputStart += sent;
            }
        }
        catch
        {
            _sendingFailed = true; // some of it may have gone
            throw;
        }
        finally
        {
            _flushing.Release();
        }
    }

    private bool TakeOutput(out Memory<byte> bytes)
    {
        lock (_gate)
        {
            if (_outputStart == _outputEnd)
            {
                _outputStart = _outputEnd = 0;
                bytes = default;
                return false;
            }

            bytes = MemoryMarshal.CreateFromPinnedArray(_output, _outputStart, _outputEnd - _outputStart);
            return true;
        }
    }

    // --- lifetime ---------------------------------------------------------------------------------------------------------------------------------

    private bool Enter()
    {
        while (true)
        {
            var users = Volatile.Read(ref _users);
            if (users == 0 || Volatile.Read(ref _disposed) != 0)
                return false;
            if (Interlocked.CompareExchange(ref _users, users + 1, users) == users)
                return true;
        }
    }

    private void EnterOrThrow() => ObjectDisposedException.ThrowIf(!Enter(), this);

    private void Exit()
    {
        if (Interlocked.Decrement(ref _users) != 0)
            return;
        _handle.Dispose();
        PinnedBuffers.Return(_input);
        PinnedBuffers.Return(_output);
        _flushing.Dispose();
    }
}
