using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>What servers do by themselves: copies, checksums, syncs.</summary>
public sealed class ServerWorkTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenSSH_copies_a_file_by_itself()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh);
        if ((site.Sftp.Capabilities & RemoteCapabilities.Copy) == 0)
            Assert.Skip("This OpenSSH has no copy-data");
        var content = ContentTests.Noise(3_000_000);
        site.Put("file", content);
        var before = site.Sftp.Statistics.BytesReceived;
        await site.Sftp.CopyAsync(site["file"], site["copy"], content.Length, Lane.Write, Token);
        Assert.True((await File.ReadAllBytesAsync(Path.Combine(site.Local, "copy"), Token)).AsSpan().SequenceEqual(content));
        Assert.Equal(before, site.Sftp.Statistics.BytesReceived);
        Assert.Equal(RemoteError.AlreadyExists, await SftpTestSite.ErrorOf(async () => await site.Sftp.CopyAsync(site["file"], site["copy"], 1, Lane.Write, Token)));
        Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(async () => await site.Sftp.CopyAsync(site["missing"], site["other"], 1, Lane.Write, Token)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_checksum_is_that_of_the_content_where_there_is_one(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        var content = ContentTests.Noise(100_000);
        site.Put("file", content);
        if (site.Sftp.Checksums.Count == 0)
        {
            Assert.Equal(RemoteError.Unsupported, await SftpTestSite.ErrorOf(async () =>
                await site.Sftp.GetChecksumAsync(site["file"], ChecksumAlgorithm.Sha256, content.Length, Lane.Interactive, Token)));
            return;
        }

        Assert.Equal(SHA256.HashData(content), (await site.Sftp.GetChecksumAsync(site["file"], ChecksumAlgorithm.Sha256, content.Length, Lane.Interactive, Token)).ToArray());
        Assert.Equal(SHA1.HashData(content), (await site.Sftp.GetChecksumAsync(site["file"], ChecksumAlgorithm.Sha1, content.Length, Lane.Interactive, Token)).ToArray());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_sync_succeeds_or_does_nothing(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        await site.StoreAsync(site["file"], [1, 2, 3]);
        await site.Sftp.SyncFileAsync(site["file"], Lane.Interactive, Token);
        if (kind != SftpServerKind.ProFtpd)
            Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(async () => await site.Sftp.SyncFileAsync(site["missing"], Lane.Interactive, Token)));
    }
}
