using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

public sealed class HostileServerTests
{
    private static readonly RemotePath File = RemotePath.Root.Combine("file");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_not_FTP_is_said_to_be_so()
    {
        await using var server = new ScriptedFtpServer((_, _) => null, "SSH-2.0-OpenSSH_9.2\r\n");
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ConnectAsync(server));
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.Contains("not an FTP server", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_for_want_of_room_is_not_a_wrong_password()
    {
        await using var server = new ScriptedFtpServer((line, _) => line.StartsWith("PASS", StringComparison.Ordinal) ? "530 Sorry, the maximum number of clients is reached\r\n" : null);
        Assert.Equal(RemoteError.TooManyConnections, (await Assert.ThrowsAsync<RemoteException>(() => ConnectAsync(server))).Error);
    }

    [Fact]
    public async Task An_account_is_sent_when_the_server_asks_for_one()
    {
        await using var server = new ScriptedFtpServer((line, _) => line switch
        {
            "PASS p" => "332 account\r\n",
            "ACCT a" => "230 in\r\n",
            _ => null,
        });
        Assert.Equal(RemoteError.AuthenticationFailed, (await Assert.ThrowsAsync<RemoteException>(() => ConnectAsync(server))).Error);
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Account = "a" }, TimeProvider.System, NullLogger.Instance, Token);
        Assert.Contains("ACCT a", server.Commands);
    }

    [Fact]
    public async Task An_address_in_the_PASV_reply_is_not_connected_to()
    {
        var port = 0;
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            switch (line)
            {
                case "EPSV":
                    return "500 unknown\r\n";
                case "PASV":
                    session.HasPort = true;
                    return $"227 ok (192,0,2,1,{port >> 8},{port & 255})\r\n";
                case "RETR /file" when session.HasPort:
                    session.Content = "hello";
                    return "150 here\r\n";
                case "RETR /file":
                    return "425 use PASV first\r\n";
                default:
                    return null;
            }
        });
        port = server.DataPort;
        await using var ftp = await ConnectAsync(server);
        Assert.Equal("hello", await ReadAsync(ftp));
    }

    [Fact]
    public async Task Names_with_slashes_and_dots_are_left_out_of_listings()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("MLSD", StringComparison.Ordinal))
                return null;
            session.Content = "type=file;size=1; good\r\ntype=file;size=1; ../evil\r\ntype=file;size=1; ..\r\ntype=file; a/b\r\ntype=file; \r\nnonsense\r\ntype=file; nul\0byte\r\ntype=file;size=-5; negative\r\n";
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        var entries = await ListAsync(ftp);
        Assert.Equal(["good", "negative"], entries.Select(entry => entry.Name));
        Assert.Null(entries[1].Size);
    }

    [Theory]
    [InlineData("421 2 matches total\r\n", true)]
    [InlineData("421-2 matches total\r\n421 something else\r\n", true)]
    [InlineData("421-3 matches total\r\n421 something else\r\n", false)]
    [InlineData("421 3 matches total\r\n", false)]
    [InlineData("421 Timeout\r\n", false)]
    public async Task A_whole_listing_of_PureFtpd_is_whole_also_with_its_wrong_code(string final, bool isWhole)
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("MLSD", StringComparison.Ordinal))
                return null;
            session.Content = "type=cdir; .\r\ntype=file;size=1; good\r\n";
            session.Final = final;
            return "150 Accepted data connection\r\n";
        });
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token);
        if (isWhole)
        {
            Assert.Equal("good", Assert.Single(await ListAsync(ftp)).Name);
            Assert.Single(await ListAsync(ftp));
            Assert.Equal(1, ftp.Statistics.ConnectionsMade);
        }
        else
        {
            Assert.Equal(RemoteError.Offline, (await Assert.ThrowsAsync<RemoteException>(() => ListAsync(ftp))).Error);
        }
    }

    [Fact]
    public async Task A_listing_that_ends_with_an_error_ends_with_an_error()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("MLSD", StringComparison.Ordinal))
                return null;
            session.Content = "type=file;size=1; good\r\n";
            session.Final = "451 disk error\r\n";
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(RemoteError.ServerFailure, (await Assert.ThrowsAsync<RemoteException>(() => ListAsync(ftp))).Error);
    }

    [Theory]
    [InlineData("426 aborted\r\n", RemoteError.ServerFailure)]
    [InlineData("451 read error\r\n", RemoteError.ServerFailure)]
    public async Task A_read_that_ends_badly_throws_after_the_good_bytes(string final, RemoteError error)
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("RETR", StringComparison.Ordinal))
                return null;
            session.Content = "hello";
            session.Final = final;
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        await using var reader = await ftp.OpenReadAsync(File, 0, null, Lane.Read, Token);
        var buffer = new byte[100];
        Assert.Equal(5, await reader.ReadAsync(buffer, Token));
        Assert.Equal(error, (await Assert.ThrowsAsync<RemoteException>(() => reader.ReadAsync(buffer, Token).AsTask())).Error);
        Assert.Equal(error, (await Assert.ThrowsAsync<RemoteException>(() => reader.ReadAsync(buffer, Token).AsTask())).Error);
    }

    [Fact]
    public async Task A_server_that_loses_pipelined_commands_is_used_one_command_at_a_time()
    {
        var broken = false;
        await using var server = new ScriptedFtpServer((line, _) =>
        {
            if (line != "SYST" || broken)
                return null;
            broken = true;
            return "!"; // breaks under the first packet with several commands
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(2, server.Sessions);
        Assert.Equal(RemoteKind.Directory, (await ftp.StatAsync(RemotePath.Root, Lane.Interactive, Token)).Kind);
    }

    [Fact]
    public async Task The_servers_farewell_leads_to_a_new_session()
    {
        var first = true;
        await using var server = new ScriptedFtpServer((line, _) =>
        {
            if (line.StartsWith("MLST /file", StringComparison.Ordinal) && first)
            {
                first = false;
                return "421 Timeout\r\n";
            }

            return line.StartsWith("MLST /file", StringComparison.Ordinal) ? "250-x\r\n type=file;size=5; /file\r\n250 end\r\n" : null;
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(5, (await ftp.StatAsync(File, Lane.Interactive, Token)).Size);
        Assert.Equal(2, server.Sessions);
    }

    [Theory]
    [InlineData("452 full\r\n", RemoteError.NoSpace)]
    [InlineData("552 quota\r\n", RemoteError.QuotaExceeded)]
    [InlineData("450 locked\r\n", RemoteError.Busy)]
    public async Task A_store_that_is_refused_says_why(string reply, RemoteError error)
    {
        await using var server = new ScriptedFtpServer((line, _) => line.StartsWith("STOR", StringComparison.Ordinal) ? reply : null);
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(
            () => ftp.StoreAsync(File, new MemoryStream(new byte[10]), StoreMode.Whole, 0, null, Lane.Write, Token).AsTask());
        Assert.Equal(error, failure.Error);
    }

    [Fact]
    public async Task A_store_that_is_refused_in_the_middle_says_why()
    {
        // Accepts the connection, closes it at once and says that the disk is full.
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("STOR", StringComparison.Ordinal))
                return null;
            session.Content = "";
            session.Final = "452 disk full\r\n";
            return "150 send\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(
            () => ftp.StoreAsync(File, new MemoryStream(new byte[50_000_000]), StoreMode.Whole, 0, null, Lane.Write, Token).AsTask());
        Assert.Equal(RemoteError.NoSpace, failure.Error);
    }

    [Fact]
    public async Task A_server_without_FEAT_is_learned_from_its_replies()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            switch (line.Split(' ')[0])
            {
                case "FEAT" or "MLST" or "MLSD" or "STAT" or "MDTM" or "EPSV" or "SYST" or "OPTS":
                    return "500 unknown\r\n";
                case "PASV":
                    return null;
                case "SIZE":
                    return line == "SIZE /file" ? "213 5\r\n" : "550 no\r\n";
                case "CWD":
                    return line == "CWD /file" ? "550 no\r\n" : "250 ok\r\n";
                default:
                    return null;
            }
        });
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { DataMode = FtpDataMode.Epsv }, TimeProvider.System, NullLogger.Instance, Token);
        var entry = await ftp.StatAsync(RemotePath.Root, Lane.Interactive, Token);
        Assert.Equal(RemoteKind.Directory, entry.Kind);
    }

    [Fact]
    public async Task Space_is_told_where_AVBL_is_announced()
    {
        await using var server = new ScriptedFtpServer((line, _) => line switch
        {
            "FEAT" => "211-x\r\n211-AVBL\r\n211-MLST type*;\r\n211 end\r\n",
            "AVBL /" => "213 123456789012\r\n",
            _ => null,
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(new RemoteSpace(null, 123456789012), await ftp.GetSpaceAsync(RemotePath.Root, Lane.Interactive, Token));
    }

    private static Task<FtpFileSystem> ConnectAsync(ScriptedFtpServer server) =>
        FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token).AsTask();

    private static async Task<List<RemoteEntry>> ListAsync(FtpFileSystem ftp)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
            entries.Add(entry);
        return entries;
    }

    private static async Task<string> ReadAsync(FtpFileSystem ftp)
    {
        await using var reader = await ftp.OpenReadAsync(File, 0, null, Lane.Read, Token);
        var buffer = new byte[100];
        var count = await reader.ReadAsync(buffer, Token);
        return System.Text.Encoding.ASCII.GetString(buffer, 0, count);
    }
}
