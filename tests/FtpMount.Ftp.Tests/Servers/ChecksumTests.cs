using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class ChecksumTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> KindsWithout => [.. FtpServerKinds.Every.Where(kind => kind != FtpServerKind.ProFtpd)];

    public static TheoryData<ChecksumAlgorithm> Algorithms => [.. Enum.GetValues<ChecksumAlgorithm>()];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task ProFTPD_computes_checksums_by_HASH(ChecksumAlgorithm algorithm)
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd, proxied: true, options => options with { Connections = 1 });
        Assert.Equal(Enum.GetValues<ChecksumAlgorithm>(), site.Ftp.Checksums);
        var content = RandomNumberGenerator.GetBytes(100_000);
        site.Put("a name with spaces 0 5", content);
        var checksum = await site.Ftp.GetChecksumAsync(site["a name with spaces 0 5"], algorithm, content.Length, Lane.Interactive, FtpSite.Token);
        Assert.Equal(Expected(content, algorithm), Convert.ToHexString(checksum.Span));
        site.Proxy!.ClearCommands();
        await site.Ftp.GetChecksumAsync(site["a name with spaces 0 5"], algorithm, content.Length, Lane.Interactive, FtpSite.Token);
        Assert.Equal(1, site.Proxy.RoundTrips);
        Assert.Equal(RemoteError.NotFound, await ErrorAsync(site, "missing", algorithm));
        site.MakeDirectory("directory");
        Assert.Equal(RemoteError.IsADirectory, await ErrorAsync(site, "directory", algorithm));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task ProFTPD_computes_checksums_by_the_older_commands(ChecksumAlgorithm algorithm)
    {
        if (!FtpServerKinds.IsAvailable(FtpServerKind.ProFtpd, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(FtpServerKind.ProFtpd, new FtpServerOptions { DeniedCommands = ["HASH", "OPTS_HASH"] }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server, proxied: true);
        foreach (var name in new[] { "plain", "with spaces 1" })
        {
            site.Put(name, name);
            var checksum = await site.Ftp.GetChecksumAsync(site[name], algorithm, name.Length, Lane.Interactive, FtpSite.Token);
            Assert.Equal(Expected(System.Text.Encoding.ASCII.GetBytes(name), algorithm), Convert.ToHexString(checksum.Span));
        }

        // ProFTPD takes an empty file for a range that is none.
        site.Put("empty", "");
        Assert.Equal(RemoteError.Unsupported, await ErrorAsync(site, "empty", algorithm));
        Assert.True(site.Proxy!.Commands.Any(line => line.StartsWith('X')), string.Join('\n', site.Proxy.Commands));
    }

    [Theory]
    [MemberData(nameof(KindsWithout))]
    public async Task Servers_without_checksums_offer_none(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        Assert.Empty(site.Ftp.Checksums);
        Assert.Equal(RemoteError.Unsupported, await ErrorAsync(site, "file", ChecksumAlgorithm.Sha256));
    }

    private static Task<RemoteError> ErrorAsync(FtpSite site, string name, ChecksumAlgorithm algorithm) =>
        FtpSite.ErrorOf(() => site.Ftp.GetChecksumAsync(site[name], algorithm, 1, Lane.Interactive, FtpSite.Token).AsTask());

    private static string Expected(byte[] content, ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha256 => Convert.ToHexString(SHA256.HashData(content)),
#pragma warning disable CA5350, CA5351 // compared with what servers compute
        ChecksumAlgorithm.Sha1 => Convert.ToHexString(SHA1.HashData(content)),
        ChecksumAlgorithm.Md5 => Convert.ToHexString(MD5.HashData(content)),
#pragma warning restore CA5350, CA5351
        _ => Crc32(content),
    };

    /// <summary>Bit by bit, as ISO 3309 defines it.</summary>
    private static string Crc32(byte[] content)
    {
        var crc = uint.MaxValue;
        foreach (var b in content)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }

        return (~crc).ToString("X8", System.Globalization.CultureInfo.InvariantCulture);
    }
}
