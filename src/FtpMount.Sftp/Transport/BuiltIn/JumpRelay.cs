using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>
/// Carries an SSH connection through a channel of another one (ProxyJump). SSH.NET connects by sockets only, but knows SOCKS 5 (RFC 1928): here is a proxy for one connection
/// on loopback that lets in who knows a password made up for it (RFC 1929), so that no other user of this machine gets behind the jump host.
/// </summary>
internal sealed class JumpRelay : IAsyncDisposable
{
    private const byte SocksVersion = 5;
    private const byte ByPassword = 2;
    private const byte PasswordVersion = 1;
    private const byte Accepted = 0;
    private const byte Refused = 1;
    private const byte NoMethod = 0xFF;
    private const byte Connect = 1;
    private const byte ByName = 3;
    private const int BufferSize = 256 << 10;

    private readonly SshConnection _jump;
    private readonly SshChannel _channel;
    private readonly JumpRelay? _before;
    private readonly ILogger _logger;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;

    private JumpRelay(SshConnection jump, SshChannel channel, JumpRelay? before, ILogger logger)
    {
        _jump = jump;
        _channel = channel;
        _before = before;
        _logger = logger;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _running = RunAsync();
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The name to log in to the proxy with.</summary>
    public string User { get; } = "jump";

    /// <summary>The password to log in to the proxy with.</summary>
    public string Password { get; } = RandomNumberGenerator.GetHexString(32);

    /// <summary>Starts a relay that owns a jump host's connection, the channel to the host behind it, and the relay by which the jump host itself is reached.</summary>
    public static JumpRelay Start(SshConnection jump, SshChannel channel, JumpRelay? before, ILogger logger) => new(jump, channel, before, logger);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _jump.DisposeAsync().ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
        if (_before is not null)
            await _before.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using var socket = await AcceptAsync().ConfigureAwait(false);
            _listener.Dispose();
            socket.NoDelay = true;
            var inwards = CopyInAsync(socket);
            var outwards = CopyOutAsync(socket);
            await Task.WhenAny(inwards, outwards).ConfigureAwait(false);
            // The other direction ends with the socket.
            await _stopping.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(inwards, outwards).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or RemoteException or OperationCanceledException or ObjectDisposedException)
        {
            if (!_stopping.IsCancellationRequested)
                _logger.LogDebug("The connection through {Jump} ended: {Message}", _jump.Name, e.Message);
        }
    }

    private async Task<Socket> AcceptAsync()
    {
        while (true)
        {
            var socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            try
            {
                if (await GreetAsync(socket).ConfigureAwait(false))
                    return socket;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                _logger.LogDebug("Somebody else connected to the relay: {Message}", e.Message);
            }

            socket.Dispose();
        }
    }

    private async Task<bool> GreetAsync(Socket socket)
    {
        var head = await ReadAsync(socket, 2).ConfigureAwait(false);
        var methods = await ReadAsync(socket, head[1]).ConfigureAwait(false);
        var isPossible = head[0] == SocksVersion && methods.Contains(ByPassword);
        await SendAsync(socket, (byte[])[SocksVersion, isPossible ? ByPassword : NoMethod]).ConfigureAwait(false);
        if (!isPossible)
            return false;
        var user = await ReadAsync(socket, (await ReadAsync(socket, 2).ConfigureAwait(false))[1]).ConfigureAwait(false);
        var password = await ReadAsync(socket, (await ReadAsync(socket, 1).ConfigureAwait(false))[0]).ConfigureAwait(false);
        var isRight = CryptographicOperations.FixedTimeEquals(user, Encoding.ASCII.GetBytes(User))
            & CryptographicOperations.FixedTimeEquals(password, Encoding.ASCII.GetBytes(Password));
        await SendAsync(socket, (byte[])[PasswordVersion, isRight ? Accepted : Refused]).ConfigureAwait(false);
        if (!isRight)
            return false;
        // Version, command, reserved, kind of address; the address does not matter, the channel leads to one host.
        var request = await ReadAsync(socket, 4).ConfigureAwait(false);
        if (request[1] != Connect)
            return false;
        var length = request[3] switch { ByName => (await ReadAsync(socket, 1).ConfigureAwait(false))[0], 4 => 16, _ => 4 };
        _ = await ReadAsync(socket, length + 2).ConfigureAwait(false);
        await SendAsync(socket, (byte[])[SocksVersion, Accepted, 0, 1, 0, 0, 0, 0, 0, 0]).ConfigureAwait(false);
        return true;
    }

    private async Task CopyInAsync(Socket socket)
    {
        var buffer = new byte[BufferSize];
        while (await _channel.ReceiveAsync(buffer, _stopping.Token).ConfigureAwait(false) is > 0 and var count)
            await SendAsync(socket, buffer.AsMemory(0, count)).ConfigureAwait(false);
        socket.Shutdown(SocketShutdown.Send);
    }

    private async Task CopyOutAsync(Socket socket)
    {
        var buffer = new byte[BufferSize];
        while (await socket.ReceiveAsync(buffer, _stopping.Token).ConfigureAwait(false) is > 0 and var count)
            await _channel.SendAsync(buffer.AsMemory(0, count), _stopping.Token).ConfigureAwait(false);
        await _channel.SendEndAsync(_stopping.Token).ConfigureAwait(false);
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, _stopping.Token).ConfigureAwait(false)..];
    }

    private async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = await socket.ReceiveAsync(bytes.AsMemory(done), _stopping.Token).ConfigureAwait(false);
            done += received > 0 ? received : throw new IOException("It ended in the middle");
        }

        return bytes;
    }
}
