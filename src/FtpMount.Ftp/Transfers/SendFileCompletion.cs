using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace FtpMount.Ftp.Transfers;

/// <summary>Awaits <see cref="Socket.SendPacketsAsync"/> of a part of a file, which .NET does with sendfile(2) on Linux; reusable, one at a time.</summary>
internal sealed class SendFileCompletion : SocketAsyncEventArgs, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };

    public SendFileCompletion()
        : base(true)
    {
    }

    /// <summary>Sends a part of a file, all of it.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    public ValueTask SendAsync(Socket socket, FileStream file, long offset, int count)
    {
        _source.Reset();
        SendPacketsElements = [new SendPacketsElement(file, offset, count)];
        if (!socket.SendPacketsAsync(this))
            OnCompleted(this);
        return new ValueTask(this, _source.Version);
    }

    /// <inheritdoc/>
    public void GetResult(short token) => _source.GetResult(token);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError == SocketError.Success)
            _source.SetResult(true);
        else
            _source.SetException(new SocketException((int)SocketError));
    }
}
