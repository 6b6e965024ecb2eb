using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class CopyTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> KindsWithout => [.. FtpServerKinds.Every.Where(kind => kind != FtpServerKind.ProFtpd)];

    [Fact]
    public async Task ProFTPD_copies_a_file_without_moving_its_content()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd);
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Copy));
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        site.Put("source file", content);
        site.MakeDirectory("directory");
        var before = site.Ftp.Statistics;
        await CopyAsync(site, "source file", "directory/copy of it");
        Assert.Equal((before.BytesReceived, before.BytesSent), (site.Ftp.Statistics.BytesReceived, site.Ftp.Statistics.BytesSent));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, "directory", "copy of it"), FtpSite.Token));
    }

    [Theory]
    [InlineData("other file")]
    [InlineData("directory")]
    public async Task A_look_at_something_else_before_does_not_change_what_is_copied(string other)
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd, change: options => options with { Connections = 1 });
        site.Put("other file", "other");
        site.MakeDirectory("directory");
        site.Put("directory/inside", "inside");
        site.Put("file", "content");
        var before = Directory.GetFileSystemEntries(site.Server.RootDirectory).Length;
        await site.StatAsync(site[other]);
        await CopyAsync(site, "file", "copy");
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(site.Local, "copy"), FtpSite.Token));
        Assert.Equal(before, Directory.GetFileSystemEntries(site.Server.RootDirectory).Length);
        Assert.Equal(4, Directory.GetFileSystemEntries(site.Local).Length);
    }

    [Fact]
    public async Task A_copy_that_cannot_be_made_says_why()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd);
        site.Put("file", "1");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => CopyAsync(site, "missing", "copy")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => CopyAsync(site, "file", "missing/copy")));
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Copy));
    }

    [Theory]
    [MemberData(nameof(KindsWithout))]
    public async Task A_server_that_does_not_copy_is_asked_once(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        site.Put("file", "1");
        Assert.False(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Copy));
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => CopyAsync(site, "file", "copy")));
        site.Proxy!.ClearCommands();
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => CopyAsync(site, "file", "copy")));
        Assert.Empty(site.Proxy.Commands);
    }

    private static Task CopyAsync(FtpSite site, string source, string target) =>
        site.Ftp.CopyAsync(site[source], site[target], 1, Lane.Write, FtpSite.Token).AsTask();
}
