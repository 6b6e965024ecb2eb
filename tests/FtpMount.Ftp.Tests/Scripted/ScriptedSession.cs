using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>One control connection of a <see cref="ScriptedFtpServer"/>.</summary>
internal sealed class ScriptedSession(NetworkStream stream) : IDisposable
{
    /// <summary>The session's own data port, once it was asked for.</summary>
    public TcpListener? Listener { get; private set; }

    /// <summary>A data port of its own; data connections are expected there from then on.</summary>
    public int DataPort
    {
        get
        {
            if (Listener is null)
            {
                Listener = new TcpListener(IPAddress.Loopback, 0);
                Listener.Start();
            }

            return ((IPEndPoint)Listener.LocalEndpoint).Port;
        }
    }

    public void Dispose() => Listener?.Dispose();

    /// <summary>For the test's use: whether PASV was answered.</summary>
    public bool HasPort { get; set; }

    /// <summary>When a reply function sets it, this goes over the next data connection, after the reply.</summary>
    public string? Content { get; set; }

    /// <summary>When a reply function sets it, it has the next data connection, after the reply; then comes <see cref="Final"/>.</summary>
    public Func<NetworkStream, CancellationToken, Task>? Transfer { get; set; }

    /// <summary>Where the session is, for servers with folders.</summary>
    public string WorkingDirectory { get; set; } = "/";

    /// <summary>For the test's use: the argument of the last REST.</summary>
    public long Restart { get; set; }

    /// <summary>For the test's use: the argument of the last RNFR.</summary>
    public string? RenameFrom { get; set; }

    /// <summary>The reply after <see cref="Content"/> or <see cref="Transfer"/>.</summary>
    public string Final { get; set; } = "226 done\r\n";

    public ValueTask SendAsync(string reply, CancellationToken cancellationToken) => stream.WriteAsync(Encoding.Latin1.GetBytes(reply), cancellationToken);
}
