using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Whole conversations with servers that are not at hand: looking, reading, writing.</summary>
public sealed class DialectTests
{
    private static readonly FtpDialect[] All = [FtpDialect.Iis, FtpDialect.ServU, FtpDialect.FileZilla, FtpDialect.Vms, FtpDialect.Zos];

    public static TheoryData<string> Dialects => [.. All.Select(dialect => dialect.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Files_are_listed_read_and_written(string name)
    {
        await using var server = new DialectServer(All.Single(dialect => dialect.Name == name));
        var home = server.Home == "/" ? "" : server.Home;
        server[home + "/README.TXT"] = "hello world"u8.ToArray();
        server[home + "/A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN.DAT"] = new byte[1000];
        server[home + "/PUB"] = null;
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token);
        Assert.Equal(RemotePath.Parse(server.Home), ftp.Root);

        for (var round = 0; round < 2; round++)
        {
            var entries = (await ListAsync(ftp, ftp.Root)).ToDictionary(entry => entry.Name);
            Assert.Equal(["A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN.DAT", "PUB", "README.TXT"], entries.Keys.Order(StringComparer.Ordinal));
            Assert.Equal((RemoteKind.File, 11L), (entries["README.TXT"].Kind, entries["README.TXT"].Size!.Value));
            Assert.Equal((RemoteKind.File, 1000L), (entries["A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN.DAT"].Kind, entries["A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN.DAT"].Size!.Value));
            Assert.Equal(RemoteKind.Directory, entries["PUB"].Kind);
            Assert.Equal(DialectServer.Time, entries["README.TXT"].Modified!.Value.Value.UtcDateTime, TimeSpan.FromSeconds(1));
        }

        var readme = ftp.Root.Combine("README.TXT");
        Assert.Equal("hello world", await ReadAsync(ftp, readme, 0));
        Assert.Equal("world", await ReadAsync(ftp, readme, 6));
        var stat = await ftp.StatAsync(readme, Lane.Interactive, Token);
        Assert.Equal((RemoteKind.File, 11L), (stat.Kind, stat.Size!.Value));
        Assert.Equal(RemoteError.NotFound, await ErrorOf(() => ftp.StatAsync(ftp.Root.Combine("MISSING"), Lane.Interactive, Token).AsTask()));
        Assert.Empty(await ListAsync(ftp, ftp.Root.Combine("PUB")));

        var written = ftp.Root.Combine("PUB").Combine("NEW.TXT");
        await ftp.StoreAsync(written, new MemoryStream("written"u8.ToArray()), StoreMode.Whole, 0, null, Lane.Write, Token);
        Assert.Equal("written"u8.ToArray(), server[home + "/PUB/NEW.TXT"]);
        Assert.Equal("written", await ReadAsync(ftp, written, 0));
        Assert.Equal(["NEW.TXT"], (await ListAsync(ftp, ftp.Root.Combine("PUB"))).Select(entry => entry.Name));

        // Replacing works whether the server can do it in one step or not, and nothing is left over.
        await ftp.RenameAsync(written, readme, replace: true, Lane.Interactive, Token);
        Assert.Equal("written", await ReadAsync(ftp, readme, 0));
        Assert.Empty(await ListAsync(ftp, ftp.Root.Combine("PUB")));
        Assert.Equal(3, (await ListAsync(ftp, ftp.Root)).Count);

        await ftp.CreateDirectoryAsync(ftp.Root.Combine("MADE"), Lane.Interactive, Token);
        Assert.Equal(RemoteError.AlreadyExists, await ErrorOf(() => ftp.CreateDirectoryAsync(ftp.Root.Combine("MADE"), Lane.Interactive, Token).AsTask()));
        await ftp.RemoveDirectoryAsync(ftp.Root.Combine("MADE"), Lane.Interactive, Token);
        await ftp.DeleteFileAsync(readme, Lane.Interactive, Token);
        Assert.Equal(RemoteError.NotFound, await ErrorOf(() => ftp.DeleteFileAsync(readme, Lane.Interactive, Token).AsTask()));
        Assert.False(server.Has(home + "/README.TXT"));
        Assert.Equal(["A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN.DAT", "PUB"], (await ListAsync(ftp, ftp.Root)).Select(entry => entry.Name).Order(StringComparer.Ordinal));
    }

    private static async Task<List<RemoteEntry>> ListAsync(FtpFileSystem ftp, RemotePath directory)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(directory, Lane.Interactive, Token))
            entries.Add(entry);
        return entries;
    }

    private static async Task<string> ReadAsync(FtpFileSystem ftp, RemotePath path, long offset)
    {
        await using var reader = await ftp.OpenReadAsync(path, offset, null, Lane.Read, Token);
        var result = new MemoryStream();
        var buffer = new byte[100];
        while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
            result.Write(buffer, 0, count);
        return System.Text.Encoding.ASCII.GetString(result.ToArray());
    }

    private static async Task<RemoteError> ErrorOf(Func<Task> operation) => (await Assert.ThrowsAsync<RemoteException>(operation)).Error;
}
