using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.TestServers.Proxies;

/// <summary>An HTTP proxy that knows CONNECT (RFC 9110 section 9.3.6) and Basic authentication (RFC 7617).</summary>
public sealed class HttpTestProxy : TestProxy
{
    private HttpTestProxy(string? user, string? password)
        : base(user, password)
    {
    }

    /// <summary>Ports that it does not connect to: 403.</summary>
    public HashSet<int> ForbiddenPorts { get; } = [];

    /// <summary>Starts it.</summary>
    public static HttpTestProxy Start(string? user = null, string? password = null) => new(user, password);

    /// <inheritdoc/>
    protected override async Task<Socket?> NegotiateAsync(Socket client, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            text.Append((char)(await ReceiveAsync(client, 1, cancellationToken).ConfigureAwait(false))[0]);
        string[] lines = text.ToString().Split("\r\n");
        string[] request = lines[0].Split(' ');
        if (request is not ["CONNECT", var target, "HTTP/1.1"] || !lines.Contains($"Host: {target}"))
            return await AnswerAsync("400 Bad Request").ConfigureAwait(false);
        string credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        if (User is not null && !lines.Contains($"Proxy-Authorization: Basic {credentials}"))
            return await AnswerAsync("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"").ConfigureAwait(false);
        int colon = target.LastIndexOf(':');
        int port = int.Parse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        if (ForbiddenPorts.Contains(port))
            return await AnswerAsync("403 Forbidden").ConfigureAwait(false);
        Socket socket;
        try
        {
            socket = await ConnectAsync(target[..colon].Trim('[', ']'), port, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return await AnswerAsync("502 Bad Gateway").ConfigureAwait(false);
        }

        await AnswerAsync("200 Connection established\r\nVia: 1.1 test").ConfigureAwait(false);
        return socket;

        async Task<Socket?> AnswerAsync(string answer)
        {
            await client.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\n\r\n"), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }
}
