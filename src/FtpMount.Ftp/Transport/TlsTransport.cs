using System.Net.Sockets;

namespace FtpMount.Ftp.Transport;

/// <summary>A connection inside TLS, after the handshake.</summary>
internal abstract class TlsTransport(Socket socket) : FtpTransport(socket)
{
    /// <inheritdoc/>
    public sealed override bool IsEncrypted => true;

    /// <summary>The certificates that the server sent (DER), its own first. Empty when an earlier session was resumed: then it is the same server.</summary>
    public abstract IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates { get; }

    /// <summary>Whether the handshake resumed the session of another connection.</summary>
    public abstract bool IsResumed { get; }

    /// <summary>Version and cipher, for the log.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Whether the session of this connection is about to become too old to be resumed by another one: most of the lifetime that the server gave its newest ticket
    /// (RFC 8446 section 4.6.1) is over.
    /// </summary>
    public abstract bool IsSessionAging(DateTimeOffset now);

    /// <summary>
    /// Whether close_notify goes out in one packet with the next bytes. For CCC: ProFTPD looks for it at once after its reply, and takes what comes later for a command.
    /// </summary>
    public bool EndsWithNextSend { get; set; }

    /// <summary>
    /// Ends TLS and keeps the connection (CCC, RFC 4217 section 12.3): close_notify to the server, unless it went already, and from it. This object must be disposed nevertheless,
    /// not before the session is not needed any more.
    /// </summary>
    /// <returns>The same TCP connection without TLS.</returns>
    public abstract ValueTask<PlainTransport> LeaveAsync(CancellationToken cancellationToken);
}
