using System.Globalization;
using System.Net.Sockets;
using FtpMount.Remote;
using FtpMount.Sftp.Configuration;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>What it means for a person that SSH.NET could not connect.</summary>
internal static class ConnectFailure
{
    /// <summary>Explains it.</summary>
    /// <param name="configuration">The host.</param>
    /// <param name="exception">What SSH.NET throws.</param>
    /// <param name="timeout">How long connecting was allowed to take.</param>
    public static RemoteException Explain(SshHostConfiguration configuration, Exception exception, TimeSpan timeout)
    {
        var host = configuration.HostName;
        var where = string.Create(CultureInfo.InvariantCulture, $"{host}, port {configuration.Port}");
        var text = new string([.. exception.Message.TrimEnd('.').Select(c => char.IsControl(c) ? '?' : c)]);
        return exception switch
        {
            RemoteException remote => remote,
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery } =>
                new RemoteException(RemoteError.Offline, $"Unknown host {host}. Check the name.", exception),
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } =>
                new RemoteException(RemoteError.Offline, $"{where}: nothing listens there. Check the port and that the SSH server runs.", exception),
            SocketException { SocketErrorCode: SocketError.NetworkUnreachable or SocketError.HostUnreachable } =>
                new RemoteException(RemoteError.Offline, $"{host} cannot be reached. Check the network.", exception),
            SshOperationTimeoutException or SocketException { SocketErrorCode: SocketError.TimedOut } =>
                new RemoteException(
                    RemoteError.TimedOut,
                    string.Create(CultureInfo.InvariantCulture, $"{where} did not answer within {timeout.TotalSeconds:0} seconds. Check the address and that no firewall is in between."),
                    exception),
            SshConnectionException { DisconnectReason: DisconnectReason.NoMoreAuthenticationMethodsAvailable } =>
                new RemoteException(RemoteError.AuthenticationFailed, $"{host} ended the login: {text}.", exception) { ServerReply = text },
            SshConnectionException when text.Contains("Too many authentication failures", StringComparison.OrdinalIgnoreCase) =>
                new RemoteException(
                    RemoteError.AuthenticationFailed, $"{host} ended the login after too many attempts. Name the right key with identity-file=FILE.", exception)
                { ServerReply = text },
            SshConnectionException { DisconnectReason: DisconnectReason.TooManyConnections } =>
                new RemoteException(RemoteError.TooManyConnections, $"{host} does not take more connections just now.", exception) { ServerReply = text },
            SshConnectionException when text.StartsWith("No matching", StringComparison.Ordinal) =>
                new RemoteException(
                    RemoteError.Unsupported, $"The built-in transport and {host} have no algorithm in common: {text}. Mount with transport=ssh, which can be told to use old ones.", exception),
            SshConnectionException when text.Contains("was closed before", StringComparison.Ordinal) =>
                new RemoteException(
                    RemoteError.Offline, $"{where} closed the connection before it identified itself: the link was lost, the server is too busy, or it is not an SSH 2 server.", exception),
            SshConnectionException when text.Contains("identification", StringComparison.OrdinalIgnoreCase) || text.Contains("is not supported", StringComparison.Ordinal) =>
                new RemoteException(RemoteError.Unsupported, $"{where} is not an SSH 2 server: {text}.", exception),
            SshConnectionException { DisconnectReason: DisconnectReason.KeyExchangeFailed } =>
                new RemoteException(RemoteError.Untrusted, $"{host} could not prove that it has its host key: {text}. Nothing was sent.", exception),
            _ => new RemoteException(RemoteError.Offline, $"{where}: {text}.", exception),
        };
    }
}
