using System.Globalization;
using System.Text;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>A whole server in memory that speaks an <see cref="FtpDialect"/>.</summary>
internal sealed class DialectServer : IAsyncDisposable
{
    private readonly FtpDialect _dialect;
    private readonly Dictionary<string, byte[]?> _nodes = new(StringComparer.Ordinal);
    private readonly ScriptedFtpServer _server;

    public DialectServer(FtpDialect dialect)
    {
        _dialect = dialect;
        _nodes["/"] = null;
        for (var path = dialect.Home; path != "/"; path = Parent(path))
            _nodes[path] = null;
        _server = new ScriptedFtpServer(Reply, dialect.Greeting);
    }

    /// <summary>When everything was written, on no wall clock but UTC.</summary>
    public static DateTime Time { get; } = new(2024, 5, 6, 7, 8, 0, DateTimeKind.Utc);

    public FtpOptions Options => _server.Options;

    public IReadOnlyList<string> Commands => _server.Commands;

    public string Home => _dialect.Home;

    /// <summary>Content of a file, null of a directory.</summary>
    public byte[]? this[string path]
    {
        get
        {
            lock (_nodes)
                return _nodes[path];
        }

        set
        {
            lock (_nodes)
                _nodes[path] = value;
        }
    }

    /// <summary>All that is there, by path.</summary>
    public IReadOnlyList<string> Paths
    {
        get
        {
            lock (_nodes)
                return [.. _nodes.Keys.Order(StringComparer.Ordinal)];
        }
    }

    public bool Has(string path)
    {
        lock (_nodes)
            return _nodes.ContainsKey(path);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Parent(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "/";

    private string? Reply(string line, ScriptedSession session)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var verb = space < 0 ? line : line[..space];
        var argument = space < 0 ? "" : Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(line[(space + 1)..]));
        lock (_nodes)
        {
            var taken = _dialect.Takes?.Invoke(verb, argument, session.WorkingDirectory, _nodes.Keys) ?? argument;
            var path = taken.StartsWith('/') ? taken : (session.WorkingDirectory == "/" ? "/" : session.WorkingDirectory + "/") + taken;
            return Reply(verb, argument, path, session);
        }
    }

    private string? Reply(string verb, string argument, string path, ScriptedSession session)
    {
        const string Unknown = "500 Command not understood.\r\n";
        var exists = _nodes.TryGetValue(path, out var content);
        session.Final = _dialect.Done;
        switch (verb)
        {
            case "PASS":
                session.WorkingDirectory = _dialect.Home;
                return null;
            case "FEAT":
                return _dialect.Features;
            case "SYST":
                return _dialect.System;
            case "PWD":
                return _dialect.Pwd(session.WorkingDirectory);
            case "EPSV" when !_dialect.HasEpsv:
            case "SIZE" when !_dialect.HasSize:
            case "MDTM" when !_dialect.HasMdtm:
            case "MLSD" or "MLST" when !_dialect.HasMlsd:
            case "STAT":
                return Unknown;
            case "EPSV":
                session.HasPort = true;
                return null;
            case "LIST" or "MLSD" or "RETR" or "STOR" when !session.HasPort:
                return "425 Use PORT or PASV first.\r\n";
            case "PASV":
                session.HasPort = true;
                return $"227 Entering Passive Mode (127,0,0,1,{session.DataPort >> 8},{session.DataPort & 255})\r\n";
            case "CWD":
                if (!exists)
                    return _dialect.Missing;
                if (content is not null)
                    return _dialect.NotADirectory;
                session.WorkingDirectory = path;
                return "250 CWD command successful.\r\n";
            case "MLST":
                return exists ? $"250-Listing\r\n {Line(path).TrimEnd()}\r\n250 End\r\n".Replace("; " + Name(path), "; " + path, StringComparison.Ordinal) : _dialect.Missing;
            case "MLSD" when argument.Length == 0:
                return Send(session, List(session.WorkingDirectory));
            case "MLSD":
                return exists ? Send(session, List(path)) : _dialect.Missing;
            case "LIST":
                // -a is the name of nothing here.
                return argument.Length > 0 ? Send(session, "") : Send(session, List(session.WorkingDirectory));
            case "SIZE":
                return content is null ? exists ? "550 not a plain file.\r\n" : _dialect.Missing : $"213 {content.Length}\r\n";
            case "MDTM":
                return content is null ? exists ? "550 not a plain file.\r\n" : _dialect.Missing : $"213 {Time:yyyyMMddHHmmss}\r\n";
            case "REST":
                session.Restart = long.Parse(argument, CultureInfo.InvariantCulture);
                return "350 Restarting.\r\n";
            case "RETR":
                if (content is null)
                    return _dialect.Missing;
                var from = session.Restart;
                session.Restart = 0;
                return Send(session, Encoding.Latin1.GetString(content)[(int)from..]);
            case "STOR":
                session.Transfer = async (data, token) =>
                {
                    var received = new MemoryStream();
                    await data.CopyToAsync(received, token);
                    this[path] = received.ToArray();
                };
                return _dialect.Opening;
            case "DELE":
                return content is not null && _nodes.Remove(path) ? "250 deleted.\r\n" : _dialect.Missing;
            case "MKD":
                return exists ? _dialect.Exists : _nodes.TryAdd(path, null) ? _dialect.Pwd(path) : _dialect.Missing;
            case "RMD":
                return exists && content is null && _nodes.Remove(path) ? "250 removed.\r\n" : _dialect.Missing;
            case "RNFR":
                session.RenameFrom = exists ? path : null;
                return exists ? "350 Ready for RNTO.\r\n" : _dialect.Missing;
            case "RNTO":
                if (session.RenameFrom is not { } source)
                    return "503 Bad sequence of commands.\r\n";
                session.RenameFrom = null;
                if (exists && !_dialect.Replaces)
                    return _dialect.Exists;
                _nodes.Remove(source, out var moved);
                _nodes[path] = moved;
                return "250 renamed.\r\n";
            case "SITE" or "MFMT" or "MFF" or "AVBL" or "HASH" or "CLNT" or "HOST":
                return Unknown;
            default:
                return null;
        }
    }

    private string Send(ScriptedSession session, string text)
    {
        session.Content = text;
        return _dialect.Opening;
    }

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private string Line(string path) => _dialect.Line(Name(path), _nodes[path]?.Length, Time + _dialect.Offset);

    private string List(string directory)
    {
        var entries = _nodes.Keys.Where(path => path != "/" && Parent(path) == directory).Order(StringComparer.Ordinal).ToList();
        return _dialect.Head(directory) + string.Concat(entries.Select(Line)) + _dialect.Foot(entries.Count);
    }
}
