using System.Net.Sockets;

namespace FtpMount.Ftp.Transport;

/// <summary>A TCP connection without encryption.</summary>
internal sealed class PlainTransport(Socket socket) : FtpTransport(socket)
{
    /// <inheritdoc/>
    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var sending = Socket.SendAsync(bytes, SocketFlags.None, cancellationToken);
        if (!sending.IsCompletedSuccessfully)
            return SendRestAsync(sending, bytes, cancellationToken);
        var sent = sending.Result;
        return sent == bytes.Length ? ValueTask.CompletedTask : SendRestAsync(new ValueTask<int>(sent), bytes, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask CompleteSendingAsync(CancellationToken cancellationToken)
    {
        Socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }

    private async ValueTask SendRestAsync(ValueTask<int> sending, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (bytes = bytes[await sending..]; !bytes.IsEmpty;)
            bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None, cancellationToken)..];
    }
}
