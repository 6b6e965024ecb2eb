using System.Net.Security;
using System.Net.Sockets;

namespace FtpMount.Ftp.Transport.SslStreams;

/// <summary>A connection inside TLS, by the runtime.</summary>
internal sealed class SslStreamTransport : TlsTransport
{
    private readonly RecordStream _records;
    private readonly SslStream _stream;
    private DateTimeOffset? _begun;
    private bool _ended;
    private bool _sentEnd;
    private bool _keepsSocket;

    public SslStreamTransport(
        Socket socket, RecordStream records, SslStream stream, string targetHost, IReadOnlyList<ReadOnlyMemory<byte>> peerCertificates)
        : base(socket)
    {
        _records = records;
        _stream = stream;
        TargetHost = targetHost;
        PeerCertificates = peerCertificates;
    }

    /// <summary>The name under which the runtime keeps the session.</summary>
    public string TargetHost { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates { get; }

    /// <inheritdoc/>
    /// <remarks>The runtime does not tell; it gives the certificates of a resumed session, too.</remarks>
    public override bool IsResumed => false;

    /// <inheritdoc/>
    public override string Description => $"{_stream.SslProtocol} {_stream.NegotiatedCipherSuite}";

    /// <inheritdoc/>
    public override bool EndIsConfirmed => _ended && !_records.EndSeen;

    /// <inheritdoc/>
    public override bool IsQuiet => !_ended && !_records.HasInput && base.IsQuiet;

    /// <inheritdoc/>
    public override async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty || _ended)
            return 0;
        try
        {
            var count = await _stream.ReadAsync(buffer, cancellationToken);
            _ended = count == 0;
            return count;
        }
        catch (IOException e) when (_records.EndSeen)
        {
            _ = e; // in the middle of a record
            _ended = true;
            return 0;
        }
        catch (IOException e) when (e.InnerException is SocketException socket)
        {
            throw new SocketException((int)socket.SocketErrorCode);
        }
        catch (IOException e)
        {
            throw new TlsException(TlsFailure.Other, $"what the server sent cannot be decrypted: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellationToken);
            if (EndsWithNextSend)
                await WriteEndAsync();
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteSendingAsync(CancellationToken cancellationToken)
    {
        await WriteEndAsync().WaitAsync(cancellationToken);
        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <inheritdoc/>
    public override async ValueTask<PlainTransport> LeaveAsync(CancellationToken cancellationToken)
    {
        await WriteEndAsync().WaitAsync(cancellationToken);
        var rest = new byte[1];
        if (await ReceiveAsync(rest, cancellationToken) > 0 || !EndIsConfirmed || _records.HasInput)
            throw new TlsException(TlsFailure.Other, "the server did not leave TLS as agreed");
        _keepsSocket = true;
        return new PlainTransport(Socket);
    }

    /// <inheritdoc/>
    public override bool IsSessionAging(DateTimeOffset now) => SessionLifetime.IsAging(_begun ??= now, SessionLifetime.Assumed, now);

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (!_keepsSocket)
            base.Dispose();
        _stream.Dispose();
        _records.Dispose();
    }

    private async Task WriteEndAsync()
    {
        if (_sentEnd)
            return;
        _sentEnd = true;
        try
        {
            await _stream.ShutdownAsync();
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
    }

    private static IOException Failed(IOException failure) =>
        failure as TlsException ?? new TlsException(TlsFailure.Other, failure.InnerException?.Message ?? failure.Message, failure);
}
