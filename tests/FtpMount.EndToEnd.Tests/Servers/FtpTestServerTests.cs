using System.Net.Sockets;
using FtpMount.TestServers;

namespace FtpMount.EndToEnd.Tests.Servers;

/// <summary>The test servers themselves: without them no other test here means anything.</summary>
public class FtpTestServerTests
{
    public static TheoryData<FtpServerKind> Kinds => new(FtpServerKinds.All);

    public static TheoryData<FtpServerKind, bool> KindsPlainAndTls
    {
        get
        {
            var rows = new TheoryData<FtpServerKind, bool>();
            foreach (FtpServerKind kind in FtpServerKinds.All)
            {
                rows.Add(kind, false);
                rows.Add(kind, true);
            }
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(KindsPlainAndTls))]
    public async Task A_server_logs_its_user_in_plain_and_with_tls(FtpServerKind kind, bool tls)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { Tls = tls });
        await using FtpSession session = await FtpSession.LogInAsync(server);

        Assert.StartsWith("257", await session.SendAsync("PWD"));
        string features = await session.SendAsync("FEAT");
        Assert.StartsWith("211", features);
        Assert.Contains("UTF8", features);
        Assert.Contains("REST STREAM", features);
        Assert.Equal(1, server.ControlConnectionCount);
        Assert.StartsWith("221", await session.SendAsync("QUIT"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Files_on_disk_and_files_by_ftp_are_the_same(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await File.WriteAllTextAsync(Path.Combine(server.RootDirectory, "grüße 🎉.txt"), "from disk");
        server.AdoptFiles();
        await using FtpSession session = await FtpSession.LogInAsync(server);
        Assert.StartsWith("200", await session.SendAsync("TYPE I"));

        (string read, byte[] content) = await session.TransferAsync(server.Host, "RETR grüße 🎉.txt");
        Assert.StartsWith("226", read);
        Assert.Equal("from disk"u8, content);

        (string stored, _) = await session.TransferAsync(server.Host, "STOR grüße 🎉.txt", "by FTP"u8.ToArray());
        Assert.StartsWith("226", stored);
        Assert.Equal("by FTP", await File.ReadAllTextAsync(Path.Combine(server.RootDirectory, "grüße 🎉.txt")));

        if (server.User == "anonymous")
            return; // vsftpd run by an ordinary user: its sessions may not change modes and times
        Assert.StartsWith("2", await session.SendAsync("SITE CHMOD 640 grüße 🎉.txt"));
        Assert.StartsWith("2", await session.SendAsync(kind switch
        {
            FtpServerKind.Vsftpd => "MDTM 20240203040506 grüße 🎉.txt",
            FtpServerKind.PureFtpd => "SITE UTIME grüße 🎉.txt 20240203040506 20240203040506 20240203040506 UTC",
            _ => "MFMT 20240203040506 grüße 🎉.txt",
        }));
        Assert.StartsWith("213 20240203040506", await session.SendAsync("MDTM grüße 🎉.txt"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_killed_server_drops_its_sessions_and_comes_back_on_the_same_port(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        int port = server.Port;
        await using (FtpSession session = await FtpSession.LogInAsync(server))
        {
            await server.KillAsync();
            Assert.True(await session.IsDeadAsync());
            await Assert.ThrowsAsync<SocketException>(async () => await FtpSession.ConnectAsync(server.Host, port));
        }
        await server.RestartAsync();
        Assert.Equal(port, server.Port);
        await using FtpSession again = await FtpSession.LogInAsync(server);
        Assert.StartsWith("257", await again.SendAsync("PWD"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Two_servers_of_one_kind_have_roots_of_their_own(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        FtpTestServer[] servers = await Task.WhenAll(FtpTestServer.StartAsync(kind), FtpTestServer.StartAsync(kind));
        await using FtpTestServer first = servers[0];
        await using FtpTestServer second = servers[1];
        await File.WriteAllTextAsync(Path.Combine(first.RootDirectory, "only-here"), "x");
        await using FtpSession inFirst = await FtpSession.LogInAsync(first);
        await using FtpSession inSecond = await FtpSession.LogInAsync(second);
        await inFirst.SendAsync("TYPE I");
        await inSecond.SendAsync("TYPE I");
        Assert.StartsWith("213 1", await inFirst.SendAsync("SIZE only-here"));
        Assert.StartsWith("550", await inSecond.SendAsync("SIZE only-here"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_suspended_server_answers_after_it_is_resumed(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await using FtpSession session = await FtpSession.LogInAsync(server);
        await server.SuspendAsync();
        Task<string> reply = session.SendAsync("PWD");
        Assert.Equal(1, server.ControlConnectionCount);
        await server.ResumeAsync();
        Assert.StartsWith("257", await reply);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_limit_of_one_client_refuses_the_second_and_ipv6_works(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6");
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { MaxClients = 1, ListenAddress = "::1" });
        await using FtpSession session = await FtpSession.LogInAsync(server);
        await Assert.ThrowsAnyAsync<Exception>(async () => await FtpSession.LogInAsync(server));
        Assert.StartsWith("257", await session.SendAsync("PWD"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_read_only_server_refuses_to_store(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { ReadOnly = true });
        await using FtpSession session = await FtpSession.LogInAsync(server);
        Assert.StartsWith("55", await session.SendAsync("MKD forbidden"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(server.RootDirectory));
    }

    [Theory]
    [InlineData(FtpServerKind.Vsftpd)]
    [InlineData(FtpServerKind.ProFtpd)]
    [InlineData(FtpServerKind.Pyftpdlib)]
    public async Task Implicit_tls_starts(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        await using FtpTestServer server = await FtpTestServer.StartAsync(kind, new FtpServerOptions { ImplicitTls = true });
        Assert.StartsWith("ftps://", server.Url);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_disposed_server_takes_its_sessions_with_it_even_when_suspended(FtpServerKind kind)
    {
        SkipUnlessAvailable(kind);
        FtpTestServer server = await FtpTestServer.StartAsync(kind);
        await using FtpSession session = await FtpSession.LogInAsync(server);
        await server.SuspendAsync();
        await server.DisposeAsync();
        Assert.True(await session.IsDeadAsync());
    }

    [Fact]
    public async Task A_disposed_server_leaves_no_folder_behind()
    {
        SkipUnlessAvailable(FtpServerKind.Pyftpdlib);
        string folder;
        await using (FtpTestServer server = await FtpTestServer.StartAsync(FtpServerKind.Pyftpdlib))
            folder = Path.GetDirectoryName(server.RootDirectory)!;
        Assert.False(Directory.Exists(folder) && Environment.GetEnvironmentVariable("FTPMOUNT_TEST_KEEP_LOGS") != "1");
    }

    private static void SkipUnlessAvailable(FtpServerKind kind)
    {
        if (!FtpServerKinds.IsAvailable(kind, out string reason))
            Assert.Skip(reason);
    }
}
