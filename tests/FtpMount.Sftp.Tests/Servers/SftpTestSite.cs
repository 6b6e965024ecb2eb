using System.Security.Cryptography;
using System.Text;
using FtpMount.Remote;
using FtpMount.Sftp.Transport;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>An <see cref="SftpFileSystem"/> on a real server, and a folder of its own there.</summary>
public sealed class SftpTestSite : IAsyncDisposable
{
    private SftpTestSite(SshTestServer server, FaultProxy? proxy, SftpFileSystem sftp, RoundTripCounter roundTrips, string folder)
    {
        RoundTrips = roundTrips;
        RoundTripsOfConnecting = roundTrips.Count;
        Server = server;
        Proxy = proxy;
        Sftp = sftp;
        Folder = sftp.Root;
        Local = Path.Combine(server.RootDirectory, folder);
    }

    public SshTestServer Server { get; }

    /// <summary>In front of the server, when asked for.</summary>
    public FaultProxy? Proxy { get; }

    public SftpFileSystem Sftp { get; }

    /// <summary>What the file system waits for.</summary>
    internal RoundTripCounter RoundTrips { get; }

    internal int RoundTripsOfConnecting { get; }

    /// <summary>The folder on the server; the root of <see cref="Sftp"/>.</summary>
    public RemotePath Folder { get; }

    /// <summary>The same folder on disk.</summary>
    public string Local { get; }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public RemotePath this[string name] => name.Split('/').Aggregate(Folder, (path, segment) => path.Combine(segment));

    /// <summary>The options by which the tests' user is let in over the system's ssh.</summary>
    public static SftpOptions OptionsFor(SshTestServer server, int? port = null)
    {
        var knownHosts = Path.Combine(Path.GetDirectoryName(server.HostKeyPath)!, $"known_hosts_{port ?? server.Port}");
        File.WriteAllText(knownHosts, $"[{server.Host}]:{port ?? server.Port} {File.ReadAllText(server.HostKeyPath + ".pub")}");
        return new SftpOptions
        {
            Host = server.Host,
            Port = port ?? server.Port,
            User = server.User,
            Timeout = TimeSpan.FromSeconds(10),
            Transport = SftpTransportKind.Ssh,
            IdentityFiles = [server.PrivateKeyPath],
            SshCommand = $"ssh -F none -o UserKnownHostsFile={knownHosts} -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes",
        };
    }

    /// <summary>The server's key and no other, for the built-in transport, which does not know of the file that ssh is told of.</summary>
    public static HostKeyPolicy HostKeyOf(SshTestServer server)
    {
        var key = Convert.FromBase64String(File.ReadAllText(server.HostKeyPath + ".pub").Split(' ')[1]);
        return HostKeyPolicy.WithFingerprint("SHA256:" + Convert.ToBase64String(SHA256.HashData(key)).TrimEnd('='));
    }

    public static async Task<SftpTestSite> OpenAsync(SshTestServer server, bool proxied = false, Func<SftpOptions, SftpOptions>? change = null, TimeProvider? time = null)
    {
        var folder = "t" + Guid.NewGuid().ToString("N")[..10];
        Directory.CreateDirectory(Path.Combine(server.RootDirectory, folder));
        server.AdoptFiles(folder);
        var proxy = proxied ? FaultProxy.Start(server.Host, server.Port) : null;
        var options = OptionsFor(server, proxy?.Port) with { Path = folder };
        options = change?.Invoke(options) ?? options;
        var roundTrips = new RoundTripCounter(SftpConnectors.Create(options, TimeProvider.System, NullLogger.Instance));
        var sftp = await SftpFileSystem.ConnectAsync(options, roundTrips, time ?? TimeProvider.System, NullLogger.Instance, Token);
        return new SftpTestSite(server, proxy, sftp, roundTrips, folder);
    }

    /// <summary>Makes a file on the server's disk that belongs to the user who is logged in.</summary>
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
        await foreach (var entry in Sftp.ListAsync(directory, Lane.Interactive, Token))
            result.Add(entry);
        return result;
    }

    public async Task<byte[]> ReadAsync(RemotePath path, long offset = 0, long? length = null, int block = 100_000)
    {
        await using var reader = await Sftp.OpenReadAsync(path, offset, length, Lane.Read, Token);
        var result = new MemoryStream();
        var buffer = new byte[block];
        while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
            result.Write(buffer, 0, count);
        return result.ToArray();
    }

    public ValueTask<long> StoreAsync(RemotePath path, byte[] content, StoreMode mode = StoreMode.Whole, long offset = 0) =>
        Sftp.StoreAsync(path, new MemoryStream(content), mode, offset, null, Lane.Write, Token);

    public ValueTask<RemoteEntry> StatAsync(RemotePath path) => Sftp.StatAsync(path, Lane.Interactive, Token);

    /// <summary>The error that an operation ends with.</summary>
    public static async Task<RemoteError> ErrorOf(Func<Task> operation)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(operation);
        Assert.DoesNotContain('\n', failure.Message);
        return failure.Error;
    }

    public async ValueTask DisposeAsync()
    {
        await Sftp.DisposeAsync();
        if (Proxy is not null)
            await Proxy.DisposeAsync();
    }
}
