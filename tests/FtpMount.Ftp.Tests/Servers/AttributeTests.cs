using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class AttributeTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    private static readonly DateTimeOffset Then = new(2021, 3, 4, 5, 6, 7, TimeSpan.Zero);

    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.All];

    [Theory]
    [InlineData(FtpServerKind.InetutilsFtpd)]
    [InlineData(FtpServerKind.BusyboxFtpd)]
    public async Task A_server_that_cannot_set_times_says_so_and_not_that_the_file_is_missing(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => site.Ftp.SetAttributesAsync(
                site["file"], new RemoteAttributeChange { Modified = new DateTimeOffset(2021, 3, 4, 5, 6, 7, TimeSpan.Zero) }, Lane.Interactive, FtpSite.Token).AsTask()));
        }

        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), FtpSite.Token));
        Assert.Single(await site.ListAsync(site.Folder));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Time_and_mode_of_a_file_are_set_in_one_round_trip(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var path = site.Put("file", "1");
        var change = new RemoteAttributeChange { Modified = Then, Mode = Convert.ToInt32("640", 8) };
        await SetAsync(site, "file", change with { Modified = Then.AddDays(1) });
        site.Proxy!.ClearCommands();
        await SetAsync(site, "file", change);
        Assert.Equal(1, site.Proxy.RoundTrips);
        Assert.Equal(Then.UtcDateTime, File.GetLastWriteTimeUtc(path));
        Assert.Equal((UnixFileMode)change.Mode, File.GetUnixFileMode(path));
        Assert.True(site.Ftp.Capabilities.HasFlag(RemoteCapabilities.SetModified | RemoteCapabilities.SetMode));
        Assert.Equal(Then, (await site.StatAsync(site["file"])).Modified!.Value.Value);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_group_is_set_where_the_server_can_and_otherwise_unsupported(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true);
        var path = site.Put("file", "1");
        var group = (await site.StatAsync(site["file"])).GroupId;
        for (var i = 0; i < 2; i++)
        {
            site.Proxy!.ClearCommands();
            if (kind == FtpServerKind.ProFtpd)
            {
                await SetAsync(site, "file", new RemoteAttributeChange { GroupId = group!.Value });
                Assert.Equal([$"MFF UNIX.group={group}; {site["file"].Value}"], site.Proxy.Commands);
            }
            else
            {
                Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => SetAsync(site, "file", new RemoteAttributeChange { GroupId = 1 })));
                Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => SetAsync(site, "file", new RemoteAttributeChange { UserId = 1 })));
            }
        }

        if (kind != FtpServerKind.ProFtpd)
            Assert.Empty(site.Proxy!.Commands); // asked once
        Assert.Equal(kind == FtpServerKind.ProFtpd, site.Ftp.Capabilities.HasFlag(RemoteCapabilities.SetOwner));
        Assert.True(File.Exists(path));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_mode_of_a_directory_is_set(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var path = site.MakeDirectory("dir");
        await SetAsync(site, "dir", new RemoteAttributeChange { Mode = Convert.ToInt32("700", 8) });
        Assert.Equal((UnixFileMode)Convert.ToInt32("700", 8), File.GetUnixFileMode(path));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_time_of_a_directory_is_set_or_unsupported(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var path = site.MakeDirectory("dir");
        var change = new RemoteAttributeChange { Modified = Then };
        if (kind is FtpServerKind.ProFtpd or FtpServerKind.PureFtpd)
        {
            await SetAsync(site, "dir", change);
            Assert.Equal(Then.UtcDateTime, Directory.GetLastWriteTimeUtc(path));
        }
        else
        {
            Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => SetAsync(site, "dir", change)));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Attributes_that_cannot_be_set_say_why(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => SetAsync(site, "missing", new RemoteAttributeChange { Mode = 420 })));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => SetAsync(site, "missing", new RemoteAttributeChange { Modified = Then })));
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => SetAsync(site, "file", new RemoteAttributeChange { UserId = 5 })));
        Assert.Equal(RemoteError.Unsupported, await FtpSite.ErrorOf(() => SetAsync(site, "file", new RemoteAttributeChange { Size = 5 })));
        Assert.Equal(
            RemoteError.Unsupported,
            await FtpSite.ErrorOf(() => site.Ftp.CreateHardLinkAsync(site["file"], site["link"], Lane.Interactive, FtpSite.Token).AsTask()));
        if (!Environment.IsPrivilegedProcess)
            return;
        await File.WriteAllTextAsync(Path.Combine(site.Local, "foreign"), "1", FtpSite.Token);
        Assert.Contains(
            await FtpSite.ErrorOf(() => SetAsync(site, "foreign", new RemoteAttributeChange { Mode = 420 })),
            new[] { RemoteError.AccessDenied });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Publishing_replaces_keeps_time_and_mode_and_costs_two_round_trips(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        site.Put("target", "old");
        var change = new RemoteAttributeChange { Modified = Then, Mode = Convert.ToInt32("750", 8) };
        for (var i = 0; i < 2; i++)
        {
            await site.StoreAsync(site["temporary"], new byte[1000]);
            await site.WaitForReadyAsync();
            site.Proxy!.ClearCommands();
            var entry = await site.Ftp.PublishAsync(site["temporary"], site["target"], 1000, change, Lane.Write, FtpSite.Token);
            Assert.Equal("target", entry.Name);
            Assert.Equal(1000, entry.Size);
            Assert.Equal(Then, entry.Modified!.Value.Value);
            Assert.Equal(change.Mode, entry.Mode);
        }

        Assert.Equal(2, site.Proxy!.RoundTrips);
        Assert.Equal(1000, new FileInfo(Path.Combine(site.Local, "target")).Length);
        Assert.Equal(["target"], (await site.ListAsync(site.Folder)).Select(entry => entry.Name));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Publishing_a_file_of_the_wrong_size_changes_nothing(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("target", "old");
        await site.StoreAsync(site["temporary"], new byte[1000]);
        Assert.Equal(
            RemoteError.ServerFailure,
            await FtpSite.ErrorOf(() => site.Ftp.PublishAsync(site["temporary"], site["target"], 1001, new(), Lane.Write, FtpSite.Token).AsTask()));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(site.Local, "target"), FtpSite.Token));
        Assert.Equal(1000, new FileInfo(Path.Combine(site.Local, "temporary")).Length);
    }

    private static Task SetAsync(FtpSite site, string name, RemoteAttributeChange change) =>
        site.Ftp.SetAttributesAsync(site[name], change, Lane.Interactive, FtpSite.Token).AsTask();
}
