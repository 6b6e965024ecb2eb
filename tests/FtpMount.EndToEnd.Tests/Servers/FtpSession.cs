using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Servers;

/// <summary>The smallest FTP client that can tell whether a test server works: a control connection, read and written line by line.</summary>
internal sealed class FtpSession : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TcpClient _client;
    private readonly CancellationTokenSource _deadline = new(Deadline);
    private Stream _stream;
    private StreamReader _reader;

    private FtpSession(TcpClient client)
    {
        _client = client;
        _stream = client.GetStream();
        _reader = new StreamReader(_stream, Encoding.UTF8);
    }

    /// <summary>Connects and reads the greeting.</summary>
    public static async Task<FtpSession> ConnectAsync(string host, int port)
    {
        var client = new TcpClient(host, port) { NoDelay = true };
        var session = new FtpSession(client);
        Assert.StartsWith("220", await session.ReadReplyAsync());
        return session;
    }

    /// <summary>Connects, secures the connection when the server has TLS, and logs in.</summary>
    public static async Task<FtpSession> LogInAsync(FtpTestServer server, int? port = null)
    {
        FtpSession session = await ConnectAsync(server.Host, port ?? server.Port);
        if (server.Url.StartsWith("ftpes:", StringComparison.Ordinal))
            await session.SecureAsync(server.Host, server.CertificatePath);
        Assert.StartsWith("331", await session.SendAsync($"USER {server.User}"));
        Assert.StartsWith("230", await session.SendAsync($"PASS {server.Password}"));
        return session;
    }

    /// <summary>Sends a command and returns the whole reply.</summary>
    public async Task<string> SendAsync(string command)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), _deadline.Token);
        return await ReadReplyAsync();
    }

    /// <summary>A transfer: opens a data connection (not encrypted), sends the command, moves the bytes, returns the final reply.</summary>
    public async Task<(string Reply, byte[] Content)> TransferAsync(string host, string command, byte[]? upload = null)
    {
        string passive = await SendAsync("EPSV");
        Assert.StartsWith("229", passive);
        using var data = new TcpClient(host, int.Parse(passive.Split('|')[3], CultureInfo.InvariantCulture));
        Assert.StartsWith("1", await SendAsync(command));
        await using NetworkStream stream = data.GetStream();
        var content = new MemoryStream();
        if (upload is null)
            await stream.CopyToAsync(content, _deadline.Token);
        else
            await stream.WriteAsync(upload, _deadline.Token);
        data.Client.Shutdown(SocketShutdown.Both);
        return (await ReadReplyAsync(), content.ToArray());
    }

    /// <summary>Whether the connection has ended.</summary>
    public async Task<bool> IsDeadAsync()
    {
        try
        {
            return await _reader.ReadLineAsync(_deadline.Token) is null;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _stream.DisposeAsync();
        _client.Dispose();
        _deadline.Dispose();
    }

    private async Task SecureAsync(string host, string certificatePath)
    {
        Assert.StartsWith("234", await SendAsync("AUTH TLS"));
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(certificatePath);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(certificate);
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = host, CertificateChainPolicy = trust }, _deadline.Token);
        _stream = tls;
        _reader = new StreamReader(tls, Encoding.UTF8);
    }

    private async Task<string> ReadReplyAsync()
    {
        var reply = new StringBuilder();
        while (true)
        {
            string line = await _reader.ReadLineAsync(_deadline.Token) ?? throw new IOException($"The server closed the connection after \"{reply}\"");
            reply.AppendLine(line);
            if (line.Length > 3 && char.IsAsciiDigit(line[0]) && line[3] == ' ')
                return reply.ToString();
        }
    }
}
