using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class LinkTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    /// <summary>pyftpdlib shows links as what they lead to, in listings and alone.</summary>
    public static TheoryData<FtpServerKind> KindsThatShowLinks => [.. FtpServerKinds.All.Where(kind => kind != FtpServerKind.Pyftpdlib)];

    public static TheoryData<FtpServerKind> KindsWithoutLinkCommand => [.. FtpServerKinds.All.Where(kind => kind != FtpServerKind.ProFtpd)];

    [Theory]
    [MemberData(nameof(KindsThatShowLinks))]
    public async Task A_link_is_a_link_with_its_target_in_a_listing_and_alone(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "12345");
        site.MakeDirectory("directory");
        site.Put("full rights", "1234");
        File.SetUnixFileMode(Path.Combine(site.Local, "full rights"), (UnixFileMode)0x1FF);
        Link(site, "to-file", "file");
        Link(site, "to-directory", "directory");
        Link(site, "to [odd] name", "full rights");
        Link(site, "up", "../" + site.Folder.Name + "/file");

        var listed = (await site.ListAsync(site.Folder)).ToDictionary(entry => entry.Name);
        foreach (var (name, target) in new[] { ("to-file", "file"), ("to-directory", "directory"), ("to [odd] name", "full rights"), ("up", "../" + site.Folder.Name + "/file") })
        {
            Assert.Equal((RemoteKind.Symlink, target), (listed[name].Kind, listed[name].LinkTarget));
            Assert.Equal(RemoteKind.Symlink, (await site.StatAsync(site[name])).Kind);
            Assert.Equal(target, await ReadLinkAsync(site, name));
        }

        Assert.Equal((RemoteKind.File, 4L), (listed["full rights"].Kind, listed["full rights"].Size));
        Assert.Equal((RemoteKind.File, 4L), ((await site.StatAsync(site["full rights"])).Kind, (await site.StatAsync(site["full rights"])).Size));
        Assert.Equal(RemoteKind.Directory, (await site.StatAsync(site["directory"])).Kind);
        Assert.Equal("12345"u8.ToArray(), await site.ReadAsync(site["to-file"]));
    }

    [Theory]
    [MemberData(nameof(KindsThatShowLinks))]
    public async Task A_link_that_leads_nowhere_is_there(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Link(site, "dangling", "missing");
        if (kind != FtpServerKind.Vsftpd)
        {
            // vsftpd tells nothing of it but in listings.
            Assert.Equal(RemoteKind.Symlink, (await site.StatAsync(site["dangling"])).Kind);
            Assert.Equal("missing", await ReadLinkAsync(site, "dangling"));
        }

        // ProFTPD's MLSD leaves it out: it is listed from the first look at it on.
        Assert.Equal(["dangling"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site["missing"]).AsTask()));
        await site.Ftp.DeleteFileAsync(site["dangling"], Lane.Interactive, FtpSite.Token);
        Assert.Empty(await site.ListAsync(site.Folder));
    }

    [Theory]
    [MemberData(nameof(KindsThatShowLinks))]
    public async Task A_target_in_the_folder_that_is_shown_is_relative_and_one_that_leads_out_of_it_is_not_shown(FtpServerKind kind)
    {
        await using var outer = await fixture.OpenAsync(kind);
        outer.MakeDirectory("shown");
        outer.MakeDirectory("shown/deep");
        outer.Put("shown/file", "1");
        outer.Put("outside", "2");
        var prefix = outer.Folder.Value + "/shown";
        Link(outer, "shown/deep/absolute", prefix + "/file");
        Link(outer, "shown/deep/root", prefix);
        Link(outer, "shown/deep/above", "../../outside");
        Link(outer, "shown/deep/aside", outer.Folder.Value + "/outside");
        Link(outer, "shown/deep/around", "x/../../file");
        await using var ftp = await FtpFileSystem.ConnectAsync(
            new FtpOptions { Host = outer.Server.Host, Port = outer.Server.Port, User = outer.Server.User, Password = outer.Server.Password, Path = prefix },
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance,
            FtpSite.Token);
        var deep = ftp.Root.Combine("deep");
        // ProFTPD hides links from MLSD that lead nowhere within the session's root until it is asked for one.
        Assert.Equal("../file", await ftp.ReadLinkAsync(deep.Combine("absolute"), Lane.Interactive, FtpSite.Token));
        Assert.Equal("..", await ftp.ReadLinkAsync(deep.Combine("root"), Lane.Interactive, FtpSite.Token));
        foreach (var name in new[] { "above", "aside" })
        {
            var path = deep.Combine(name);
            Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => ftp.ReadLinkAsync(path, Lane.Interactive, FtpSite.Token).AsTask()));
        }

        var listed = new Dictionary<string, RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(deep, Lane.Interactive, FtpSite.Token))
            listed.Add(entry.Name, entry);
        Assert.Equal(["above", "absolute", "around", "aside", "root"], listed.Keys.Order(StringComparer.Ordinal));
        Assert.All(listed.Values, entry => Assert.Equal(RemoteKind.Symlink, entry.Kind));
        Assert.Equal(("../file", "..", null, null, null), (listed["absolute"].LinkTarget, listed["root"].LinkTarget, listed["above"].LinkTarget, listed["aside"].LinkTarget, listed["around"].LinkTarget));
    }

    [Fact]
    public async Task ProFTPD_makes_links_that_read_as_they_were_wanted()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd);
        site.Put("file", "12345");
        site.MakeDirectory("directory");
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Symlinks));
        await CreateAsync(site, "link", "file");
        await CreateAsync(site, "directory/up", "../file");
        await CreateAsync(site, "to-directory", "directory");
        Assert.Equal("file", await ReadLinkAsync(site, "link"));
        Assert.Equal("../file", await ReadLinkAsync(site, "directory/up"));
        Assert.Equal("directory", await ReadLinkAsync(site, "to-directory"));
        Assert.Equal("12345"u8.ToArray(), await site.ReadAsync(site["directory/up"]));
        Assert.Equal(RemoteError.AlreadyExists, await FtpSite.ErrorOf(() => CreateAsync(site, "link", "file")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => CreateAsync(site, "missing/link", "file")));

        // The server would make another link, or none.
        foreach (var target in new[] { "nowhere", "./file", "/etc/passwd", "a b", "directory/../file" })
        {
            Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => CreateAsync(site, "refused", target)));
            Assert.False(File.Exists(Path.Combine(site.Local, "refused")) || new FileInfo(Path.Combine(site.Local, "refused")).LinkTarget is not null, target);
        }
    }

    [Theory]
    [MemberData(nameof(KindsWithoutLinkCommand))]
    public async Task A_server_without_a_command_for_links_is_asked_once(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        site.Put("file", "12345");
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => CreateAsync(site, "link", "file")));
        Assert.False(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.Symlinks));
        var asked = site.Proxy!.CountCommands("SITE");
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => CreateAsync(site, "link", "file")));
        Assert.Equal(asked, site.Proxy.CountCommands("SITE"));
    }

    [Fact]
    public async Task A_listing_with_links_costs_ProFTPD_one_more_listing_and_one_without_costs_nothing()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.ProFtpd, proxied: true, options => options with { Connections = 1 });
        site.MakeDirectory("plain");
        site.Put("plain/a", "1");
        site.MakeDirectory("links");
        for (var i = 0; i < 20; i++)
            Link(site, "links/l" + i, "../plain/a");
        await site.ListAsync(site.Folder);
        site.Proxy!.ClearCommands();
        await site.ListAsync(site["plain"]);
        Assert.Equal(0, site.Proxy.CountCommands("LIST"));
        site.Proxy.ClearCommands();
        Assert.All(await site.ListAsync(site["links"]), entry => Assert.Equal("../plain/a", entry.LinkTarget));
        Assert.Equal((1, 1), (site.Proxy.CountCommands("MLSD"), site.Proxy.CountCommands("LIST")));
    }

    private static void Link(FtpSite site, string name, string target) => File.CreateSymbolicLink(Path.Combine(site.Local, name), target);

    private static Task CreateAsync(FtpSite site, string name, string target) =>
        site.Ftp.CreateSymlinkAsync(site[name], target, Lane.Interactive, FtpSite.Token).AsTask();

    private static Task<string> ReadLinkAsync(FtpSite site, string name) => site.Ftp.ReadLinkAsync(site[name], Lane.Interactive, FtpSite.Token).AsTask();
}
