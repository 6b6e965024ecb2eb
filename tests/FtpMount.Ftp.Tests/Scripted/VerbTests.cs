using System.Globalization;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Commands that no server at hand has, or none in this form.</summary>
public sealed class VerbTests
{
    private static readonly DateTimeOffset Then = new(2021, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly RemotePath TheFile = RemotePath.Parse("/file");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("AVBL", "213 12345678\r\n", null, 12345678L)]
    [InlineData("XQUOTA", "213-File and disk usage\r\n File count: 3\r\n File limit: 10000\r\n Disk usage: 1500\r\n Disk limit: 1048576\r\n213 File and disk usage end\r\n", 1048576L, 1047076L)]
    [InlineData("SITE DF", "213 total=4000787030016 used=1234567890 free=3999552462126 path=/\r\n", 4000787030016L, 3999552462126L)]
    public async Task Space_is_what_the_server_tells(string feature, string reply, long? total, long available)
    {
        await using var server = new ScriptedFtpServer((line, _) => line.Split(' ')[0] == "FEAT" ? Feat(feature) : line.StartsWith(feature, StringComparison.Ordinal) ? reply : null);
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(new RemoteSpace(total, available), await ftp.GetSpaceAsync(RemotePath.Root, Lane.Interactive, Token));
    }

    [Theory]
    [InlineData("213-x\r\n Disk usage: 1500\r\n Disk limit: unlimited\r\n213 end\r\n")]
    [InlineData("213-x\r\n Disk limit: -5\r\n213 end\r\n")]
    [InlineData("213-x\r\n Disk limit: 1e999\r\n213 end\r\n")]
    [InlineData("213 \r\n")]
    [InlineData("550 no\r\n")]
    public async Task A_quota_without_a_limit_leaves_the_space_unknown(string reply)
    {
        await using var server = new ScriptedFtpServer((line, _) => line == "FEAT" ? Feat("XQUOTA") : line == "XQUOTA" ? reply : null);
        await using var ftp = await ConnectAsync(server);
        Assert.Null(await ftp.GetSpaceAsync(RemotePath.Root, Lane.Interactive, Token));
    }

    [Theory]
    [InlineData("200-Filesystem 1K-blocks Used Available\r\n /dev/sda1 1000 10 990\r\n200 end\r\n")]
    [InlineData("213 total=5 free=6\r\n")]
    [InlineData("213 total=5 free=-6\r\n")]
    [InlineData("200 ok\r\n")]
    public async Task A_disk_without_numbers_that_can_be_understood_leaves_the_space_unknown_and_is_asked_for_once(string reply)
    {
        await using var server = new ScriptedFtpServer((line, _) => line.StartsWith("SITE DF", StringComparison.Ordinal) ? reply : null);
        await using var ftp = await ConnectAsync(server);
        for (var i = 0; i < 2; i++)
            Assert.Null(await ftp.GetSpaceAsync(RemotePath.Root, Lane.Interactive, Token));
        Assert.Single(server.Commands, line => line.StartsWith("SITE DF", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Owner_and_group_are_set_with_what_the_server_has()
    {
        await using var server = new ScriptedFtpServer((line, _) =>
            line == "FEAT" ? Feat("MFF modify;UNIX.group;UNIX.owner;")
            : line.StartsWith("MFF UNIX.owner", StringComparison.Ordinal) ? "504 not this one\r\n"
            : line.StartsWith("MFF", StringComparison.Ordinal) || line.StartsWith("SITE CHOWN", StringComparison.Ordinal) ? "213 ok\r\n" : null);
        await using var ftp = await ConnectAsync(server);
        for (var i = 0; i < 2; i++)
            await ftp.SetAttributesAsync(TheFile, new RemoteAttributeChange { UserId = 7, GroupId = 8 }, Lane.Interactive, Token);
        Assert.Equal(
            ["MFF UNIX.group=8; /file", "MFF UNIX.owner=7; /file", "SITE CHOWN 7 /file", "MFF UNIX.group=8; /file", "SITE CHOWN 7 /file"],
            server.Commands.Where(line => line.StartsWith("MFF", StringComparison.Ordinal) || line.StartsWith("SITE", StringComparison.Ordinal)));
        Assert.True(ftp.Capabilities.HasFlag(RemoteCapabilities.SetOwner));
    }

    [Fact]
    public async Task Who_may_not_give_a_file_away_is_told_so()
    {
        await using var server = new ScriptedFtpServer((line, _) => line.StartsWith("SITE CHGRP", StringComparison.Ordinal) ? "550 /file: Operation not permitted\r\n" : null);
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(
            () => ftp.SetAttributesAsync(TheFile, new RemoteAttributeChange { GroupId = 8 }, Lane.Interactive, Token).AsTask());
        Assert.Equal(RemoteError.AccessDenied, failure.Error);
    }

    [Fact]
    public async Task The_time_is_set_by_SITE_UTIME_with_three_times()
    {
        await using var server = new ScriptedFtpServer((line, _) => line.StartsWith("SITE UTIME /file ", StringComparison.Ordinal) ? "200 ok\r\n" : line.StartsWith("MDTM 2", StringComparison.Ordinal) ? "550 no such file\r\n" : null);
        await using var ftp = await ConnectAsync(server);
        await ftp.SetAttributesAsync(TheFile, new RemoteAttributeChange { Modified = Then }, Lane.Interactive, Token);
        Assert.Equal("SITE UTIME /file 20210304050607 20210304050607 20210304050607 UTC", server.Commands[^1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-300)]
    [InlineData(345)]
    public async Task The_time_is_set_by_SITE_UTIME_with_one_time_in_whichever_zone_the_server_takes_it(int zoneMinutes)
    {
        var zone = TimeSpan.FromMinutes(zoneMinutes);
        DateTimeOffset kept = default;
        await using var server = new ScriptedFtpServer((line, _) =>
        {
            if (line.StartsWith("SITE UTIME 2", StringComparison.Ordinal))
            {
                kept = new DateTimeOffset(DateTime.ParseExact(line.Split(' ')[2], "yyyyMMddHHmmss", CultureInfo.InvariantCulture), zone);
                return "200 ok\r\n";
            }

            return line == "MDTM /file" ? "213 " + kept.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) + "\r\n"
                : line.StartsWith("SITE UTIME", StringComparison.Ordinal) ? "501 bad parameters\r\n"
                : line.StartsWith("MDTM 2", StringComparison.Ordinal) ? "501 bad parameters\r\n"
                : null;
        });
        await using var ftp = await ConnectAsync(server);
        for (var day = 0; day < 2; day++)
        {
            await ftp.SetAttributesAsync(TheFile, new RemoteAttributeChange { Modified = Then.AddDays(day) }, Lane.Interactive, Token);
            Assert.Equal(Then.AddDays(day), kept);
        }

        Assert.Equal(1, server.Commands.Count(line => line == "MDTM /file"));
    }

    [Fact]
    public async Task The_creation_time_is_set_by_MFCT_where_it_is_announced()
    {
        await using var server = new ScriptedFtpServer((line, _) => line == "FEAT" ? Feat("MFCT") : line.StartsWith("MFCT", StringComparison.Ordinal) ? "213 Create=20210304050607; /file\r\n" : null);
        await using var ftp = await ConnectAsync(server);
        await ftp.SetAttributesAsync(TheFile, new RemoteAttributeChange { Created = Then }, Lane.Interactive, Token);
        Assert.Equal("MFCT 20210304050607 /file", server.Commands[^1]);

        await using var without = new ScriptedFtpServer((_, _) => null);
        await using var other = await ConnectAsync(without);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => other.SetAttributesAsync(TheFile, new RemoteAttributeChange { Created = Then }, Lane.Interactive, Token).AsTask());
        Assert.Equal(RemoteError.Unsupported, failure.Error);
    }

    [Theory]
    [InlineData("HASH SHA-256*;MD5", "213 SHA-256 0-6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r\n")] // FileZilla Server: without the name
    [InlineData("HASH SHA-256*;MD5", "213 SHA-256 0-6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 /file\r\n")]
    [InlineData("XSHA256", "250 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r\n")]
    [InlineData("XSHA256", "250 XSHA256 5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03\r\n")]
    public async Task A_checksum_is_read_in_every_form(string feature, string reply)
    {
        await using var server = Checksums(feature, reply);
        await using var ftp = await ConnectAsync(server);
        var checksum = await ftp.GetChecksumAsync(TheFile, ChecksumAlgorithm.Sha256, 6, Lane.Interactive, Token);
        Assert.Equal("5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6BE03", Convert.ToHexString(checksum.Span));
    }

    [Theory]
    [InlineData("HASH SHA-256*", "213 MD5 0-6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r\n")]
    [InlineData("HASH SHA-256*", "213 SHA-256 3-6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\r\n")]
    [InlineData("HASH SHA-256*", "213 SHA-256 0-6 5891\r\n")]
    [InlineData("XSHA256", "250 done\r\n")]
    [InlineData("XSHA256", "250 \r\n")]
    public async Task An_answer_that_is_no_checksum_is_not_taken_for_one(string feature, string reply)
    {
        await using var server = Checksums(feature, reply);
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ftp.GetChecksumAsync(TheFile, ChecksumAlgorithm.Sha256, 6, Lane.Interactive, Token).AsTask());
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
    }

    [Theory]
    [InlineData("SITE LN -s")]
    [InlineData("SITE LINK")]
    public async Task Links_are_made_by_other_commands_and_removed_when_they_are_something_else(string verb)
    {
        var made = "";
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (line == "FEAT")
                return "211-x\r\n SIZE\r\n211 end\r\n";
            if (line.StartsWith(verb + " ", StringComparison.Ordinal))
            {
                made = line[(verb.Length + 1)..];
                return "250 made\r\n";
            }

            if (line.StartsWith("LIST", StringComparison.Ordinal))
            {
                session.Content = made.EndsWith(" good", StringComparison.Ordinal) ? "lrwxrwxrwx 1 u g 6 Nov 22 2020 good -> target\r\n" : "-rw-r--r-- 2 u g 6 Nov 22 2020 hard\r\n";
                return "150 here\r\n";
            }

            return line.StartsWith("DELE", StringComparison.Ordinal) ? "250 gone\r\n" : null;
        });
        await using var ftp = await ConnectAsync(server);
        await ftp.CreateSymlinkAsync(RemotePath.Parse("/dir/good"), "target", Lane.Interactive, Token);
        Assert.DoesNotContain(server.Commands, line => line.StartsWith("DELE", StringComparison.Ordinal));
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ftp.CreateSymlinkAsync(RemotePath.Parse("/dir/hard"), "target", Lane.Interactive, Token).AsTask());
        Assert.Equal(RemoteError.Unsupported, failure.Error);
        Assert.Contains("DELE /dir/hard", server.Commands);
    }

    [Fact]
    public async Task PRET_goes_before_the_data_command_where_it_is_announced()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            switch (line.Split(' ')[0])
            {
                case "FEAT":
                    return Feat("PRET");
                case "PRET":
                    return line == "PRET RETR /missing" ? "550 no such file\r\n" : "200 ok\r\n";
                case "EPSV" when line.Length == 4:
                    return null;
                case "RETR" when line == "RETR /missing":
                    return "550 no such file\r\n";
                case "RETR":
                    session.Content = "content";
                    return "150 here\r\n";
                case "MLST" when line == "MLST /missing":
                    return "550 no such file or directory\r\n";
                default:
                    return null;
            }
        });
        await using var ftp = await ConnectAsync(server);
        await using (var reader = await ftp.OpenReadAsync(TheFile, 0, null, Lane.Read, Token))
        {
            var buffer = new byte[100];
            Assert.Equal(7, await reader.ReadAsync(buffer, Token));
            Assert.Equal(0, await reader.ReadAsync(buffer, Token));
        }

        var commands = server.Commands.ToList();
        var at = commands.IndexOf("PRET RETR /file");
        Assert.Equal(["PRET RETR /file", "EPSV", "RETR /file"], commands.Skip(at));
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ftp.OpenReadAsync(RemotePath.Parse("/missing"), 0, null, Lane.Read, Token).AsTask());
        Assert.Equal(RemoteError.NotFound, failure.Error);
    }

    [Fact]
    public async Task A_server_that_chooses_no_machine_for_a_missing_file_keeps_its_data_command()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            switch (line.Split(' ')[0])
            {
                case "FEAT":
                    return Feat("PRET");
                case "PRET":
                    session.HasPort = line == "PRET RETR /file";
                    return session.HasPort ? "200 ok\r\n" : "550 no such file or directory\r\n";
                case "EPSV":
                    return session.HasPort ? null : "503 PRET first\r\n";
                case "RETR" when session.HasPort:
                    session.Content = "content";
                    return "150 here\r\n";
                case "RETR":
                    return "550 no such file or directory\r\n";
                case "MLST" when line == "MLST /missing":
                    return "550 no such file or directory\r\n";
                default:
                    return null;
            }
        });
        await using var ftp = await ConnectAsync(server);
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ftp.OpenReadAsync(RemotePath.Parse("/missing"), 0, null, Lane.Read, Token).AsTask());
        Assert.Equal(RemoteError.NotFound, failure.Error);
        await using var reader = await ftp.OpenReadAsync(TheFile, 0, null, Lane.Read, Token);
        Assert.Equal(7, await reader.ReadAsync(new byte[100], Token));
        Assert.DoesNotContain("PASV", server.Commands);
    }

    [Theory]
    [InlineData(null, "OPTS UTF8 ON", true)]
    [InlineData("iso-8859-1", "OPTS UTF8 OFF", false)]
    public async Task The_charset_of_names_is_told_to_a_server_that_knows_UTF8(string? charset, string option, bool saysItsName)
    {
        await using var server = new ScriptedFtpServer((line, _) => line switch
        {
            "FEAT" => "211-x\r\n SIZE\r\n UTF8\r\n CLNT\r\n MLST type*;size*;modify*;\r\n211 end\r\n",
            "CLNT ftpmount" => "200 ok\r\n",
            _ => null,
        });
        var options = server.Options with { Encoding = charset is null ? null : System.Text.Encoding.GetEncoding(charset) };
        await using var ftp = await FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, Token);
        Assert.Contains(option, server.Commands);
        Assert.Equal(saysItsName, server.Commands.Contains("CLNT ftpmount"));
        if (saysItsName)
            Assert.True(server.Commands.ToList().IndexOf("CLNT ftpmount") < server.Commands.ToList().IndexOf(option));
    }

    [Theory]
    [InlineData("257 \"C:\\Users\\anna\" is current\r\n", "/Users/anna", "CWD C:/Users/anna")]
    [InlineData("257 \"D:/\"\r\n", "/", "CWD D:/")]
    [InlineData("257 \"DISK$USER:[ANNA.WORK]\" is current directory\r\n", "/DISK$USER/ANNA/WORK", "CWD /DISK$USER/ANNA/WORK")]
    [InlineData("257 \"'ANNA.'\" is the working directory name prefix.\r\n", "/", "CWD /")]
    [InlineData("257 \"/home/anna\"\r\n", "/home/anna", "CWD /home/anna")]
    public async Task A_login_folder_in_another_notation_is_found(string reply, string root, string entered)
    {
        await using var server = new ScriptedFtpServer((line, _) => line == "PWD" ? reply : null);
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(root, ftp.Root.Value);
        Assert.Contains(entered, server.Commands);
        await ftp.StatAsync(ftp.Root.Combine("x"), Lane.Interactive, Token);
        Assert.Contains("MLST " + entered[4..].TrimEnd('/') + "/x", server.Commands);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3600)]
    [InlineData(-90)]
    public async Task The_skew_of_the_servers_clock_is_learned_from_an_upload(int seconds)
    {
        await using var server = new ScriptedFtpServer((line, _) => line.Split(' ') switch
        {
            ["SIZE", ..] => "213 7\r\n",
            ["MDTM", "/t"] => "213 " + DateTime.UtcNow.AddSeconds(seconds).ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) + "\r\n",
            ["RNFR", ..] => "350 go on\r\n",
            ["RNTO", ..] => "250 ok\r\n",
            ["MLST", "/target"] => "250-x\r\n type=file;size=7;modify=20200101000000; /target\r\n250 end\r\n",
            _ => null,
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Null(((IRemoteFileSystem)ftp).ClockSkew);
        for (var i = 0; i < 2; i++)
            await ftp.PublishAsync(RemotePath.Parse("/t"), RemotePath.Parse("/target"), 7, new RemoteAttributeChange(), Lane.Write, Token);
        Assert.InRange(((IRemoteFileSystem)ftp).ClockSkew!.Value.TotalSeconds, seconds - 2, seconds + 2);
        Assert.Equal(1, server.Commands.Count(line => line == "MDTM /t"));
    }

    private static ScriptedFtpServer Checksums(string feature, string reply) => new((line, _) =>
        line == "FEAT" ? Feat(feature)
        : line == "OPTS HASH SHA-256" ? "200 SHA-256\r\n"
        : line is "HASH /file" or "XSHA256 /file" ? reply
        : null);

    private static string Feat(string feature) => $"211-x\r\n SIZE\r\n MDTM\r\n MLST type*;size*;modify*;\r\n {feature}\r\n211 end\r\n";

    private static Task<FtpFileSystem> ConnectAsync(ScriptedFtpServer server) =>
        FtpFileSystem.ConnectAsync(server.Options, TimeProvider.System, NullLogger.Instance, Token).AsTask();
}
