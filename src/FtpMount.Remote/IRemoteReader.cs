namespace FtpMount.Remote;

/// <summary>
/// One file being read from an offset on, as a stream. Used by one reader at a time. Disposing it before its end ends the transfer
/// in the way that costs least on this server; disposing never throws.
/// </summary>
public interface IRemoteReader : IAsyncDisposable
{
    /// <summary>The offset in the file of the next byte, in bytes.</summary>
    long Position { get; }

    /// <summary>
    /// Reads the next bytes straight into <paramref name="buffer"/>; as many as are at hand, at least one unless the end is reached.
    /// Waiting long between calls is allowed: the server is held back by flow control.
    /// </summary>
    /// <returns>The number of bytes; 0 only at the end, which the server has then confirmed.</returns>
    /// <exception cref="RemoteException"><see cref="RemoteError.Offline"/>, <see cref="RemoteError.TimedOut"/>, <see cref="RemoteError.ServerFailure"/>: the transfer did not end well; bytes given before are good.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);
}
