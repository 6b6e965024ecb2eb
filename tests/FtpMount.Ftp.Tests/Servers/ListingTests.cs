using System.Globalization;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

public sealed class ListingTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    /// <summary>Those that tell all of one path in one round trip.</summary>
    public static TheoryData<FtpServerKind> KindsThatDescribe => [.. FtpServerKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listing_gives_kinds_sizes_times_and_modes(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var file = site.Put("file", "12345");
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-3));
        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("640", 8));
        site.MakeDirectory("dir");

        var entries = await site.ListAsync(site.Folder);

        Assert.Equal(["dir", "file"], entries.Select(entry => entry.Name).Order());
        var listed = entries.Single(entry => entry.Name == "file");
        Assert.Equal(RemoteKind.File, listed.Kind);
        Assert.Equal(5, listed.Size);
        Assert.Equal(Convert.ToInt32("640", 8), listed.Mode);
        Assert.True(listed.Modified!.Value.Precision <= TimeSpan.FromMinutes(1));
        Assert.True(listed.Modified.Value.IsConsistentWith(new RemoteTime(Floor(File.GetLastWriteTimeUtc(file)), TimeSpan.FromSeconds(1))));
        Assert.Equal(RemoteKind.Directory, entries.Single(entry => entry.Name == "dir").Kind);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stat_and_listing_agree(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        File.SetUnixFileMode(site.Put("file", "12345"), (UnixFileMode)Convert.ToInt32("751", 8));
        site.Put(".hidden", "1");
        site.Put("with space", "1");
        File.SetUnixFileMode(site.MakeDirectory("dir"), (UnixFileMode)Convert.ToInt32("750", 8));
        // Without files the time zone of LIST is not known: everything is listed before and after it is.
        await site.ListAsync(site.Folder);
        foreach (var listed in await site.ListAsync(site.Folder))
        {
            var stat = await site.StatAsync(site.Folder.Combine(listed.Name));
            Assert.Equal(listed.Name, stat.Name);
            Assert.Equal(listed.Kind, stat.Kind);
            // inetutils splits the argument of STAT at the space, and neither of the small servers describes a directory but by its listing.
            if (!FtpServerKinds.ListOnly.Contains(kind) || stat.Mode is not null)
            {
                Assert.Equal(listed.Mode, stat.Mode);
                Assert.Equal(listed.UserId, stat.UserId);
                Assert.Equal(listed.GroupId, stat.GroupId);
            }

            if (listed.Kind == RemoteKind.File)
                Assert.Equal(listed.Size, stat.Size);
            Assert.True(stat.Modified is null ? FtpServerKinds.ListOnly.Contains(kind) : listed.Modified!.Value.IsConsistentWith(stat.Modified.Value), $"{listed.Name}: {listed.Modified} {stat.Modified}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Hidden_files_are_listed(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put(".hidden", "1");
        Assert.Contains(await site.ListAsync(site.Folder), entry => entry.Name == ".hidden");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Empty_directory_lists_as_empty(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Assert.Empty(await site.ListAsync(site.Folder));
        Assert.Empty(await site.ListAsync(site.Folder));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listing_of_a_missing_directory_is_not_found(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ListAsync(site["missing"])));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.ListAsync(site["missing/below"])));
        await site.ListAsync(site.Folder);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listing_of_a_file_is_not_a_directory(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        Assert.Equal(RemoteError.NotADirectory, await FtpSite.ErrorOf(() => site.ListAsync(site["file"])));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listing_of_a_locked_directory_is_denied(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Lock(site, "locked");
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => site.ListAsync(site["locked"])));
    }

    /// <summary>Pure-FTPd forbids backslashes; this pyftpdlib cannot make directories whose names are not UTF-8, and busybox cannot list them.</summary>
    private static IEnumerable<string> OddNamesOf(FtpServerKind kind) => kind switch
    {
        FtpServerKind.PureFtpd => OddNames.Where(name => !name.Contains('\\')),
        FtpServerKind.Pyftpdlib or FtpServerKind.BusyboxFtpd => OddNames.Where(name => !name.Any(c => c is >= '\uDC80' and <= '\uDCFF') || name.Any(char.IsHighSurrogate)),
        _ => OddNames,
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Odd_directory_names_can_be_listed(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var names = OddNamesOf(kind).ToList();
        foreach (var name in names)
        {
            if (name.Any(char.IsLowSurrogate) && !name.Any(char.IsHighSurrogate))
                await site.Ftp.CreateDirectoryAsync(site[name], Lane.Interactive, FtpSite.Token); // .NET cannot make such a name
            else
                site.MakeDirectory(name);
            await site.StoreAsync(site[name].Combine("inside"), "x"u8.ToArray());
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), (await site.ListAsync(site.Folder)).Select(entry => entry.Name).Order(StringComparer.Ordinal));
        foreach (var name in names)
        {
            Assert.Equal(["inside"], (await site.ListAsync(site[name])).Select(entry => entry.Name));
            Assert.Equal(RemoteKind.Directory, (await site.StatAsync(site[name])).Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stat_of_what_is_missing_is_not_found(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "1");
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site["missing"]).AsTask()));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site["missing/below"]).AsTask()));
        Assert.Equal(RemoteError.NotFound, await FtpSite.ErrorOf(() => site.StatAsync(site["file/below"]).AsTask()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stat_below_a_locked_directory_is_denied(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Lock(site, "locked");
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => site.StatAsync(site["locked/inside"]).AsTask()));
        Assert.Equal(RemoteError.AccessDenied, await FtpSite.ErrorOf(() => site.StatAsync(site["locked/missing"]).AsTask()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Stat_of_the_root_works(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        Assert.Equal(RemotePath.Parse(site.Server.LoginFolder), site.Ftp.Root);
        var root = await site.StatAsync(RemotePath.Root);
        Assert.Equal(RemoteKind.Directory, root.Kind);
        Assert.Equal("", root.Name);
    }

    [Theory]
    [MemberData(nameof(KindsThatDescribe))]
    public async Task Stat_costs_one_round_trip(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        site.Put("file", "1");
        site.MakeDirectory("dir");
        await site.StatAsync(site["file"]); // learns what the server has
        await site.StatAsync(site["dir"]);
        foreach (var name in new[] { "file", "dir" })
        {
            site.Proxy!.ClearCommands();
            await site.StatAsync(site[name]);
            Assert.Equal(1, site.Proxy.RoundTrips);
        }

        await FtpSite.ErrorOf(() => site.StatAsync(site["missing"]).AsTask());
        site.Proxy!.ClearCommands();
        await FtpSite.ErrorOf(() => site.StatAsync(site["missing2"]).AsTask());
        Assert.InRange(site.Proxy.RoundTrips, 1, kind == FtpServerKind.Vsftpd ? 2 : 1);
        Assert.Equal(0, site.Proxy.CountCommands("LIST"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Listing_costs_one_round_trip_and_where_there_is_only_LIST_one_more_for_the_times(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, proxied: true, options => options with { Connections = 1 });
        site.Put("file", "1");
        await site.ListAsync(site.Folder);
        var commands = await site.CommandsOfAsync(() => site.ListAsync(site.Folder));
        // EPSV is for the next transfer: nobody waits for it alone, and the times are asked behind it.
        var timed = kind == FtpServerKind.Vsftpd || FtpServerKinds.ListOnly.Contains(kind);
        Assert.Equal(timed ? 2 : 1, commands.Count - commands.ToList().IndexOf("EPSV"));
        Assert.InRange(site.Proxy!.RoundTrips, 2, timed ? 3 : 2); // three when EPSV is answered before the question for the times is sent
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Many_entries_are_streamed_and_leaving_early_does_not_disturb_the_next_listing(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Connections = 1 });
        const int Count = 5000;
        for (var i = 0; i < Count; i++)
            File.WriteAllText(Path.Combine(site.Local, "file-with-a-long-name-" + i.ToString(CultureInfo.InvariantCulture)), "");
        Assert.Equal(Count, (await site.ListAsync(site.Folder)).Count);
        for (var i = 0; i < 3; i++)
        {
            await foreach (var entry in site.Ftp.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
                break;
        }

        Assert.Equal(Count, (await site.ListAsync(site.Folder)).Count);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Leaving_a_short_listing_early_keeps_the_session(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind, change: options => options with { Connections = 1 });
        for (var i = 0; i < 100; i++)
            File.WriteAllText(Path.Combine(site.Local, i.ToString(CultureInfo.InvariantCulture)), "");
        for (var i = 0; i < 3; i++)
        {
            await foreach (var entry in site.Ftp.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
                break;
        }

        Assert.Equal(100, (await site.ListAsync(site.Folder)).Count);
        Assert.Equal(1, site.Ftp.Statistics.ConnectionsMade);
    }

    [Fact]
    public async Task A_listing_that_Pure_FTPd_cuts_short_ends_with_a_failure()
    {
        await using var site = await fixture.OpenAsync(FtpServerKind.PureFtpd);
        for (var i = 0; i < 10_100; i++)
            File.WriteAllText(Path.Combine(site.Local, i.ToString(CultureInfo.InvariantCulture)), "");
        var seen = 0;
        var failure = await Assert.ThrowsAsync<RemoteException>(async () =>
        {
            await foreach (var entry in site.Ftp.ListAsync(site.Folder, Lane.Interactive, FtpSite.Token))
                seen++;
        });
        Assert.Equal(RemoteError.ServerFailure, failure.Error);
        Assert.InRange(seen, 9_000, 10_000);
    }

    internal static readonly string[] OddNames =
        [" leading", "[brackets]", "star*", "question?", "-dash", "{brace}", "quote\"d", "back\\slash", "semi;colon", "a  b", "emoji \U0001F600", "n\uDCE9n-utf8", "ÿÿ ff", "\uDCFFraw\uDCFF\uDCFF", "50%", "#hash", "~tilde", "dots..", "comma,"];

    private static DateTimeOffset Floor(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static void Lock(FtpSite site, string name)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Skip("A directory that the FTP user may not enter needs another owner.");
        var path = Path.Combine(site.Local, name);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "inside"), "1");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
