using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FtpMount.Ftp.Certificates;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>An FTP server with TLS that does what no real one at hand does: it cuts data short, leaves out close_notify, changes its certificate, takes back its offer.</summary>
internal sealed class ScriptedTlsServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TcpListener _data = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly List<string> _commands = [];
    private readonly X509Certificate2 _certificate = MakeCertificate();

    public ScriptedTlsServer()
    {
        _listener.Start();
        _data.Start();
        _tasks.Add(AcceptAsync());
    }

    /// <summary>The reply to AUTH TLS; 234 begins TLS.</summary>
    public string AuthReply { get; set; } = "234 go on\r\n";

    /// <summary>The reply to PROT.</summary>
    public string ProtReply { get; set; } = "200 ok\r\n";

    /// <summary>What a download has.</summary>
    public byte[] Content { get; set; } = [];

    /// <summary>What SIZE says; null: the command is unknown, as is MLST.</summary>
    public long? Size { get; set; }

    /// <summary>How much of <see cref="Content"/> is sent before the data connection ends.</summary>
    public int CutAfter { get; set; } = int.MaxValue;

    /// <summary>The port that EPSV names instead of the server's own, for a proxy in between.</summary>
    public int? NamedDataPort { get; set; }

    /// <summary>Whether data connections end with close_notify.</summary>
    public bool SendsCloseNotify { get; set; } = true;

    /// <summary>Whether data connections that offer to resume a session are reset.</summary>
    public bool ResetsResumption { get; set; }

    /// <summary>What data connections show; null for the certificate of the control connection.</summary>
    public X509Certificate2? DataCertificate { get; set; }

    /// <summary>What was stored last.</summary>
    public byte[]? Stored { get; private set; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int DataPort => ((IPEndPoint)_data.LocalEndpoint).Port;

    public int DataConnections { get; private set; }

    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_commands)
                return [.. _commands];
        }
    }

    public FtpOptions Options => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        User = "u",
        Password = "p",
        Timeout = TimeSpan.FromSeconds(5),
        Trust = new CertificateTrustOptions { Fingerprints = [CertificateFingerprint.Of(_certificate.RawData)] },
    };

    public static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=scripted", key, HashAlgorithmName.SHA256);
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        _data.Stop();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
        _listener.Dispose();
        _data.Dispose();
        _certificate.Dispose();
        DataCertificate?.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _tasks.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            await using var plain = new NetworkStream(socket, ownsSocket: true);
            Stream stream = plain;
            await SayAsync(stream, "220 scripted\r\n");
            while (await ReadLineAsync(stream) is { } line)
            {
                lock (_commands)
                    _commands.Add(line);
                if (line == "AUTH TLS")
                {
                    await SayAsync(stream, AuthReply);
                    if (AuthReply.EndsWith("234 go on\r\n", StringComparison.Ordinal))
                        stream = await HandshakeAsync(plain, _certificate);
                }
                else
                {
                    await AnswerAsync(stream, line);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or AuthenticationException)
        {
            // The client has gone, or does not want this server.
        }
    }

    private async Task AnswerAsync(Stream control, string line)
    {
        switch (line.Split(' ')[0])
        {
            case "RETR" or "MLSD":
                await SayAsync(control, "150 here\r\n");
                await SayAsync(control, await SendAsync() ? "226 done\r\n" : "426 broken\r\n");
                break;
            case "STOR":
                await SayAsync(control, "150 go on\r\n");
                await SayAsync(control, await ReceiveAsync() ? "226 done\r\n" : "426 broken\r\n");
                break;
            default:
                await SayAsync(control, Default(line));
                break;
        }
    }

    private async Task<(SslStream Stream, Socket Socket)?> AcceptDataAsync()
    {
        var socket = await _data.AcceptSocketAsync(_stop.Token);
        DataConnections++;
        if (ResetsResumption && await OffersSessionAsync(socket))
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
            return null;
        }

        return (await HandshakeAsync(new NetworkStream(socket, ownsSocket: true), DataCertificate ?? _certificate), socket);
    }

    private async Task<bool> SendAsync()
    {
        try
        {
            if (await AcceptDataAsync() is not { } accepted)
                return false;
            await using var data = accepted.Stream;
            await data.WriteAsync(Content.AsMemory(0, Math.Min(Content.Length, CutAfter)), _stop.Token);
            if (SendsCloseNotify)
                await data.ShutdownAsync();
            accepted.Socket.Shutdown(SocketShutdown.Send);
            var rest = new byte[100];
            while (await data.ReadAsync(rest, _stop.Token) > 0)
            {
                // Until the client has closed.
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return false;
        }
    }

    private async Task<bool> ReceiveAsync()
    {
        try
        {
            if (await AcceptDataAsync() is not { } accepted)
                return false;
            await using var data = accepted.Stream;
            var received = new MemoryStream();
            await data.CopyToAsync(received, _stop.Token);
            // The client half-closes after its close_notify, so that this can still be said.
            await data.ShutdownAsync();
            Stored = received.ToArray();
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return false;
        }
    }

    private string Default(string line) => line.Split(' ')[0] switch
    {
        "USER" => "331 password\r\n",
        "PASS" => "230 in\r\n",
        "FEAT" => Size is null ? "211-x\r\n MLST type*;\r\n211 end\r\n" : "211-x\r\n SIZE\r\n MLST type*;size*;\r\n211 end\r\n",
        "PBSZ" => "200 ok\r\n",
        "PROT" => ProtReply,
        "TYPE" or "OPTS" or "NOOP" or "ABOR" => "200 ok\r\n",
        "SYST" => "215 UNIX\r\n",
        "PWD" => "257 \"/\"\r\n",
        "CWD" => line == "CWD /" ? "250 ok\r\n" : "550 no directory\r\n",
        "MLST" when line == "MLST /" => "250-x\r\n type=dir; /\r\n250 end\r\n",
        "MLST" => Size is { } size ? $"250-x\r\n type=file;size={size}; /f\r\n250 end\r\n" : "250-x\r\n type=file; /f\r\n250 end\r\n",
        "SIZE" => Size is { } size ? $"213 {size}\r\n" : "500 unknown\r\n",
        "EPSV" => $"229 ok (|||{NamedDataPort ?? DataPort}|)\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "500 unknown\r\n",
    };

    private async Task<SslStream> HandshakeAsync(Stream inner, X509Certificate2 certificate)
    {
        var stream = new SslStream(inner);
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) }, _stop.Token);
        return stream;
    }

    /// <summary>Whether the ClientHello, which is left in the socket, has the extension pre_shared_key (41, RFC 8446 section 4.2.11).</summary>
    private async Task<bool> OffersSessionAsync(Socket socket)
    {
        const int RecordHeader = 5;
        const int PreSharedKey = 41;
        var buffer = new byte[16 * 1024];
        var count = 0;
        while (count < RecordHeader || count < RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(3)))
            count = await socket.ReceiveAsync(buffer, SocketFlags.Peek, _stop.Token);
        var at = RecordHeader + 4 + 2 + 32; // message header, version, random
        at += 1 + buffer[at]; // session id
        at += 2 + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at)); // cipher suites
        at += 1 + buffer[at]; // compression
        var end = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at));
        for (at += 2; at < end; at += 4 + BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at + 2)))
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(at)) == PreSharedKey)
                return true;
        }

        return false;
    }

    private ValueTask SayAsync(Stream stream, string reply) => stream.WriteAsync(Encoding.Latin1.GetBytes(reply), _stop.Token);

    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) > 0)
        {
            if (one[0] == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append((char)one[0]);
        }

        return null;
    }
}
