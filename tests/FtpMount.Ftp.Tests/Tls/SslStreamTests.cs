using FtpMount.Ftp.Transport;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Tls;

/// <summary>The transport for systems without libssl. It is tried where libssl is, too.</summary>
public sealed class SslStreamTests
{
    /// <summary>Servers that demand no resumed session; the others are reached by name, which SslStream needs for it.</summary>
    [Theory]
    [InlineData(FtpServerKind.PureFtpd, false)]
    [InlineData(FtpServerKind.Pyftpdlib, false)]
    [InlineData(FtpServerKind.Pyftpdlib, true)]
    [InlineData(FtpServerKind.Vsftpd, false)]
    [InlineData(FtpServerKind.ProFtpd, false)]
    public async Task Transfers_on_several_sessions_at_once_arrive_whole(FtpServerKind kind, bool isImplicit)
    {
        await using var site = await TlsSite.OpenAsync(
            kind,
            new FtpServerOptions { Tls = true, ImplicitTls = isImplicit },
            options => options with
            {
                Host = "localhost",
                Connections = 4,
                Tls = new FtpTlsOptions { Mode = isImplicit ? FtpTlsMode.Implicit : FtpTlsMode.Required, Library = TlsLibrary.SslStream },
            });
        var content = new byte[300_000];
        new Random(1).NextBytes(content);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async worker =>
        {
            for (var i = 0; i < 10; i++)
            {
                var name = $"f{worker}-{i}";
                await site.Ftp.StoreAsync(RemotePath.Root.Combine(name), new MemoryStream(content, 0, i * 30_000), StoreMode.Whole, 0, null, Lane.Write, TlsSite.Token);
                Assert.Equal(content[..(i * 30_000)], await site.ReadAsync(name, 0, null));
                Assert.True(await site.CountAsync(RemotePath.Root) > i);
            }
        }));
        Assert.Equal(40, await site.CountAsync(RemotePath.Root));
    }

    [Fact]
    public async Task A_download_that_is_cut_short_never_passes_as_whole()
    {
        await using var server = new ScriptedTlsServer { Content = new byte[100_000], Size = 100_000, CutAfter = 40_000, SendsCloseNotify = false };
        await using var ftp = await FtpFileSystem.ConnectAsync(
            server.Options with { Tls = new FtpTlsOptions { Library = TlsLibrary.SslStream } }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TlsSite.Token);
        await using var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("f"), 0, null, Lane.Read, TlsSite.Token);
        var buffer = new byte[200_000];
        var failure = await Assert.ThrowsAsync<RemoteException>(async () =>
        {
            while (await reader.ReadAsync(buffer, TlsSite.Token) > 0)
            {
                // To its end.
            }
        });
        Assert.Contains("close_notify", failure.Message, StringComparison.Ordinal);
    }
}
