using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>One real server of each kind for a class of tests, started when first asked for. Each test works in a folder of its own.</summary>
public sealed class FtpSiteFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<FtpServerKind, FtpTestServer> _servers = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
        _gate.Dispose();
    }

    /// <summary>The server of a kind; skips the test where it cannot run.</summary>
    public async Task<FtpTestServer> ServerAsync(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!_servers.TryGetValue(kind, out var server))
                _servers[kind] = server = await FtpTestServer.StartAsync(kind, null, TestContext.Current.CancellationToken);
            return server;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A session with the server and a folder of its own in it.</summary>
    public async Task<FtpSite> OpenAsync(FtpServerKind kind, bool proxied = false, Func<FtpOptions, FtpOptions>? change = null)
    {
        var server = await ServerAsync(kind);
        return await FtpSite.OpenAsync(server, proxied, change);
    }
}
