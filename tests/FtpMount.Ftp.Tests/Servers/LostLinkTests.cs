using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>The link is cut in the middle of a change: it happens once, whether or not the server had done it already.</summary>
public sealed class LostLinkTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind, bool> Cuts
    {
        get
        {
            var rows = new TheoryData<FtpServerKind, bool>();
            foreach (var kind in FtpServerKinds.Every)
            {
                rows.Add(kind, false);
                rows.Add(kind, true);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_directory_is_made_once(FtpServerKind kind, bool answered)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        site.Proxy!.CutOn("MKD", answered);
        await site.Ftp.CreateDirectoryAsync(site["new"], Lane.Interactive, FtpSite.Token);
        Assert.True(Directory.Exists(Path.Combine(site.Local, "new")));
        Assert.Equal(2, site.Proxy.AcceptedConnections);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_directory_is_removed_once(FtpServerKind kind, bool answered)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var local = site.MakeDirectory("old");
        site.Proxy!.CutOn("RMD", answered);
        await site.Ftp.RemoveDirectoryAsync(site["old"], Lane.Interactive, FtpSite.Token);
        Assert.False(Directory.Exists(local));
        Assert.Equal(2, site.Proxy.AcceptedConnections);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_file_is_deleted_once(FtpServerKind kind, bool answered)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var local = site.Put("file", "1");
        site.Proxy!.CutOn("DELE", answered);
        await site.Ftp.DeleteFileAsync(site["file"], Lane.Interactive, FtpSite.Token);
        Assert.False(File.Exists(local));
        Assert.Equal(2, site.Proxy.AcceptedConnections);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task A_file_is_renamed_once(FtpServerKind kind, bool answered)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var local = site.Put("file", "1");
        site.Proxy!.CutOn("RNTO", answered);
        await site.Ftp.RenameAsync(site["file"], site["renamed"], replace: true, Lane.Interactive, FtpSite.Token);
        Assert.False(File.Exists(local));
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(site.Local, "renamed"), FtpSite.Token));
        Assert.Equal(2, site.Proxy.AcceptedConnections);
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task An_upload_is_published_once(FtpServerKind kind, bool answered)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        site.Put("file", "old");
        site.Put("file.part", "newer");
        site.Proxy!.CutOn("RNTO", answered);
        var entry = await site.Ftp.PublishAsync(site["file.part"], site["file"], 5, new RemoteAttributeChange(), Lane.Write, FtpSite.Token);
        Assert.Equal(5, entry.Size);
        Assert.Equal("newer", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
        Assert.False(File.Exists(Path.Combine(site.Local, "file.part")));
        Assert.Equal(2, site.Proxy.AcceptedConnections);
    }
}
