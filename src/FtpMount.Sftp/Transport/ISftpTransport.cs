namespace FtpMount.Sftp.Transport;

/// <summary>
/// The bytes of one SFTP subsystem, whatever carries them: a channel of an SSH connection in this process, or the pipes of an <c>ssh</c> process.
/// Used by one reader and one writer at a time; both may run at once.
/// </summary>
/// <remarks>
/// <see cref="IAsyncDisposable.DisposeAsync"/> may be called from any thread while both run, ends them (with an exception or an end of the bytes), never throws
/// and returns within seconds. A cancelled operation leaves the transport unusable: only its end follows.
/// </remarks>
public interface ISftpTransport : IAsyncDisposable
{
    /// <summary>What carries the bytes, for status and the log, for example <c>ssh (OpenSSH_9.2p1)</c>; null when there is nothing to say.</summary>
    string? Description { get; }

    /// <summary>What was agreed on by SSH; null when that is not known.</summary>
    SshSessionFacts? Facts => null;

    /// <summary>Receives what is at hand, at least one byte unless the other side has ended. Completes synchronously when bytes are there already.</summary>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="Remote.RemoteException">The link was lost; the message says what is known of why.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>
    /// Receives what is at hand; a transport for which one long wait is cheaper than several short ones waits until <paramref name="least"/> bytes are there. It may give fewer.
    /// </summary>
    /// <param name="buffer">Where they go.</param>
    /// <param name="least">How many are needed, from 1 to the length of the buffer.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The number of bytes; 0 at the end.</returns>
    /// <exception cref="Remote.RemoteException">The link was lost; the message says what is known of why.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken) => ReceiveAsync(buffer, cancellationToken);

    /// <summary>When bytes last came, as a timestamp of the clock that the connector was given: also those of a receive that waits for more. 0 before the first, and where receives do not wait so.</summary>
    long LastReceived => 0;

    /// <summary>
    /// Sends all of it. Waits while the other side takes no more (flow control), so that what is queued here is bounded. The bytes may be used again when it returns.
    /// </summary>
    /// <exception cref="Remote.RemoteException">The link was lost; the message says what is known of why.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Sends a header and the content behind it; a transport for which one send is cheaper than two gathers them.</summary>
    /// <exception cref="Remote.RemoteException">The link was lost.</exception>
    async ValueTask SendAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await SendAsync(header, cancellationToken).ConfigureAwait(false);
        await SendAsync(content, cancellationToken).ConfigureAwait(false);
    }
}
