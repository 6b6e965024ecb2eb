using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Data connections that are made before it is known what for, on servers that do not bear them.</summary>
public sealed class EarlyDataConnectionTests
{
    private const string Listing = "type=file;size=1; file\r\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string? Serve(string line, ScriptedSession session)
    {
        if (line == "EPSV")
            session.HasPort = true;
        if (!line.StartsWith("MLSD", StringComparison.Ordinal))
            return null;
        if (!session.HasPort)
            return "425 Use EPSV first\r\n";
        session.HasPort = false;
        session.Content = Listing;
        return "150 here\r\n";
    }

    private static async Task ListAsync(FtpFileSystem ftp)
    {
        var names = new List<string>();
        await foreach (var entry in ftp.ListAsync(ftp.Root, Lane.Interactive, Token))
            names.Add(entry.Name);
        Assert.Equal(["file"], names);
    }

    private static async Task WaitForReadyAsync(FtpFileSystem ftp)
    {
        while (ftp.ReadyConnections == 0)
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_server_that_forgets_its_port_is_asked_anew_and_soon_no_more_in_advance()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (line.StartsWith("MLST", StringComparison.Ordinal))
                session.HasPort = false;
            return Serve(line, session);
        });
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token);
        for (var i = 0; i < 2; i++)
        {
            await ListAsync(ftp);
            await WaitForReadyAsync(ftp);
            await ftp.StatAsync(ftp.Root, Lane.Interactive, Token);
        }

        await ListAsync(ftp);
        var asked = server.Commands.Count(line => line == "EPSV");
        await ListAsync(ftp);
        Assert.Equal(asked + 1, server.Commands.Count(line => line == "EPSV"));
        Assert.Equal(0, ftp.ReadyConnections);
        Assert.Equal(1, server.Sessions);
    }

    [Fact]
    public async Task A_server_that_has_no_port_left_is_not_asked_in_advance_any_more()
    {
        var asked = 0;
        await using var server = new ScriptedFtpServer((line, session) =>
            line == "EPSV" && Interlocked.Increment(ref asked) == 3 ? "425 No free port\r\n" : Serve(line, session));
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token);
        await ListAsync(ftp);
        await WaitForReadyAsync(ftp);
        await ListAsync(ftp);
        for (var i = 0; i < 3; i++)
            await ListAsync(ftp);
        Assert.Equal(0, ftp.ReadyConnections);
        Assert.Equal(6, Volatile.Read(ref asked));
    }

    [Fact]
    public async Task A_server_that_gives_no_port_and_yet_begins_the_transfer_loses_the_session_and_nothing_else()
    {
        var asked = 0;
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (line == "EPSV" && Interlocked.Increment(ref asked) == 2)
                return "425 No free port\r\n";
            session.HasPort = true;
            return Serve(line, session);
        });
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token);
        for (var i = 0; i < 3; i++)
            await ListAsync(ftp);
        Assert.InRange(server.Sessions, 1, 2);
    }

    [Fact]
    public async Task A_port_that_is_not_to_be_had_just_now_is_asked_for_again()
    {
        var time = new FakeTimeProvider();
        var asked = 0;
        await using var server = new ScriptedFtpServer((line, session) =>
            line == "EPSV" && Interlocked.Increment(ref asked) is 2 or 3 ? "425 No free port\r\n" : Serve(line, session));
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, time, NullLogger.Instance, Token);
        await ListAsync(ftp);
        var listing = ListAsync(ftp);
        while (!listing.IsCompleted)
        {
            // Not faster than the server can answer.
            time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(1), Token);
        }

        await listing;
        Assert.Equal(4, Volatile.Read(ref asked));
    }

    [Fact]
    public async Task A_data_connection_that_nobody_uses_is_closed_after_a_while()
    {
        var time = new FakeTimeProvider();
        await using var server = new ScriptedFtpServer(Serve);
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, time, NullLogger.Instance, Token);
        await ListAsync(ftp);
        await WaitForReadyAsync(ftp);
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.Equal(1, ftp.ReadyConnections);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, ftp.ReadyConnections);
        await ListAsync(ftp);
    }

    [Fact]
    public async Task A_server_that_closes_it_costs_the_question_for_a_port_and_nothing_else()
    {
        await using var server = new ScriptedFtpServer(Serve);
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Connections = 1 }, TimeProvider.System, NullLogger.Instance, Token);
        for (var i = 0; i < 3; i++)
        {
            await ListAsync(ftp);
            await WaitForReadyAsync(ftp);
            await server.CloseNextDataAsync(Token);
        }

        await ListAsync(ftp);
        Assert.Equal(1, server.Sessions);
    }
}
