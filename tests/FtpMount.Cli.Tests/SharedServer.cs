using FtpMount.TestServers;

namespace FtpMount.Cli.Tests;

/// <summary>One FTP server for the tests that only need some server.</summary>
public sealed class SharedServer : IAsyncLifetime
{
    public FtpTestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(FtpServerKinds.IsAvailable(FtpServerKind.Pyftpdlib, out var reason), reason);
        Server = await FtpTestServer.StartAsync(FtpServerKind.Pyftpdlib);
        await File.WriteAllTextAsync(Path.Combine(Server.RootDirectory, "hello.txt"), "hello\n");
        Directory.CreateDirectory(Path.Combine(Server.RootDirectory, "folder"));
        Server.AdoptFiles();
    }

    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
