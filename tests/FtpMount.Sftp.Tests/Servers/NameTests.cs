using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>Names, listings, attributes and links on real servers.</summary>
public sealed class NameTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_listing_has_every_name_once(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        var names = Enumerable.Range(0, 1500).Select(i => $"file {i}").Append(".hidden").Append("übung").ToArray();
        foreach (var name in names)
            File.WriteAllText(Path.Combine(site.Local, name), name);
        site.Server.AdoptFiles(Path.GetFileName(site.Local));
        site.MakeDirectory("sub");
        var entries = await site.ListAsync(site.Folder);
        Assert.Equal([.. names.Append("sub").Order(StringComparer.Ordinal)], entries.Select(e => e.Name).Order(StringComparer.Ordinal));
        Assert.Equal(RemoteKind.Directory, entries.Single(e => e.Name == "sub").Kind);
        Assert.Equal(6, entries.Single(e => e.Name == "file 0").Size);
        Assert.Empty(await site.ListAsync(site["sub"]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Each_refusal_is_the_error_of_a_local_file_system(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.MakeDirectory("full");
        site.Put("full/x", "x");
        site.MakeDirectory("empty");
        site.Put("file", "x");
        site.Put("other", "y");
        var sftp = site.Sftp;
        async Task Fails(RemoteError error, Func<ValueTask> operation) => Assert.Equal(error, await SftpTestSite.ErrorOf(async () => await operation()));
        await Fails(RemoteError.NotFound, async () => await site.StatAsync(site["missing"]));
        await Fails(RemoteError.NotFound, async () => await site.ListAsync(site["missing"]));
        await Fails(RemoteError.NotADirectory, async () => await site.ListAsync(site["file"]));
        await Fails(RemoteError.AlreadyExists, () => sftp.CreateDirectoryAsync(site["empty"], Lane.Interactive, Token));
        await Fails(RemoteError.AlreadyExists, () => sftp.CreateDirectoryAsync(site["file"], Lane.Interactive, Token));
        await Fails(RemoteError.NotFound, () => sftp.CreateDirectoryAsync(site["no/dir"], Lane.Interactive, Token));
        await Fails(RemoteError.NotADirectory, () => sftp.CreateDirectoryAsync(site["file/dir"], Lane.Interactive, Token));
        await Fails(RemoteError.NotEmpty, () => sftp.RemoveDirectoryAsync(site["full"], Lane.Interactive, Token));
        await Fails(RemoteError.NotFound, () => sftp.RemoveDirectoryAsync(site["missing"], Lane.Interactive, Token));
        await Fails(RemoteError.NotADirectory, () => sftp.RemoveDirectoryAsync(site["file"], Lane.Interactive, Token));
        await Fails(RemoteError.IsADirectory, () => sftp.DeleteFileAsync(site["empty"], Lane.Interactive, Token));
        await Fails(RemoteError.NotFound, () => sftp.DeleteFileAsync(site["missing"], Lane.Interactive, Token));
        await Fails(RemoteError.NotFound, () => sftp.RenameAsync(site["missing"], site["x"], true, Lane.Interactive, Token));
        await Fails(RemoteError.AlreadyExists, () => sftp.RenameAsync(site["file"], site["other"], false, Lane.Interactive, Token));
        await Fails(RemoteError.NotEmpty, () => sftp.RenameAsync(site["empty"], site["full"], true, Lane.Interactive, Token));
        await Fails(RemoteError.IsADirectory, () => sftp.RenameAsync(site["file"], site["empty"], true, Lane.Interactive, Token));
        await Fails(RemoteError.NotADirectory, () => sftp.RenameAsync(site["empty"], site["file"], true, Lane.Interactive, Token));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), Token));
        Assert.Equal("y", await File.ReadAllTextAsync(Path.Combine(site.Local, "other"), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_rename_replaces_when_asked_to(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "new");
        site.Put("other", "old");
        await site.Sftp.RenameAsync(site["file"], site["other"], true, Lane.Interactive, Token);
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(site.Local, "other"), Token));
        Assert.Equal(["other"], (await site.ListAsync(site.Folder)).Select(e => e.Name));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_upload_is_published_with_its_time_and_mode(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("target", "old");
        await site.StoreAsync(site[".part"], "new content"u8.ToArray());
        var time = new DateTimeOffset(2021, 3, 4, 5, 6, 7, TimeSpan.Zero);
        var entry = await site.Sftp.PublishAsync(
            site[".part"], site["target"], 11, new RemoteAttributeChange { Modified = time, Mode = Convert.ToInt32("640", 8) }, Lane.Write, Token);
        Assert.Equal(("target", 11L, time, Convert.ToInt32("640", 8)), (entry.Name, entry.Size!.Value, entry.Modified!.Value.Value, entry.Mode!.Value));
        Assert.Equal("new content", await File.ReadAllTextAsync(Path.Combine(site.Local, "target"), Token));
        Assert.Equal(["target"], (await site.ListAsync(site.Folder)).Select(e => e.Name));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_upload_of_the_wrong_size_is_not_published(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("target", "old");
        await site.StoreAsync(site[".part"], "new content"u8.ToArray());
        Assert.Equal(RemoteError.ServerFailure, await SftpTestSite.ErrorOf(async () =>
            await site.Sftp.PublishAsync(site[".part"], site["target"], 12, new RemoteAttributeChange(), Lane.Write, Token)));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(site.Local, "target"), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Attributes_are_set_and_shown(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "0123456789");
        var time = new DateTimeOffset(2019, 8, 7, 6, 5, 4, TimeSpan.Zero);
        await site.Sftp.SetAttributesAsync(
            site["file"], new RemoteAttributeChange { Modified = time, Mode = Convert.ToInt32("600", 8), Size = 4 }, Lane.Interactive, Token);
        var entry = await site.StatAsync(site["file"]);
        Assert.Equal((4L, Convert.ToInt32("600", 8), time), (entry.Size!.Value, entry.Mode!.Value, entry.Modified!.Value.Value));
        Assert.Equal(RemoteError.Unsupported, await SftpTestSite.ErrorOf(async () => await site.Sftp.SetAttributesAsync(
            site["file"], new RemoteAttributeChange { Modified = new DateTimeOffset(1969, 1, 1, 0, 0, 0, TimeSpan.Zero) }, Lane.Interactive, Token)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Links_are_made_and_read_as_they_are(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "x");
        await site.Sftp.CreateSymlinkAsync(site["link"], "file", Lane.Interactive, Token);
        if (kind != SftpServerKind.ProFtpd)
            Assert.Equal("file", new FileInfo(Path.Combine(site.Local, "link")).LinkTarget); // ProFTPD makes targets absolute
        Assert.Equal("file", await site.Sftp.ReadLinkAsync(site["link"], Lane.Interactive, Token));
        Assert.Equal(RemoteKind.Symlink, (await site.StatAsync(site["link"])).Kind);
        Assert.Equal(RemoteError.AlreadyExists, await SftpTestSite.ErrorOf(async () => await site.Sftp.CreateSymlinkAsync(site["link"], "file", Lane.Interactive, Token)));
        await site.Sftp.DeleteFileAsync(site["link"], Lane.Interactive, Token);
        Assert.True(File.Exists(Path.Combine(site.Local, "file")));
    }

    [Fact]
    public async Task A_hard_link_is_the_same_file()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh);
        site.Put("file", "x");
        await site.Sftp.CreateHardLinkAsync(site["file"], site["again"], Lane.Interactive, Token);
        await site.StoreAsync(site["file"], "longer"u8.ToArray());
        Assert.Equal("longer", await File.ReadAllTextAsync(Path.Combine(site.Local, "again"), Token));
        Assert.Equal(RemoteError.AlreadyExists, await SftpTestSite.ErrorOf(async () => await site.Sftp.CreateHardLinkAsync(site["file"], site["again"], Lane.Interactive, Token)));
    }

    [Fact]
    public async Task The_times_of_a_link_are_its_own()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh);
        site.Put("file", "x");
        await site.Sftp.CreateSymlinkAsync(site["link"], "file", Lane.Interactive, Token);
        var time = new DateTimeOffset(2019, 8, 7, 6, 5, 4, TimeSpan.Zero);
        await site.Sftp.SetAttributesAsync(site["link"], new RemoteAttributeChange { Modified = time }, Lane.Interactive, Token);
        Assert.Equal(time, (await site.StatAsync(site["link"])).Modified!.Value.Value);
        Assert.NotEqual(time, (await site.StatAsync(site["file"])).Modified!.Value.Value);
    }

    [Fact]
    public async Task Links_that_lead_out_of_the_mount_are_not_shown()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh);
        site.MakeDirectory("sub");
        site.Put("file", "x");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "up"), "..");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "etc"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "sub", "inside"), "../file");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "sub", "self"), "..");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "trick"), "sub/self/../../etc");
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "sub", "absolute"), Path.Combine(site.Local, "file"));
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "winding"), "sub/../file");
        ValueTask<string> Read(string name) => site.Sftp.ReadLinkAsync(site[name], Lane.Interactive, Token);
        Assert.Equal(RemoteError.AccessDenied, await SftpTestSite.ErrorOf(async () => await Read("up")));
        Assert.Equal(RemoteError.AccessDenied, await SftpTestSite.ErrorOf(async () => await Read("etc")));
        Assert.Equal(RemoteError.AccessDenied, await SftpTestSite.ErrorOf(async () => await Read("trick")));
        Assert.Equal("../file", await Read("sub/inside"));
        Assert.Equal("..", await Read("sub/self"));
        Assert.Equal("../file", await Read("sub/absolute"));
        Assert.Equal("file", await Read("winding"));
        Assert.Equal(RemoteError.AccessDenied, await SftpTestSite.ErrorOf(async () => await site.Sftp.CreateSymlinkAsync(site["bad"], "/etc", Lane.Interactive, Token)));
    }

    [Fact]
    public async Task Links_are_shown_as_they_are_when_asked_for()
    {
        await using var site = await SftpTestSite.OpenAsync(await servers.ServerAsync(SftpServerKind.OpenSsh), change: o => o with { Links = LinkPolicy.AsIs });
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "etc"), "/etc/passwd");
        Assert.Equal("/etc/passwd", await site.Sftp.ReadLinkAsync(site["etc"], Lane.Interactive, Token));
    }

    [Fact]
    public async Task Space_is_that_of_the_server_disk()
    {
        await using var site = await servers.OpenAsync(SftpServerKind.OpenSsh);
        var space = await site.Sftp.GetSpaceAsync(site.Folder, Lane.Interactive, Token);
        Assert.NotNull(space);
        Assert.Equal(new DriveInfo(site.Local).TotalSize, space.Value.TotalBytes);
    }

    [Fact]
    public async Task A_full_disk_says_so()
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("There is no /dev/full here");
        await using var site = await SftpTestSite.OpenAsync(await servers.ServerAsync(SftpServerKind.OpenSsh), change: o => o with { Links = LinkPolicy.AsIs });
        Directory.CreateSymbolicLink(Path.Combine(site.Local, "full"), "/dev/full");
        // WRITE is refused with a mere FAILURE while statvfs of /dev says that there is room: what a quota looks like.
        Assert.Contains(
            await SftpTestSite.ErrorOf(async () => await site.StoreAsync(site["full"], [1], StoreMode.Patch)), (RemoteError[])[RemoteError.NoSpace, RemoteError.QuotaExceeded]);
    }

    [Fact]
    public async Task A_tilde_is_the_login_folder_and_with_a_name_the_home_of_that_user()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        var home = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).First(fields => fields[0] == server.User)[5];
        foreach (var (path, expected) in ((string, string)[])[("~", server.RootDirectory), ("~" + server.User, home)])
        {
            await using var site = await SftpTestSite.OpenAsync(server, change: o => o with { Path = path });
            Assert.Equal(RemotePath.Parse(expected), site.Sftp.Root);
        }
    }

    [Fact]
    public async Task A_tilde_with_the_name_of_nobody_is_the_name_of_a_file()
    {
        var server = await servers.ServerAsync(SftpServerKind.OpenSsh);
        Assert.Equal(RemoteError.NotFound, await SftpTestSite.ErrorOf(() => SftpTestSite.OpenAsync(server, change: o => o with { Path = "~no-such-user" })));
    }
}
