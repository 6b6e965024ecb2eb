using System.Reflection;
using FtpMount.Sftp.Transport.BuiltIn;
using Renci.SshNet;
using Renci.SshNet.Messages;

namespace FtpMount.Sftp.Tests.BuiltIn;

/// <summary>
/// The built-in transport reaches four members of SSH.NET that are not public. When a new version of the package lacks one, this says which, before anything else
/// fails in a less clear way.
/// </summary>
public sealed class SessionAccessTests
{
    private const BindingFlags NonPublic = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;

    private static readonly Assembly Library = typeof(SshClient).Assembly;

    [Fact]
    public void The_internals_of_SSH_NET_that_are_used_are_there()
    {
        var missing = new List<string>();
        var services = Type("Renci.SshNet.ServiceFactory");
        var servicesInterface = Type("Renci.SshNet.IServiceFactory");
        var sockets = Type("Renci.SshNet.Connection.SocketFactory");
        var socketsInterface = Type("Renci.SshNet.Connection.ISocketFactory");
        if (services?.GetConstructor(NonPublic, []) is null)
            missing.Add("ServiceFactory()");
        if (sockets?.GetConstructor(NonPublic, []) is null)
            missing.Add("SocketFactory()");
        if (servicesInterface is not null && socketsInterface is not null
            && typeof(Renci.SshNet.Session).GetConstructor(NonPublic, [typeof(ConnectionInfo), servicesInterface, socketsInterface]) is null)
        {
            missing.Add("Session(ConnectionInfo, IServiceFactory, ISocketFactory)");
        }

        if (typeof(Renci.SshNet.Session).GetMethod("SendMessage", NonPublic, [typeof(Message)])?.ReturnType != typeof(void))
            missing.Add("void Session.SendMessage(Message)");
        if (typeof(Renci.SshNet.Session).GetField("_socket", NonPublic)?.FieldType != typeof(System.Net.Sockets.Socket))
            missing.Add("Socket Session._socket");
        Assert.True(
            missing.Count == 0,
            $"SSH.NET {Library.GetName().Version} has no {string.Join(", no ", missing)}: adapt SessionAccess to this version, or keep the version before.");

        Type? Type(string name)
        {
            if (Library.GetType(name) is { } type)
                return type;
            missing.Add(name);
            return null;
        }
    }

    [Fact]
    public void They_can_be_reached()
    {
        using var method = new NoneAuthenticationMethod("nobody");
        using var session = SessionAccess.Create(new ConnectionInfo("127.0.0.1", "nobody", method));
        Assert.Null(SessionAccess.SocketOf(session));
        Assert.Throws<Renci.SshNet.Common.SshConnectionException>(() => SessionAccess.SendMessage(session, new Renci.SshNet.Messages.Transport.IgnoreMessage()));
    }
}
