using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>One real server of each kind for a class of tests, started when first asked for. Each test works in a folder of its own.</summary>
public sealed class SftpServerFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<SftpServerKind, SshTestServer> _servers = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
        _gate.Dispose();
    }

    public async Task<SshTestServer> ServerAsync(SftpServerKind kind)
    {
        if (!SshTestServer.IsAvailable(kind, out var reason))
            Assert.Skip(reason);
        await _gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!_servers.TryGetValue(kind, out var server))
                _servers[kind] = server = await SshTestServer.StartAsync(new SshServerOptions { Kind = kind }, TestContext.Current.CancellationToken);
            return server;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<SftpTestSite> OpenAsync(SftpServerKind kind, bool proxied = false, Func<SftpOptions, SftpOptions>? change = null) =>
        await SftpTestSite.OpenAsync(await ServerAsync(kind), proxied, change);
}
