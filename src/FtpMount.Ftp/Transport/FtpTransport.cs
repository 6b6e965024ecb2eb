using System.Net;
using System.Net.Sockets;

namespace FtpMount.Ftp.Transport;

/// <summary>
/// The bytes of a control or data connection. For plain FTP this is the socket itself; a transport that encrypts has the same shape. Used by one
/// reader and one writer at a time.
/// </summary>
internal abstract class FtpTransport(Socket socket) : IDisposable
{
    /// <summary>The TCP connection below.</summary>
    public Socket Socket { get; } = socket;

    /// <summary>The other side.</summary>
    public IPEndPoint RemoteEndPoint => (IPEndPoint)Socket.RemoteEndPoint!;

    /// <summary>This side.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)Socket.LocalEndPoint!;

    /// <summary>Whether the bytes go through TLS.</summary>
    public virtual bool IsEncrypted => false;

    /// <summary>
    /// After <see cref="ReceiveAsync"/> gave 0: whether it was the other side that ended the bytes. False when only TCP ended where a close_notify belongs
    /// (RFC 8446 section 6.1): anybody on the way can do that, so what came may be cut short. Plain TCP knows no better and says true.
    /// </summary>
    public virtual bool EndIsConfirmed => true;

    /// <summary>Whether nothing has come that nobody has received yet, neither bytes nor the end. Not while an operation is under way.</summary>
    public virtual bool IsQuiet
    {
        get
        {
            try
            {
                return !Socket.Poll(0, SelectMode.SelectRead);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Receives what is at hand, at least one byte; 0 at the end. Completes synchronously when bytes are there already.</summary>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends all of it.</summary>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Says to the other side that no more bytes come; receiving goes on.</summary>
    public abstract ValueTask CompleteSendingAsync(CancellationToken cancellationToken);

    /// <summary>Ends the connection at once, from any thread: operations under way fail.</summary>
    public virtual void Dispose() => Socket.Dispose();
}
