using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>
/// An FTP server whose replies a test writes, for what no real server at hand says. It logs in anybody; a reply function of the test comes first.
/// </summary>
internal sealed class ScriptedFtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TcpListener _data = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, ScriptedSession, string?> _reply;
    private readonly string _greeting;
    private readonly List<Task> _tasks = [];
    private readonly List<string> _commands = [];
    private ScriptedSession? _last;
    private int _sessions;

    /// <param name="reply">The whole reply to a command line, CRLF included; null for the default; empty for none; <c>!</c> closes.</param>
    /// <param name="greeting">The first reply.</param>
    public ScriptedFtpServer(Func<string, ScriptedSession, string?> reply, string greeting = "220 scripted\r\n")
    {
        _reply = reply;
        _greeting = greeting;
        _listener.Start();
        _data.Start();
        _tasks.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A data port of all sessions together, for replies that name it; by default each session has its own.</summary>
    public int DataPort => ((IPEndPoint)_data.LocalEndpoint).Port;

    public int Sessions => Volatile.Read(ref _sessions);

    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_commands)
                return [.. _commands];
        }
    }

    public FtpOptions Options => new() { Host = "127.0.0.1", Port = Port, User = "u", Password = "p", Timeout = TimeSpan.FromSeconds(5) };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        _data.Stop();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
        _listener.Dispose();
        _data.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _sessions);
                _tasks.Add(ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The end.
        }
    }

    /// <summary>The next data connection that the client has not closed: one for a command that was refused is closed unused.</summary>
    private async Task<Socket> AcceptDataAsync(ScriptedSession session)
    {
        while (true)
        {
            var data = await (session.Listener ?? _data).AcceptSocketAsync(_stop.Token);
            if (!data.Poll(0, SelectMode.SelectRead) || data.Available > 0)
                return data;
            data.Dispose();
        }
    }

    /// <summary>Closes the data connection of the last session that the client made first of those that wait.</summary>
    public async Task CloseNextDataAsync(CancellationToken cancellationToken) => (await _last!.Listener!.AcceptSocketAsync(cancellationToken)).Dispose();

    private async Task ServeAsync(Socket socket)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            using var session = new ScriptedSession(stream);
            _last = session;
            await session.SendAsync(_greeting, _stop.Token);
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                lock (_commands)
                    _commands.Add(line);
                var reply = _reply(line, session) ?? Default(line, session);
                if (reply == "!")
                    return;
                await session.SendAsync(reply, _stop.Token);
                if (session.Transfer is { } transfer)
                {
                    session.Transfer = null;
                    await using (var data = new NetworkStream(await AcceptDataAsync(session), ownsSocket: true))
                        await transfer(data, _stop.Token);
                    await session.SendAsync(session.Final, _stop.Token);
                }

                if (session.Content is { } content)
                {
                    session.Content = null;
                    using (var data = await AcceptDataAsync(session))
                        await data.SendAsync(Encoding.Latin1.GetBytes(content), _stop.Token);
                    await session.SendAsync(session.Final, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException)
        {
            // The client has gone.
        }
    }

    private static string Default(string line, ScriptedSession session) => line.Split(' ')[0] switch
    {
        "USER" => "331 password\r\n",
        "PASS" => "230 in\r\n",
        "FEAT" => "211-x\r\n SIZE\r\n MDTM\r\n MLST type*;size*;modify*;\r\n211 end\r\n",
        "TYPE" or "OPTS" or "NOOP" => "200 ok\r\n",
        "SYST" => "215 UNIX\r\n",
        "PWD" => "257 \"/\"\r\n",
        "CWD" => "250 ok\r\n",
        "MLST" => "250-x\r\n type=dir; /\r\n250 end\r\n",
        "EPSV" => $"229 ok (|||{session.DataPort}|)\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "500 unknown\r\n",
    };
}
