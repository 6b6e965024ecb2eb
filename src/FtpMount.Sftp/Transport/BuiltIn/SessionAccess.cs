using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Renci.SshNet;
using Renci.SshNet.Messages;
using SshSession = Renci.SshNet.Session;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// The four members of SSH.NET's <see cref="SshSession"/> that are not public: its constructor (with the two factories that it takes), the sending of a message, and its
/// socket. All else that a channel needs, the messages and the events, is public. Resolved ahead of time, so it costs a call and works under Native AOT; the version of
/// the package is pinned and a test names the member that a new version lacks.
/// </summary>
internal static class SessionAccess
{
    private const string ServiceFactory = "Renci.SshNet.ServiceFactory, Renci.SshNet";
    private const string ServiceFactoryInterface = "Renci.SshNet.IServiceFactory, Renci.SshNet";
    private const string SocketFactory = "Renci.SshNet.Connection.SocketFactory, Renci.SshNet";
    private const string SocketFactoryInterface = "Renci.SshNet.Connection.ISocketFactory, Renci.SshNet";

    /// <summary>A session that is not connected yet.</summary>
    public static SshSession Create(ConnectionInfo connectionInfo) => NewSession(connectionInfo, NewServiceFactory(), NewSocketFactory());

    /// <summary>Encrypts and sends; blocks while the socket takes no more, and during a key exchange. May be called from any thread.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "SendMessage")]
    public static extern void SendMessage(SshSession session, Message message);

    /// <summary>The socket; null before the connection is made and after it has ended.</summary>
    public static Socket? SocketOf(SshSession session) => Socket(session);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    private static extern ref Socket? Socket(SshSession session);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SshSession NewSession(
        ConnectionInfo connectionInfo,
        [UnsafeAccessorType(ServiceFactoryInterface)] object serviceFactory,
        [UnsafeAccessorType(SocketFactoryInterface)] object socketFactory);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType(ServiceFactory)]
    private static extern object NewServiceFactory();

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    [return: UnsafeAccessorType(SocketFactory)]
    private static extern object NewSocketFactory();
}
