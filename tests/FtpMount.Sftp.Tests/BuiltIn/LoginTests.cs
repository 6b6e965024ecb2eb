using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.BuiltIn;

public sealed class LoginTests : IDisposable
{
    private readonly SshHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_key_without_passphrase_opens()
    {
        await using var server = await SshTestServer.StartAsync(null, SshHome.Token);
        _home.Trust(server);
        Assert.Equal(3u, await _home.HelloAsync(_home.OptionsFor(server)));
    }
}
