using System.Globalization;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

public sealed class ListedTimesTests
{
    private static readonly DateTime Time = DateTime.UtcNow.Date.AddDays(-10).AddHours(12).AddMinutes(34).AddSeconds(56);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_time_zone_is_learned_from_the_first_time_and_applies_to_what_has_none()
    {
        await using var server = Server(Line("drwxr-xr-x", "dir") + Line("-rw-r--r--", "refused") + Line("-rw-r--r--", "file"), line => line switch
        {
            "MDTM /file" => "213 " + Time.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) + "\r\n",
            _ => "550 no\r\n",
        });
        await using var ftp = await ConnectAsync(server);
        for (var round = 0; round < 2; round++)
        {
            var entries = (await ListAsync(ftp)).ToDictionary(entry => entry.Name, entry => entry.Modified);
            Assert.Equal(new RemoteTime(new DateTimeOffset(Time, TimeSpan.Zero), TimeSpan.FromSeconds(1)), entries["file"]);
            var minute = new RemoteTime(new DateTimeOffset(Time.AddSeconds(-Time.Second), TimeSpan.Zero), TimeSpan.FromMinutes(1));
            Assert.Equal(minute, entries["dir"]);
            Assert.Equal(minute, entries["refused"]);
            Assert.Equal(3, entries.Count);
        }

        Assert.Equal(4, server.Commands.Count(line => line.StartsWith("MDTM", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("500 unknown\r\n")]
    [InlineData("502 unknown\r\n")]
    public async Task A_server_without_MDTM_is_asked_in_one_listing_only(string reply)
    {
        await using var server = Server(string.Concat(Enumerable.Range(0, 300).Select(i => Line("-rw-r--r--", "f" + i))), _ => reply);
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(300, (await ListAsync(ftp)).Count);
        var asked = server.Commands.Count(line => line.StartsWith("MDTM", StringComparison.Ordinal));
        Assert.Equal(300, (await ListAsync(ftp)).Count);
        Assert.Equal(asked, server.Commands.Count(line => line.StartsWith("MDTM", StringComparison.Ordinal)));
        Assert.Equal(1, server.Sessions);
    }

    [Fact]
    public async Task A_server_that_ends_the_session_over_many_commands_is_listed_without_in_the_end()
    {
        await using var server = Server(Line("-rw-r--r--", "a") + Line("-rw-r--r--", "b"), line => line == "MDTM /b" ? "!" : "550 no\r\n");
        await using var ftp = await ConnectAsync(server);
        var failures = 0;
        while (true)
        {
            try
            {
                Assert.Equal(2, (await ListAsync(ftp)).Count);
                break;
            }
            catch (RemoteException e) when (e.Error == RemoteError.Offline && failures < 3)
            {
                failures++;
            }
        }
    }

    [Fact]
    public async Task A_repeated_reply_to_the_listing_does_not_put_times_on_the_wrong_files()
    {
        await using var server = Server(Line("-rw-r--r--", "a") + Line("-rw-r--r--", "b"), line => line == "MDTM /a"
            ? "226 done again\r\n213 20200101000000\r\n"
            : "213 20210101000000\r\n");
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(RemoteError.ProtocolViolation, (await Assert.ThrowsAsync<RemoteException>(() => ListAsync(ftp))).Error);
    }

    [Fact]
    public async Task A_server_that_garbles_replies_to_long_bursts_gets_short_ones()
    {
        var garbled = false;
        await using var server = Server(string.Concat(Enumerable.Range(0, 1000).Select(i => Line("-rw-r--r--", "file-with-a-name-" + i))), line =>
        {
            if (line != "MDTM /file-with-a-name-400" || garbled)
                return "213 20200101000000\r\n";
            garbled = true;
            return "MDTM what\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(RemoteError.ProtocolViolation, (await Assert.ThrowsAsync<RemoteException>(() => ListAsync(ftp))).Error);
        Assert.All(await ListAsync(ftp), entry => Assert.Equal(TimeSpan.FromSeconds(1), entry.Modified!.Value.Precision));
    }

    [Fact]
    public async Task A_directory_of_more_files_than_are_asked_is_listed_whole()
    {
        const int Count = 20_500;
        await using var server = Server(
            string.Concat(Enumerable.Range(0, Count).Select(i => Line("-rw-r--r--", "f" + i))),
            _ => "213 " + Time.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) + "\r\n");
        await using var ftp = await ConnectAsync(server);
        for (var round = 0; round < 2; round++)
        {
            var entries = await ListAsync(ftp);
            Assert.Equal(Count, entries.Select(entry => entry.Name).Distinct().Count());
            Assert.Equal(20_000, entries.Count(entry => entry.Modified!.Value.Precision == TimeSpan.FromSeconds(1)));
            Assert.All(entries, entry => Assert.Equal(Time.AddSeconds(-Time.Second), entry.Modified!.Value.Value.AddSeconds(-entry.Modified.Value.Value.Second).DateTime));
        }
    }

    /// <summary>A server without MLSD, whose clock is two hours ahead of UTC.</summary>
    private static ScriptedFtpServer Server(string listing, Func<string, string> mdtm) => new((line, session) =>
    {
        switch (line.Split(' ')[0])
        {
            case "FEAT":
                return "211-x\r\n SIZE\r\n MDTM\r\n211 end\r\n";
            case "LIST":
                session.Content = listing;
                return "150 here\r\n";
            case "MDTM":
                return mdtm(line);
            default:
                return null;
        }
    });

    private static string Line(string mode, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{mode}    1 1000     1000            5 {Time.AddHours(2):MMM dd HH:mm} {name}\r\n");

    private static Task<FtpFileSystem> ConnectAsync(ScriptedFtpServer server) =>
        FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token).AsTask();

    private static async Task<List<RemoteEntry>> ListAsync(FtpFileSystem ftp)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
            entries.Add(entry);
        return entries;
    }
}
