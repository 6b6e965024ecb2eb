using System.Text;
using FtpMount.Remote;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>An <see cref="FtpFileSystem"/> on a real server, and a folder of its own there.</summary>
public sealed class FtpSite : IAsyncDisposable
{
    private FtpSite(FtpTestServer server, FaultProxy? proxy, FtpFileSystem ftp, string folder)
    {
        Server = server;
        Proxy = proxy;
        Ftp = ftp;
        Folder = RemotePath.Parse(server.LoginFolder).Combine(folder);
        Local = Path.Combine(server.RootDirectory, folder);
    }

    public FtpTestServer Server { get; }

    /// <summary>In front of the control port, when asked for.</summary>
    public FaultProxy? Proxy { get; }

    public FtpFileSystem Ftp { get; }

    /// <summary>The folder on the server.</summary>
    public RemotePath Folder { get; }

    /// <summary>The same folder on disk.</summary>
    public string Local { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<FtpSite> OpenAsync(FtpTestServer server, bool proxied = false, Func<FtpOptions, FtpOptions>? change = null)
    {
        var folder = "t" + Guid.NewGuid().ToString("N")[..10];
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, folder));
        server.AdoptFiles(folder);
        var proxy = proxied ? FaultProxy.Start(server) : null;
        var options = new FtpOptions
        {
            Host = server.Host,
            Port = proxy?.Port ?? server.Port,
            User = server.User,
            Password = server.Password,
            Timeout = TimeSpan.FromSeconds(10),
        };
        var ftp = await FtpFileSystem.ConnectAsync(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger.Instance, Token);
        return new FtpSite(server, proxy, ftp, folder);
    }

    public RemotePath this[string name] => name.Split('/').Aggregate(Folder, (path, segment) => path.Combine(segment));

    /// <summary>Makes a file on the server's disk that belongs to the FTP user.</summary>
    public string Put(string name, byte[] content)
    {
        var path = Path.Combine(Local, name);
        File.WriteAllBytes(path, content);
        Server.AdoptFiles(Path.GetRelativePath(Server.RootDirectory, path));
        return path;
    }

    public string Put(string name, string content) => Put(name, Encoding.UTF8.GetBytes(content));

    public string MakeDirectory(string name)
    {
        var path = Path.Combine(Local, name);
        Directory.CreateDirectory(path);
        Server.AdoptFiles(Path.GetRelativePath(Server.RootDirectory, path));
        return path;
    }

    public async Task<List<RemoteEntry>> ListAsync(RemotePath directory)
    {
        var result = new List<RemoteEntry>();
        await foreach (var entry in Ftp.ListAsync(directory, Lane.Interactive, Token))
            result.Add(entry);
        return result;
    }

    public async Task<byte[]> ReadAsync(RemotePath path, long offset = 0, long? length = null, int block = 100_000)
    {
        await using var reader = await Ftp.OpenReadAsync(path, offset, length, Lane.Read, Token);
        var result = new MemoryStream();
        var buffer = new byte[block];
        while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
        {
            result.Write(buffer, 0, count);
            if (length is not null && result.Length >= length)
                break;
        }

        return result.ToArray();
    }

    public ValueTask<long> StoreAsync(RemotePath path, byte[] content, StoreMode mode = StoreMode.Whole, long offset = 0) =>
        Ftp.StoreAsync(path, new MemoryStream(content), mode, offset, null, Lane.Write, Token);

    public ValueTask<RemoteEntry> StatAsync(RemotePath path) => Ftp.StatAsync(path, Lane.Interactive, Token);

    /// <summary>Ends when a session has its next data connection already.</summary>
    public async Task WaitForReadyAsync()
    {
        while (Ftp.ReadyConnections == 0)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>
    /// The commands of an operation with content that begins when the data connection is there already; the last one asks for the next data connection, when nobody waits any more.
    /// </summary>
    public async Task<IReadOnlyList<string>> CommandsOfAsync(Func<Task> operation)
    {
        await WaitForReadyAsync();
        Proxy!.ClearCommands();
        await operation();
        await WaitForReadyAsync();
        return Proxy.Commands;
    }

    /// <summary>The error that an operation ends with.</summary>
    public static async Task<RemoteError> ErrorOf(Func<Task> operation)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(operation);
        Assert.DoesNotContain('\n', failure.Message);
        return failure.Error;
    }

    public async ValueTask DisposeAsync()
    {
        await Ftp.DisposeAsync();
        if (Proxy is not null)
            await Proxy.DisposeAsync();
    }
}
