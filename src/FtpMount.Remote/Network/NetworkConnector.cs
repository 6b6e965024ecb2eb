using System.Net;
using System.Net.Sockets;

namespace FtpMount.Remote.Network;

/// <summary>
/// Connects sockets to hosts by name, directly or through a proxy. Directly, the addresses of the host are tried in the manner of RFC 8305 (<see cref="ConnectionRace"/>);
/// through a proxy, the proxy looks up the name. Thread-safe.
/// </summary>
/// <param name="options">Proxy and local address.</param>
/// <param name="time">The clock that time limits are measured with.</param>
public sealed class NetworkConnector(NetworkOptions options, TimeProvider time)
{
    /// <summary>Whether connections go through a proxy: then the socket's other end is the proxy and not the host.</summary>
    public bool IsProxied => options.Proxy is not null;

    /// <summary>Connects. The socket sends without delay and has keepalive on.</summary>
    /// <param name="host">Name or address (IPv6 without brackets).</param>
    /// <param name="port">Port.</param>
    /// <param name="timeout">The longest that all of it may take, the proxy's part included.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <param name="resolved">Told when the addresses of the host (or of the proxy) are known.</param>
    /// <exception cref="RemoteException">
    /// <see cref="RemoteError.Offline"/>: unknown host, refused, unreachable, no such local address, refused by the proxy. <see cref="RemoteError.TimedOut"/>.
    /// <see cref="RemoteError.AuthenticationFailed"/>: the proxy wants another user or password. <see cref="RemoteError.ProtocolViolation"/>: it is no such proxy.
    /// <see cref="RemoteError.InvalidName"/>: the name cannot be sent to a proxy.
    /// </exception>
    public async ValueTask<Socket> ConnectAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken, Action? resolved = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        if (options.Proxy is not { } proxy)
            return await ConnectDirectlyAsync(host, port, host, timeout, resolved, either.Token, cancellationToken);

        var target = ProxyTarget.Parse(host, port);
        var socket = await ConnectDirectlyAsync(proxy.Host, proxy.Port, $"The proxy {proxy.Host}", timeout, resolved, either.Token, cancellationToken);
        try
        {
            if (proxy.Kind == ProxyKind.HttpConnect)
                await HttpConnect.NegotiateAsync(socket, proxy, target, either.Token);
            else
                await Socks5.NegotiateAsync(socket, proxy, target, either.Token);
            return socket;
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new RemoteException(
                    RemoteError.TimedOut, $"{proxy.Subject} did not connect to {target} within {timeout.TotalSeconds:0.#} s.", e),
                SocketException => new RemoteException(RemoteError.Offline, $"{proxy.Subject} broke the connection off before it was through to {target}: {e.Message}.", e),
                _ => e,
            };
        }
    }

    private async ValueTask<Socket> ConnectDirectlyAsync(
        string host, int port, string subject, TimeSpan timeout, Action? resolved, CancellationToken either, CancellationToken caller)
    {
        try
        {
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await ConnectionRace.ResolveAsync(host, either);
            resolved?.Invoke();
            if (options.BindAddress is { } local)
            {
                addresses = [.. addresses.Where(address => address.AddressFamily == local.AddressFamily)];
                if (addresses.Length == 0)
                    throw new RemoteException(RemoteError.Offline, $"{subject} has no address of the kind of bind-address={local}.");
            }

            return await ConnectionRace.RunAsync(addresses, port, options.BindAddress, time, either);
        }
        catch (SocketException e)
        {
            throw new RemoteException(RemoteError.Offline, Describe(e, host, subject, port), e);
        }
        catch (OperationCanceledException e) when (!caller.IsCancellationRequested)
        {
            throw new RemoteException(
                RemoteError.TimedOut, $"{subject} port {port} did not answer within {timeout.TotalSeconds:0.#} s. Check the address and that no firewall is in between.", e);
        }
    }

    private string Describe(SocketException failure, string host, string subject, int port) => failure.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData => $"Unknown host {host}. Check the name{(subject == host ? "" : " of the proxy")}.",
        SocketError.TryAgain => $"The name {host} could not be looked up just now. Check the network.",
        SocketError.ConnectionRefused => $"{subject} refuses connections on port {port}. Check the port and that the server runs.",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => $"{subject} cannot be reached. Check the network.",
        SocketError.AddressNotAvailable when options.BindAddress is { } local => $"This machine does not have the address of bind-address={local}.",
        _ => $"No connection to {subject} port {port}: {failure.Message}.",
    };
}
