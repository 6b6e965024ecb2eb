using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using FtpMount.Remote;

namespace FtpMount.Ftp.Transport;

/// <summary>
/// Connects a socket to a host by name: tries its addresses in turns of the two families, each a short while after the one before, and takes the
/// first that answers (in the manner of RFC 8305).
/// </summary>
internal static class TcpConnector
{
    /// <summary>The recommended Connection Attempt Delay of RFC 8305 section 5.</summary>
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>Connects.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">Port.</param>
    /// <param name="timeout">The longest that all of it may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <param name="resolved">Told when the addresses are known.</param>
    /// <exception cref="RemoteException"><see cref="RemoteError.Offline"/>: unknown host, refused, unreachable. <see cref="RemoteError.TimedOut"/>.</exception>
    public static async ValueTask<Socket> ConnectAsync(string host, int port, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken, Action? resolved = null)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : Interleave(await ResolveAsync(host, either.Token));
            resolved?.Invoke();
            return await RaceAsync(addresses, port, time, either.Token);
        }
        catch (SocketException e)
        {
            throw new RemoteException(RemoteError.Offline, Describe(e, host, port), e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RemoteException(
                RemoteError.TimedOut, $"{host} port {port} did not answer within {timeout.TotalSeconds:0.#} s. Check the address and that no firewall is in between.", e);
        }
    }

    /// <summary>Settings that every connection of this program has.</summary>
    public static Socket CreateSocket(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // Keeps NAT entries alive during long transfers, on which the control connection is silent, and notices a peer that is gone.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        return socket;
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
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

    private static async Task<Socket> RaceAsync(IPAddress[] addresses, int port, TimeProvider time, CancellationToken cancellationToken)
    {
        if (addresses.Length == 1)
            return await ConnectOneAsync(addresses[0], port, cancellationToken);

        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>(addresses.Length);
        Task<Socket>? winner = null;
        ExceptionDispatchInfo? firstFailure = null;
        try
        {
            for (var next = 0; winner is null;)
            {
                if (next < addresses.Length)
                    attempts.Add(ConnectOneAsync(addresses[next++], port, losers.Token));
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

    private static async Task<Socket> ConnectOneAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = CreateSocket(address.AddressFamily);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Describe(SocketException failure, string host, int port) => failure.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData => $"Unknown host {host}. Check the name.",
        SocketError.TryAgain => $"The name {host} could not be looked up just now. Check the network.",
        SocketError.ConnectionRefused => $"{host} refuses connections on port {port}. Check the port and that the server runs.",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => $"{host} cannot be reached. Check the network.",
        _ => $"No connection to {host} port {port}: {failure.Message}.",
    };
}
