using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>dropbear, whose window is 24 KiB and whose ciphers are others than OpenSSH's, by both transports.</summary>
public sealed class DropbearTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    private const int BytesToTheCut = 700_000;

    public static TheoryData<SftpTransportKind> Transports => new(SftpTransportKind.Ssh, SftpTransportKind.Builtin);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Files_are_stored_listed_renamed_and_read_also_when_the_link_is_cut(SftpTransportKind transport)
    {
        var server = await servers.ServerAsync(SftpServerKind.Dropbear);
        await using var site = await SftpTestSite.OpenAsync(server, proxied: true, change: options => options with
        {
            Transport = transport,
            HostKey = transport == SftpTransportKind.Builtin ? SftpTestSite.HostKeyOf(server) : options.HostKey,
        });
        var content = ContentTests.Noise(2_000_000);
        await site.Sftp.CreateDirectoryAsync(site["folder"], Lane.Interactive, Token);
        Assert.Equal(content.Length, await site.StoreAsync(site["folder/file"], content));
        await site.Sftp.RenameAsync(site["folder/file"], site["folder/renamed"], replace: false, Lane.Interactive, Token);
        var listed = Assert.Single(await site.ListAsync(site["folder"]));
        Assert.Equal(("renamed", content.Length), (listed.Name, listed.Size));

        var reading = site.Proxy!.CutAfterAsync(BytesToTheCut);
        Assert.Equal(content, await site.ReadAsync(site["folder/renamed"]));
        await reading;
        var storing = site.Proxy.CutAfterAsync(BytesToTheCut);
        Assert.Equal(content.Length, await site.StoreAsync(site["stored"], content));
        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "stored"), Token));
        Assert.Equal(2, site.Sftp.Statistics.ConnectionsLost);
    }
}
