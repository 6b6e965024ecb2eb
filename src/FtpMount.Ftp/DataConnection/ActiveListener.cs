using System.Net;
using System.Net.Sockets;
using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.DataConnection;

/// <summary>Waits for the server's data connection (active mode: RFC 959 PORT, RFC 2428 section 2 EPRT). Nobody but the control connection's peer is let in.</summary>
internal sealed class ActiveListener : IDisposable
{
    private readonly Socket _listener;
    private readonly IPAddress _peer;

    /// <param name="local">The address of the control connection on this side.</param>
    /// <param name="peer">The address of the server.</param>
    public ActiveListener(IPAddress local, IPAddress peer)
    {
        _peer = peer;
        _listener = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(new IPEndPoint(local, 0));
            _listener.Listen(1);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
    }

    private IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary><c>EPRT |1|address|port|</c> or <c>PORT h1,h2,h3,h4,p1,p2</c>.</summary>
    public FtpCommand Command(bool extended)
    {
        var end = EndPoint;
        if (extended)
            return new FtpCommand("EPRT", $"|{(end.AddressFamily == AddressFamily.InterNetworkV6 ? 2 : 1)}|{end.Address}|{end.Port}|");
        return new FtpCommand("PORT", $"{end.Address.ToString().Replace('.', ',')},{end.Port >> 8},{end.Port & 0xFF}");
    }

    /// <summary>The server's connection.</summary>
    public async Task<Socket> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = await _listener.AcceptAsync(cancellationToken);
            if (((IPEndPoint)socket.RemoteEndPoint!).Address.Equals(_peer))
            {
                socket.NoDelay = true;
                return socket;
            }

            socket.Dispose(); // a stranger
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}
