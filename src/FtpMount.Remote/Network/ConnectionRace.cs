using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;

namespace FtpMount.Remote.Network;

/// <summary>
/// Connects to a host that has several addresses: tries them in turns of the two families, each a short while after the one before, and takes the
/// first that answers (in the manner of RFC 8305).
/// </summary>
internal static class ConnectionRace
{
    /// <summary>The recommended Connection Attempt Delay of RFC 8305 section 5.</summary>
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>The addresses of a host, in the order in which they should be tried.</summary>
    /// <exception cref="SocketException">There are none, or they cannot be looked up.</exception>
    public static async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        return addresses.Length > 0 ? Interleave(addresses) : throw new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Connects to the first address that answers.</summary>
    /// <param name="addresses">At least one.</param>
    /// <param name="port">The port.</param>
    /// <param name="local">The address to come from, of the same family; null for any.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <exception cref="SocketException">The failure of the first attempt that failed, when all did.</exception>
    public static async ValueTask<Socket> RunAsync(
        IPAddress[] addresses, int port, IPAddress? local, TimeProvider time, CancellationToken cancellationToken)
    {
        if (addresses.Length == 1)
            return await ConnectOneAsync(addresses[0], port, local, cancellationToken);

        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>(addresses.Length);
        Task<Socket>? winner = null;
        ExceptionDispatchInfo? firstFailure = null;
        try
        {
            for (var next = 0; winner is null;)
            {
                if (next < addresses.Length)
                    attempts.Add(ConnectOneAsync(addresses[next++], port, local, losers.Token));
                if (attempts.Count == 0)
                    firstFailure!.Throw();
                Task any = Task.WhenAny(attempts);
                if (next < addresses.Length)
                    any = Task.WhenAny(any, Task.Delay(AttemptDelay, time, losers.Token));
                await any;
                foreach (var attempt in attempts.Where(attempt => attempt.IsCompleted).ToList())
                {
                    attempts.Remove(attempt);
                    if (attempt.IsCompletedSuccessfully && winner is null)
                        winner = attempt;
                    else if (attempt.IsCompletedSuccessfully)
                        (await attempt).Dispose();
                    else
                        firstFailure ??= ExceptionDispatchInfo.Capture(attempt.Exception?.InnerException ?? new OperationCanceledException(cancellationToken));
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            return await winner;
        }
        finally
        {
            await losers.CancelAsync();
            foreach (var attempt in attempts)
            {
                _ = attempt.ContinueWith(
                    static late =>
                    {
                        if (late.IsCompletedSuccessfully)
                            late.Result.Dispose();
                        else
                            _ = late.Exception;
                    },
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }
    }

    /// <summary>Settings that every connection of this program has.</summary>
    private static Socket CreateSocket(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // Keeps NAT entries alive during long transfers, on which the control connection is silent, and notices a peer that is gone.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        return socket;
    }

    /// <summary>Binds to an address and leaves the port to connect(2): otherwise each connection would use a port up for all destinations.</summary>
    private static void Bind(Socket socket, IPAddress local)
    {
        if (OperatingSystem.IsLinux())
        {
            const int IpProtocol = 0; // IPPROTO_IP, also for IPv6
            const int BindAddressNoPort = 24; // IP_BIND_ADDRESS_NO_PORT (ip(7)), since Linux 4.2
            socket.SetRawSocketOption(IpProtocol, BindAddressNoPort, BitConverter.GetBytes(1));
        }

        socket.Bind(new IPEndPoint(local, 0));
    }

    /// <summary>Alternates between the families, beginning with the resolver's first choice (RFC 8305 section 4).</summary>
    private static IPAddress[] Interleave(IPAddress[] addresses)
    {
        var first = addresses.Where(address => address.AddressFamily == addresses[0].AddressFamily).ToList();
        var second = addresses.Where(address => address.AddressFamily != addresses[0].AddressFamily).ToList();
        var result = new List<IPAddress>(addresses.Length);
        for (var i = 0; i < Math.Max(first.Count, second.Count); i++)
        {
            if (i < first.Count)
                result.Add(first[i]);
            if (i < second.Count)
                result.Add(second[i]);
        }

        return [.. result];
    }

    private static async Task<Socket> ConnectOneAsync(IPAddress address, int port, IPAddress? local, CancellationToken cancellationToken)
    {
        var socket = CreateSocket(address.AddressFamily);
        try
        {
            if (local is not null)
                Bind(socket, local);
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
