using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FtpMount.TestServers.Processes;

/// <summary>
/// A TCP port that a test server keeps across restarts. It is taken from below the range of ephemeral ports: a port out of that
/// range could, while its server is down, become the local port of somebody's connection, and a client that retries a dead
/// ephemeral port on loopback ends up connected to itself.
/// </summary>
internal sealed class LoopbackPort : IDisposable
{
    private const int Lowest = 12_000;

    private static readonly HashSet<int> Taken = [];

    private readonly IPAddress _address;

    private LoopbackPort(IPAddress address, int number)
    {
        _address = address;
        Number = number;
    }

    /// <summary>The port.</summary>
    public int Number { get; }

    /// <summary>Takes a port that nobody listens on at the moment. Another program may still be faster: who fails to bind takes another.</summary>
    public static LoopbackPort Take(IPAddress address)
    {
        int end = LowestEphemeral();
        for (int attempt = 0; attempt < 1000; attempt++)
        {
            int number = Random.Shared.Next(Lowest, end);
            lock (Taken)
            {
                if (!Taken.Add(number))
                    continue;
            }
            var port = new LoopbackPort(address, number);
            if (port.IsFree())
                return port;
            port.Dispose();
        }
        throw new InvalidOperationException($"No free TCP port between {Lowest} and {end} on {address}");
    }

    /// <summary>The established connections that were accepted on this port (Linux: /proc/net/tcp, state 01).</summary>
    public int CountEstablished() => Sockets().Count(socket => socket.State == "01");

    /// <summary>The inode of the listening socket (state 0A), or 0.</summary>
    public long ListenerInode() => Sockets().Where(socket => socket.State == "0A").Select(socket => socket.Inode).FirstOrDefault();

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Taken)
            Taken.Remove(Number);
    }

    private static int LowestEphemeral()
    {
        const string Range = "/proc/sys/net/ipv4/ip_local_port_range";
        int lowest = File.Exists(Range)
            ? int.Parse(File.ReadAllText(Range).Split('\t', ' ')[0], CultureInfo.InvariantCulture)
            : 32_768;
        return lowest > Lowest + 1000 ? lowest : 65_535;
    }

    private bool IsFree()
    {
        using var socket = new Socket(_address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(_address, Number));
            socket.Listen();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private IEnumerable<(string State, long Inode)> Sockets()
    {
        // Fields of a line: sl, local address:port in hexadecimal, remote, state, queues, timer, retransmits, uid, timeout, inode.
        string suffix = ":" + Number.ToString("X4", CultureInfo.InvariantCulture);
        string table = _address.AddressFamily == AddressFamily.InterNetworkV6 ? "/proc/net/tcp6" : "/proc/net/tcp";
        return File.ReadLines(table)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[1].EndsWith(suffix, StringComparison.Ordinal))
            .Select(fields => (fields[3], long.Parse(fields[9], CultureInfo.InvariantCulture)));
    }
}
