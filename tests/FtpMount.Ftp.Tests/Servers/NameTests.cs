using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class NameTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Directories_are_made_and_removed(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        await MakeAsync(site, "dir");
        Assert.True(Directory.Exists(Path.Combine(site.Local, "dir")));
        await RemoveAsync(site, "dir");
        Assert.False(Directory.Exists(Path.Combine(site.Local, "dir")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Making_a_directory_that_cannot_be_made_says_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("dir");
        site.Put("file", "1");
        Assert.Equal(RemoteError.AlreadyExists, await FtpSite.ErrorOf(() => MakeAsync(site, "dir")));
        Assert.Equal(RemoteError.AlreadyExists, await FtpSite.ErrorOf(() => MakeAsync(site, "file")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => MakeAsync(site, "missing/dir")));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => MakeAsync(site, "file/dir")));
        if (!Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(Path.Combine(site.Local, "readonly"));
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => MakeAsync(site, "readonly/dir")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Removing_a_directory_that_cannot_be_removed_says_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("full");
        site.Put("full/file", "1");
        Assert.Equal(RemoteError.NotEmpty, await FtpSite.ErrorOf(() => RemoveAsync(site, "full")));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => RemoveAsync(site, "full/file")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => RemoveAsync(site, "missing")));
        if (!Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(Path.Combine(site.Local, "readonly/empty"));
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => RemoveAsync(site, "readonly/empty")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Files_are_deleted(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.MakeDirectory("dir");
        site.Put("file", "1");
        await DeleteAsync(site, "file");
        Assert.False(File.Exists(Path.Combine(site.Local, "file")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => DeleteAsync(site, "file")));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => DeleteAsync(site, "missing/file")));
        // The BSD family's DELE removes empty directories, too; a mount asks for files only.
        if (kind != FtpServerKind.InetutilsFtpd)
            Assert.Equal(RemoteError.IsADirectory, await FtpSite.ErrorOf(() => DeleteAsync(site, "dir")));
        if (!Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(Path.Combine(site.Local, "readonly"));
        await File.WriteAllTextAsync(Path.Combine(site.Local, "readonly/file"), "1", FtpSite.Token);
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => DeleteAsync(site, "readonly/file")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Files_and_directories_are_renamed(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("a", "a");
        site.MakeDirectory("dir");
        site.Put("dir/in", "in");
        await RenameAsync(site, "a", "b", replace: false);
        await RenameAsync(site, "b", "dir/c", replace: true);
        await RenameAsync(site, "dir", "moved", replace: false);
        Assert.Equal("a", await File.ReadAllTextAsync(Path.Combine(site.Local, "moved/c"), FtpSite.Token));
        Assert.Equal(["moved"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_rename_replaces_a_file_when_told_to(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("new", "new");
        site.Put("old", "old");
        Assert.Equal(RemoteError.AlreadyExists, await FtpSite.ErrorOf(() => RenameAsync(site, "new", "old", replace: false)));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(site.Local, "old"), FtpSite.Token));
        await RenameAsync(site, "new", "old", replace: true);
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(site.Local, "old"), FtpSite.Token));
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.AtomicReplace));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Renames_that_cannot_be_say_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        site.MakeDirectory("dir");
        site.MakeDirectory("full");
        site.Put("full/in", "1");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => RenameAsync(site, "missing", "x", true)));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => RenameAsync(site, "file", "missing/x", true)));
        Assert.Equal(RemoteError.IsADirectory, await FtpSite.ErrorOf(() => RenameAsync(site, "file", "dir", true)));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => RenameAsync(site, "dir", "file", true)));
        Assert.Equal(RemoteError.NotEmpty, await FtpSite.ErrorOf(() => RenameAsync(site, "dir", "full", true)));
        Assert.Equal(RemoteError.AlreadyExists, await FtpSite.ErrorOf(() => RenameAsync(site, "file", "dir", false)));
        Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => RenameAsync(site, "dir", "dir/below", true)));
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => RenameAsync(site, "dir", "file/x", true)));
        Assert.True(File.Exists(Path.Combine(site.Local, "file")));
        if (!Environment.IsPrivilegedProcess)
            return;
        Directory.CreateDirectory(Path.Combine(site.Local, "readonly"));
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => RenameAsync(site, "file", "readonly/x", true)));
    }

    [Fact]
    public async Task Where_the_server_does_not_replace_it_is_done_in_steps_and_the_capabilities_say_so()
    {
        if (!FtpServerKinds.IsAvailable(FtpServerKind.ProFtpd, out var reason))
            Assert.Skip(reason);
        await using var server = await FtpTestServer.StartAsync(FtpServerKind.ProFtpd, new FtpServerOptions { ForbidOverwrite = true }, FtpSite.Token);
        await using var site = await FtpSite.OpenAsync(server);
        site.Put("new", "new");
        site.Put("old", "old");
        await RenameAsync(site, "new", "old", replace: true);
        Assert.Equal("new", await File.ReadAllTextAsync(Path.Combine(site.Local, "old"), FtpSite.Token));
        Assert.False(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.AtomicReplace));
        Assert.Equal(["old"], Directory.GetFileSystemEntries(site.Local).Select(Path.GetFileName));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Names_that_end_with_a_space_are_kept_or_refused(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        if (kind == FtpServerKind.PureFtpd)
        {
            Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => RenameAsync(site, "file", "end ", true)));
            Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => MakeAsync(site, "dir ")));
            Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => site.StoreAsync(site["stored "], [1]).AsTask()));
            Assert.Equal(["file"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
        }
        else
        {
            await RenameAsync(site, "file", "end ", true);
            await MakeAsync(site, "dir ");
            await site.StoreAsync(site["stored "], [1]);
            Assert.Equal(["dir ", "end ", "stored "], (await site.ListAsync(site.Folder)).Select(entry => entry.Name).Order());
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Names_with_control_characters_are_kept_or_refused(FtpServerKind kind)
    {
        foreach (var name in (string[])["a\ttab", "bell\u0007", "\u0001start", "esc\u001B[31m", "del\u007F"])
        {
            await using var site = await fixture.OpenAsync(kind);
            site.Put("file", "1");
            if (kind is FtpServerKind.PureFtpd or FtpServerKind.BusyboxFtpd)
            {
                await site.ListAsync(site.Folder);
                Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => site.StoreAsync(site[name], [1]).AsTask()));
                Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => MakeAsync(site, name)));
                Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => RenameAsync(site, "file", name, true)));
                Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site[name]).AsTask()));
                Assert.Equal(["file"], Directory.GetFileSystemEntries(site.Local).Select(Path.GetFileName));
            }
            else
            {
                await site.StoreAsync(site[name], [1]);
                await MakeAsync(site, name + "dir");
                await RenameAsync(site, "file", name + "moved", true);
                string[] expected = [name, name + "dir", name + "moved"];
                Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.GetFileSystemEntries(site.Local).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
                Assert.Equal(expected.Order(StringComparer.Ordinal), (await site.ListAsync(site.Folder)).Select(entry => entry.Name).Order(StringComparer.Ordinal));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Odd_file_names_survive_every_operation(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var done = new List<string>();
        foreach (var name in ListingTests.OddNames)
        {
            if (kind == FtpServerKind.PureFtpd && name.Contains('\\'))
                continue;
            if (kind == FtpServerKind.BusyboxFtpd && name.Contains('\uDCE9') | name.Contains('\uDCFF'))
            {
                await site.ListAsync(site.Folder);
                Assert.Equal(RemoteError.InvalidName, await FtpSite.ErrorOf(() => site.StoreAsync(site[name], [1]).AsTask()));
                continue;
            }

            await site.StoreAsync(site[name], [1, 2, 3]);
            Assert.Equal([1, 2, 3], await site.ReadAsync(site[name]));
            var stat = await site.StatAsync(site[name]);
            Assert.Equal((name, RemoteKind.File, 3), (stat.Name, stat.Kind, stat.Size));
            try
            {
                await site.Ftp.RenameAsync(site[name], site[name + "2"], true, Lane.Interactive, FtpSite.Token);
                done.Add(name + "2");
            }
            catch (RemoteException e) when (kind == FtpServerKind.Pyftpdlib && e.Error == RemoteError.InvalidName)
            {
                done.Add(name);
            }
        }

        Assert.Equal(done.Order(StringComparer.Ordinal), (await site.ListAsync(site.Folder)).Select(entry => entry.Name).Order(StringComparer.Ordinal));
        foreach (var name in done)
            await DeleteAsync(site, name);
        Assert.Empty(await site.ListAsync(site.Folder));
    }

    private static Task MakeAsync(FtpSite site, string name) => site.Ftp.CreateDirectoryAsync(site[name], Lane.Interactive, FtpSite.Token).AsTask();

    private static Task RemoveAsync(FtpSite site, string name) => site.Ftp.RemoveDirectoryAsync(site[name], Lane.Interactive, FtpSite.Token).AsTask();

    private static Task DeleteAsync(FtpSite site, string name) => site.Ftp.DeleteFileAsync(site[name], Lane.Interactive, FtpSite.Token).AsTask();

    private static Task RenameAsync(FtpSite site, string from, string to, bool replace) =>
        site.Ftp.RenameAsync(site[from], site[to], replace, Lane.Interactive, FtpSite.Token).AsTask();
}
