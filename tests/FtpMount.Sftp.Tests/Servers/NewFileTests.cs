using FtpMount.Remote;
using FtpMount.TestServers;

namespace FtpMount.Sftp.Tests.Servers;

/// <summary>Small files that are stored under their own name where nothing is.</summary>
public sealed class NewFileTests(SftpServerFixture servers) : IClassFixture<SftpServerFixture>
{
    public static TheoryData<SftpServerKind> Kinds => new(Enum.GetValues<SftpServerKind>());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_new_file_is_there_whole_with_its_time_and_mode(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        var time = new DateTimeOffset(2011, 2, 3, 4, 5, 6, TimeSpan.Zero);
        foreach (var size in new[] { 0, 1, 10_000, 1_000_000 })
        {
            var content = ContentTests.Noise(size);
            var path = site[$"new-{size}"];
            var entry = await site.Sftp.StoreNewAsync(path, new MemoryStream(content), new RemoteAttributeChange { Modified = time, Mode = 0x180 }, null, Lane.Write, Token);
            Assert.Equal(size, entry.Size);
            Assert.Equal(time, entry.Modified!.Value.Value);
            Assert.Equal(0x180, entry.Mode);
            Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(site.Local, path.Name), Token));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_there_already_is_not_touched(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        site.Put("file", "theirs"u8.ToArray());
        var error = await Assert.ThrowsAsync<RemoteException>(() =>
            site.Sftp.StoreNewAsync(site["file"], new MemoryStream([1, 2, 3]), new RemoteAttributeChange(), null, Lane.Write, Token).AsTask());
        Assert.Equal(RemoteError.AlreadyExists, error.Error);
        Assert.Equal("theirs", await File.ReadAllTextAsync(Path.Combine(site.Local, "file"), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Many_are_stored_at_one_time(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => site.Sftp
            .StoreNewAsync(site[$"file-{i}"], new MemoryStream(ContentTests.Noise(10_000, i)), new RemoteAttributeChange(), null, Lane.Write, Token).AsTask()));
        for (var i = 0; i < 100; i++)
            Assert.Equal(ContentTests.Noise(10_000, i), await File.ReadAllBytesAsync(Path.Combine(site.Local, $"file-{i}"), Token));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_missing_directory_is_told(SftpServerKind kind)
    {
        await using var site = await servers.OpenAsync(kind);
        var error = await Assert.ThrowsAsync<RemoteException>(() =>
            site.Sftp.StoreNewAsync(site["missing"].Combine("file"), new MemoryStream([1]), new RemoteAttributeChange(), null, Lane.Write, Token).AsTask());
        Assert.Equal(RemoteError.NotFound, error.Error);
    }
}
