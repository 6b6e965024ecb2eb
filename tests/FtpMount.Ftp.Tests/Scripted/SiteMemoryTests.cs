using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Servers that are not, at the second mount, what they were at the first one.</summary>
public sealed class SiteMemoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ftpmount-sites-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private ValueTask<FtpFileSystem> ConnectAsync(ScriptedFtpServer server, TimeProvider? time = null) =>
        FtpFileSystem.ConnectAsync(server.Options with { MemoryDirectory = _directory }, time ?? TimeProvider.System, NullLogger.Instance, Token);

    private async Task MountAsync(ScriptedFtpServer server, TimeProvider? time = null)
    {
        await using var ftp = await ConnectAsync(server, time);
    }

    [Theory]
    [InlineData("FEAT", "211-x\r\n SIZE\r\n MLST type*;\r\n NEW\r\n211 end\r\n")]
    [InlineData("SYST", "215 Windows_NT\r\n")]
    [InlineData("PWD", "257 \"/elsewhere\"\r\n")]
    public async Task A_server_that_has_changed_is_learned_anew_in_the_same_session(string verb, string changed)
    {
        var isNew = false;
        await using var server = new ScriptedFtpServer((line, _) => isNew && line == verb ? changed : line == "SITE HELP" ? "200 ok\r\n" : null);
        await MountAsync(server);
        isNew = true;
        var before = server.Commands.Count;
        await using var second = await ConnectAsync(server);
        Assert.Equal(2, server.Sessions);
        Assert.Equal(verb == "PWD" ? "/elsewhere" : "/", second.Root.Value);
        Assert.Equal(2, server.Commands.Skip(before).Count(line => line == "SYST")); // once with what was remembered, once anew
        await second.DisposeAsync();

        before = server.Commands.Count;
        await MountAsync(server);
        Assert.Equal(1, server.Commands.Skip(before).Count(line => line == "SYST")); // what was learned anew is remembered now
    }

    [Fact]
    public async Task Another_greeting_means_another_server()
    {
        await using (var server = new ScriptedFtpServer((_, _) => null, "220 one\r\n"))
            await MountAsync(server);
        var file = Assert.Single(Directory.GetFiles(_directory));
        await using var other = new ScriptedFtpServer((_, _) => null, "220 two\r\n");
        // The same host, port and user.
        await MountAsync(other);
        var files = Directory.GetFiles(_directory);
        var own = files.Single(path => path != file);
        File.WriteAllText(own, File.ReadAllText(own).Replace("two", "one", StringComparison.Ordinal));
        var before = other.Commands.Count;
        await MountAsync(other);
        Assert.Equal(["AUTH TLS", "USER u", "PASS p", "FEAT", "SYST", "PWD", "TYPE I", "CWD /", "MLST /"], other.Commands.Skip(before).Where(line => line != "QUIT"));
        Assert.Contains("two", await File.ReadAllTextAsync(own, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_a_server_refused_TLS_is_not_remembered()
    {
        await using var server = new ScriptedFtpServer((_, _) => null);
        await MountAsync(server);
        Assert.Contains("AUTH TLS", server.Commands);
        var before = server.Commands.Count;
        await MountAsync(server);
        Assert.Contains("AUTH TLS", server.Commands.Skip(before));
    }

    [Theory]
    [InlineData("scripted")]
    [InlineData("another greeting")]
    public async Task A_server_that_spoke_TLS_must_go_on_doing_so(string remembered)
    {
        await using var server = new ScriptedFtpServer((_, _) => null);
        await MountAsync(server);
        var file = Assert.Single(Directory.GetFiles(_directory));
        var text = await File.ReadAllTextAsync(file, Token);
        Assert.Contains("\"tls\": \"No\"", text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            file, text.Replace("\"tls\": \"No\"", "\"tls\": \"Yes\"", StringComparison.Ordinal).Replace("scripted", remembered, StringComparison.Ordinal), Token);
        var before = server.Commands.Count;
        Assert.Equal(RemoteError.Untrusted, await Servers.FtpSite.ErrorOf(() => MountAsync(server)));
        Assert.DoesNotContain(server.Commands.Skip(before), line => line.StartsWith("USER", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_too_old_is_learned_anew()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = new ScriptedFtpServer((_, _) => null);
        await MountAsync(server, time);
        var text = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_directory)), Token);
        time.Advance(TimeSpan.FromDays(8));
        await MountAsync(server, time);
        await MountAsync(server, time); // its login taught something, too
        var renewed = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_directory)), Token);
        Assert.NotEqual(text, renewed);
        time.Advance(TimeSpan.FromDays(6));
        await MountAsync(server, time);
        Assert.Equal(renewed, await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(_directory)), Token));
    }

    [Fact]
    public async Task A_session_that_breaks_over_what_is_remembered_is_made_again_without()
    {
        ScriptedFtpServer? server = null;
        var first = 0;
        await using var scripted = server = new ScriptedFtpServer((line, _) => line == "SYST" && server!.Sessions == first + 1 && first > 0 ? "!" : null);
        await MountAsync(server);
        first = server.Sessions;
        await MountAsync(server);
        Assert.Equal(first + 2, server.Sessions);
    }

    [Fact]
    public async Task A_remembered_EPSV_that_is_refused_gives_way_to_PASV()
    {
        var refuses = false;
        ScriptedFtpServer? server = null;
        await using var scripted = server = new ScriptedFtpServer((line, session) => Reply(line, session));
        await using (var first = await ConnectAsync(server))
            Assert.Equal("a", (await ListAsync(first)).Single().Name);
        refuses = true;
        await using var second = await ConnectAsync(server);
        Assert.Equal("a", (await ListAsync(second)).Single().Name);

        string? Reply(string line, ScriptedSession session)
        {
            var port = server!.DataPort;
            switch (line.Split(' ')[0])
            {
                case "EPSV":
                    session.HasPort = !refuses;
                    return refuses ? "500 EPSV is off\r\n" : null;
                case "PASV":
                    session.HasPort = true;
                    return FormattableString.Invariant($"227 ok (127,0,0,1,{port >> 8},{port & 255})\r\n");
                case "MLSD" when !session.HasPort:
                    return "425 no data connection\r\n";
                case "MLSD":
                    session.HasPort = false;
                    session.Content = "type=file;size=1;modify=20200101000000; a\r\n";
                    return "150 here\r\n";
                default:
                    return null;
            }
        }
    }

    [Fact]
    public async Task A_remembered_command_that_fails_is_learned_anew()
    {
        var has = true;
        await using var server = new ScriptedFtpServer((line, _) => line.Split(' ')[0] switch
        {
            "FEAT" => "211-x\r\n SIZE\r\n MDTM\r\n MFMT\r\n MLST type*;size*;modify*;\r\n211 end\r\n",
            "MFMT" => has ? "213 ok\r\n" : "500 unknown\r\n",
            "SITE" => "200 ok\r\n",
            "MDTM" => "550 no\r\n",
            _ => null,
        });
        var change = new RemoteAttributeChange { Modified = DateTimeOffset.UnixEpoch };
        await using (var first = await ConnectAsync(server))
            await first.SetAttributesAsync(RemotePath.Parse("/a"), change, Lane.Interactive, Token);
        has = false;
        await using (var second = await ConnectAsync(server))
            await second.SetAttributesAsync(RemotePath.Parse("/a"), change, Lane.Interactive, Token);
        var before = server.Commands.Count;
        await using (var third = await ConnectAsync(server))
            await third.SetAttributesAsync(RemotePath.Parse("/a"), change, Lane.Interactive, Token);
        Assert.DoesNotContain(server.Commands.Skip(before), line => line.StartsWith("MFMT", StringComparison.Ordinal));
    }

    private static async Task<List<RemoteEntry>> ListAsync(FtpFileSystem ftp)
    {
        var entries = new List<RemoteEntry>();
        await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
            entries.Add(entry);
        return entries;
    }
}
