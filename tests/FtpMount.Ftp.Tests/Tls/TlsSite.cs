using FtpMount.Ftp.Certificates;
using FtpMount.Remote;
using FtpMount.TestServers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>A real server with TLS and an <see cref="FtpFileSystem"/> that trusts its certificate.</summary>
public sealed class TlsSite : IAsyncDisposable
{
    private TlsSite(FtpTestServer server, FtpFileSystem ftp)
    {
        Server = server;
        Ftp = ftp;
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public FtpTestServer Server { get; }

    public FtpFileSystem Ftp { get; }

    /// <summary>Starts a server and connects; skips the test where the server cannot run.</summary>
    public static async Task<TlsSite> OpenAsync(
        FtpServerKind kind, FtpServerOptions server, Func<FtpOptions, FtpOptions>? change = null, ILogger? logger = null)
    {
        var running = await StartAsync(kind, server);
        try
        {
            return new TlsSite(running, await ConnectAsync(running, change, logger));
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a server; skips the test where it cannot run.</summary>
    public static async Task<FtpTestServer> StartAsync(FtpServerKind kind, FtpServerOptions options)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        return await FtpTestServer.StartAsync(kind, options, Token);
    }

    /// <summary>Connects, trusting the server's own certificate and no other.</summary>
    public static async Task<FtpFileSystem> ConnectAsync(FtpTestServer server, Func<FtpOptions, FtpOptions>? change = null, ILogger? logger = null)
    {
        var options = OptionsFor(server);
        return await FtpFileSystem.ConnectAsync(change?.Invoke(options) ?? options, TimeProvider.System, logger ?? NullLogger.Instance, Token);
    }

    /// <summary>The options to connect with.</summary>
    public static FtpOptions OptionsFor(FtpTestServer server) => new()
    {
        Host = server.Host,
        Port = server.Port,
        User = server.User,
        Password = server.Password,
        Timeout = TimeSpan.FromSeconds(20),
        Trust = new CertificateTrustOptions { AuthorityFile = server.CertificatePath },
    };

    /// <summary>What a file has from an offset on.</summary>
    public async Task<byte[]> ReadAsync(string name, long offset, long? length)
    {
        await using var reader = await Ftp.OpenReadAsync(RemotePath.Root.Combine(name), offset, length, Lane.Read, Token);
        var result = new MemoryStream();
        var buffer = new byte[256 * 1024];
        while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
            result.Write(buffer, 0, count);
        return result.ToArray();
    }

    /// <summary>How many entries a directory has.</summary>
    public async Task<int> CountAsync(RemotePath directory)
    {
        var count = 0;
        await foreach (var _ in Ftp.ListAsync(directory, Lane.Interactive, Token))
            count++;
        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await Ftp.DisposeAsync();
        await Server.DisposeAsync();
    }
}
