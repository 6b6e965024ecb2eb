using System.Net.Sockets;
using System.Text;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>Servers that send more than anybody can hold: what is honest streams, what is not ends with a clear error, and neither fills the memory.</summary>
public sealed class FloodTests
{
    private const int Million = 1_000_000;

    /// <summary>More than a session and a listing need, less than any flood of these tests.</summary>
    private const long BoundedMemory = 96 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_of_a_million_entries_streams_in_bounded_memory(bool mlsd)
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (line == "FEAT" && !mlsd)
                return "211-x\r\n SIZE\r\n MDTM\r\n211 end\r\n";
            if (!line.StartsWith(mlsd ? "MLSD" : "LIST", StringComparison.Ordinal))
                return line.StartsWith("MDTM ", StringComparison.Ordinal) ? "213 20200101000000\r\n" : null;
            session.Transfer = (data, token) => SendLinesAsync(
                data,
                Million,
                i => mlsd ? $"type=file;size={i};modify=20200101000000; file-{i}\r\n" : $"-rw-r--r--   1 user group {i,10} Jan  1  2020 file-{i}\r\n",
                token);
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;
        var count = 0;
        await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
        {
            Assert.StartsWith("file-", entry.Name, StringComparison.Ordinal);
            if (++count % 100_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
        }

        Assert.Equal(Million, count);
        Assert.True(most < BoundedMemory, $"{most >> 20} MiB were held");
    }

    [Fact]
    public async Task A_listing_without_end_ends_with_an_error()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("MLSD", StringComparison.Ordinal))
                return null;
            var block = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("type=file; a\r\n", 10_000)));
            session.Transfer = async (data, token) =>
            {
                while (true)
                    await data.WriteAsync(block, token);
            };
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        var count = 0;
        var failure = await Assert.ThrowsAsync<RemoteException>(async () =>
        {
            await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
                count++;
        });
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.InRange(count, 4_000_000, 1 << 22);
    }

    [Fact]
    public async Task A_line_of_a_listing_without_end_ends_with_an_error()
    {
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("MLSD", StringComparison.Ordinal))
                return null;
            session.Transfer = (data, token) => SendLinesAsync(data, Million, _ => new string('x', 100), token);
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        Assert.Equal(RemoteError.ProtocolViolation, (await Assert.ThrowsAsync<RemoteException>(() => ListAsync(ftp))).Error);
    }

    [Theory]
    [InlineData("250 ", "x", "\r\n")]
    [InlineData("250-", "inner line\r\n", "250 end\r\n")]
    [InlineData("250-", "250-inner line\r\n", "250 end\r\n")]
    public async Task A_reply_of_ten_megabytes_ends_with_an_error(string start, string repeated, string end)
    {
        var reply = start + string.Concat(Enumerable.Repeat(repeated, 10_000_000 / repeated.Length)) + end;
        await using var server = new ScriptedFtpServer((line, _) => line == "MLST /file" ? reply : null);
        await using var ftp = await ConnectAsync(server);
        var before = GC.GetTotalAllocatedBytes();
        var failure = await Assert.ThrowsAsync<RemoteException>(() => ftp.StatAsync(RemotePath.Root.Combine("file"), Lane.Interactive, Token).AsTask());
        Assert.Equal(RemoteError.ProtocolViolation, failure.Error);
        Assert.True(failure.Message.Length < 300, failure.Message);
        Assert.True(GC.GetTotalAllocatedBytes() - before < BoundedMemory);
        Assert.Equal(RemoteKind.Directory, (await ftp.StatAsync(RemotePath.Root, Lane.Interactive, Token)).Kind);
    }

    [Theory]
    [InlineData("USER u")]
    [InlineData("MLST /file")]
    [InlineData("RETR /file")]
    public async Task Preliminary_replies_without_end_end_with_an_error(string command)
    {
        var flood = string.Concat(Enumerable.Repeat("150 wait\r\n", 20_000));
        await using var server = new ScriptedFtpServer((line, _) => line == command ? flood : null);
        var failure = await Assert.ThrowsAsync<RemoteException>(async () =>
        {
            await using var ftp = await ConnectAsync(server);
            if (command.StartsWith("RETR", StringComparison.Ordinal))
            {
                await using var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("file"), 0, null, Lane.Read, Token);
                await reader.ReadAsync(new byte[10], Token);
            }
            else
            {
                await ftp.StatAsync(RemotePath.Root.Combine("file"), Lane.Interactive, Token);
            }
        });
        Assert.Contains(failure.Error, new[] { RemoteError.ProtocolViolation, RemoteError.TimedOut, RemoteError.Offline });
    }

    [Fact]
    public async Task Content_that_goes_on_after_the_end_of_a_range_is_not_read()
    {
        var sent = 0L;
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            if (!line.StartsWith("RETR", StringComparison.Ordinal))
                return null;
            session.Transfer = async (data, token) =>
            {
                var block = new byte[1 << 20];
                block.AsSpan().Fill((byte)'x');
                while (true)
                {
                    await data.WriteAsync(block, token);
                    Interlocked.Add(ref sent, block.Length);
                }
            };
            return "150 here\r\n";
        });
        await using var ftp = await ConnectAsync(server);
        var buffer = new byte[100];
        await using (var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("file"), 0, 5, Lane.Read, Token))
        {
            Assert.Equal(5, await reader.ReadAsync(buffer, Token));
            Assert.Equal(0, await reader.ReadAsync(buffer, Token));
        }

        Assert.True(Interlocked.Read(ref sent) < 64 << 20, "The whole flood was read.");
        Assert.Equal(RemoteKind.Directory, (await ftp.StatAsync(RemotePath.Root, Lane.Interactive, Token)).Kind);
    }

    private static async Task SendLinesAsync(NetworkStream data, int count, Func<int, string> line, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            text.Append(line(i));
            if (text.Length < 60_000 && i + 1 < count)
                continue;
            await data.WriteAsync(Encoding.Latin1.GetBytes(text.ToString()), cancellationToken);
            text.Clear();
        }
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
}
