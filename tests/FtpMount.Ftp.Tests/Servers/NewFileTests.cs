using System.Security.Cryptography;
using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Ftp.Tests.Servers;

/// <summary>Small files that are stored under their own name where nothing is.</summary>
public sealed class NewFileTests(FtpSiteFixture fixture) : IClassFixture<FtpSiteFixture>
{
    public static TheoryData<FtpServerKind> Kinds => [.. FtpServerKinds.Every];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_new_file_is_there_whole_with_its_time_and_mode(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var time = new DateTimeOffset(2011, 2, 3, 4, 5, 6, TimeSpan.Zero);
        foreach (var size in new[] { 0, 1, 10_000, 300_000 })
        {
            var content = RandomNumberGenerator.GetBytes(size);
            var path = site[$"new-{size}"];
            var entry = await site.Ftp.StoreNewAsync(path, new MemoryStream(content), new RemoteAttributeChange { Modified = time, Mode = 0x180 }, null, Lane.Write, FtpSite.Token);
            Assert.Equal(size, entry.Size);
            Assert.Equal(path.Name, entry.Name);
            var local = Path.Combine(site.Local, path.Name);
            Assert.Equal(content, await File.ReadAllBytesAsync(local, FtpSite.Token));
            if (kind is not (FtpServerKind.BusyboxFtpd or FtpServerKind.InetutilsFtpd))
                Assert.Equal(time.UtcDateTime, File.GetLastWriteTimeUtc(local));
            if (kind is not FtpServerKind.BusyboxFtpd)
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(local));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_there_already_is_not_touched(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        site.Put("file", "theirs"u8.ToArray());
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<RemoteException>(() =>
                site.Ftp.StoreNewAsync(site["file"], new MemoryStream([1, 2, 3]), new RemoteAttributeChange(), null, Lane.Write, FtpSite.Token).AsTask());
            Assert.Equal(RemoteError.AlreadyExists, error.Error);
            Assert.Equal("theirs", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), FtpSite.Token));

            // The connection goes on to work.
            await site.Ftp.StoreNewAsync(site[$"other-{i}"], new MemoryStream([1, 2, 3]), new RemoteAttributeChange(), null, Lane.Write, FtpSite.Token);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_missing_directory_is_told(FtpServerKind kind)
    {
        await using var site = await fixture.OpenAsync(kind);
        var error = await Assert.ThrowsAsync<RemoteException>(() =>
            site.Ftp.StoreNewAsync(site["missing"].Combine("file"), new MemoryStream([1]), new RemoteAttributeChange(), null, Lane.Write, FtpSite.Token).AsTask());
        Assert.Equal(RemoteError.NotFound, error.Error);
    }
}
