using System.IO.Compression;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>MODE Z with servers that do it wrong.</summary>
public sealed class CompressionTests
{
    private const string Text = "to be, or not to be, or to be, or not to be";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_whole_stream_is_read()
    {
        await using var server = Server(Compressed());
        Assert.Equal(Text, await ReadAsync(server, FtpCompression.On));
        Assert.Contains("MODE Z", server.Commands);
    }

    [Fact]
    public async Task Nothing_at_all_is_an_empty_file()
    {
        await using var server = Server([]);
        Assert.Equal("", await ReadAsync(server, FtpCompression.On));
    }

    [Fact]
    public async Task A_stream_that_is_cut_anywhere_is_an_error()
    {
        var whole = Compressed();
        for (var length = 1; length < whole.Length; length++)
        {
            await using var server = Server(whole[..length]);
            var error = await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(server, FtpCompression.On));
            Assert.Equal(RemoteError.Offline, error.Error);
        }
    }

    [Fact]
    public async Task A_wrong_checksum_is_an_error()
    {
        var damaged = Compressed();
        damaged[^1] ^= 1;
        await using var server = Server(damaged);
        var error = await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(server, FtpCompression.On));
        Assert.Equal(RemoteError.ProtocolViolation, error.Error);
        Assert.Contains("compress=off", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_zlib_stream_is_an_error()
    {
        await using var server = Server("plain text"u8.ToArray());
        Assert.Equal(RemoteError.ProtocolViolation, (await Assert.ThrowsAsync<RemoteException>(() => ReadAsync(server, FtpCompression.On))).Error);
    }

    [Fact]
    public async Task A_server_that_announces_it_and_refuses_is_used_without()
    {
        await using var server = Server(System.Text.Encoding.ASCII.GetBytes(Text), mode: "504 no\r\n");
        Assert.Equal(Text, await ReadAsync(server, FtpCompression.On));
        Assert.Equal(1, server.Commands.Count(line => line == "MODE Z"));
    }

    [Theory]
    [InlineData(FtpCompression.Off, " MODE Z\r\n")]
    [InlineData(FtpCompression.Auto, " MODE Z\r\n")]
    [InlineData(FtpCompression.On, "")]
    public async Task It_is_not_used_unasked_nor_unannounced(FtpCompression compression, string feature)
    {
        await using var server = Server(System.Text.Encoding.ASCII.GetBytes(Text), feature: feature);
        Assert.Equal(Text, await ReadAsync(server, compression));
        Assert.DoesNotContain(server.Commands, line => line.StartsWith("MODE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task By_itself_it_is_used_after_a_slow_download_for_what_is_not_compressed_already()
    {
        const int Half = 1 << 20;
        var time = new MovedTime();
        var halfRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mode = "S";
        await using var server = new ScriptedFtpServer((line, session) =>
        {
            switch (line.Split(' ')[0])
            {
                case "FEAT":
                    return "211-x\r\n SIZE\r\n MDTM\r\n MLST type*;size*;modify*;\r\n MODE Z\r\n211 end\r\n";
                case "MODE":
                    mode = line.Split(' ')[1];
                    return "200 ok\r\n";
                case "RETR" when line.EndsWith("/slow", StringComparison.Ordinal):
                    session.Transfer = async (data, token) =>
                    {
                        await data.WriteAsync(new byte[Half], token);
                        await halfRead.Task.WaitAsync(token);
                        await data.WriteAsync(new byte[Half], token);
                    };
                    return "150 here\r\n";
                case "RETR":
                    session.Transfer = async (data, token) => await data.WriteAsync(mode == "Z" ? Compressed() : System.Text.Encoding.ASCII.GetBytes(Text), token);
                    return "150 here\r\n";
                default:
                    return null;
            }
        });
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options, time, NullLogger.Instance, Token);
        await using (var reader = await ftp.OpenReadAsync(RemotePath.Parse("/slow"), 0, null, Lane.Interactive, Token))
        {
            var buffer = new byte[Half];
            for (var read = 0; read < Half;)
                read += await reader.ReadAsync(buffer.AsMemory(read), Token);
            var waiting = reader.ReadAsync(buffer, Token);
            time.Ahead = TimeSpan.FromSeconds(2);
            halfRead.SetResult();
            var rest = await waiting;
            while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
                rest += count;
            Assert.Equal(Half, rest);
        }

        Assert.DoesNotContain(server.Commands, line => line.StartsWith("MODE", StringComparison.Ordinal));
        Assert.Equal(Text, await ReadAsync(ftp, "/file"));
        Assert.Equal("Z", mode);
        Assert.Equal(Text, await ReadAsync(ftp, "/file.zip"));
        Assert.Equal("S", mode);
    }

    private static byte[] Compressed()
    {
        using var result = new MemoryStream();
        using (var zlib = new ZLibStream(result, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(System.Text.Encoding.ASCII.GetBytes(Text));
        return result.ToArray();
    }

    private static ScriptedFtpServer Server(byte[] content, string mode = "200 ok\r\n", string feature = " MODE Z\r\n") => new((line, session) =>
    {
        switch (line.Split(' ')[0])
        {
            case "FEAT":
                return $"211-x\r\n SIZE\r\n MDTM\r\n MLST type*;size*;modify*;\r\n{feature}211 end\r\n";
            case "MODE":
                return mode;
            case "RETR":
                session.Transfer = async (data, token) => await data.WriteAsync(content, token);
                return "150 here\r\n";
            default:
                return null;
        }
    });

    private static async Task<string> ReadAsync(ScriptedFtpServer server, FtpCompression compression)
    {
        await using var ftp = await FtpFileSystem.ConnectAsync(server.Options with { Compression = compression }, TimeProvider.System, NullLogger.Instance, Token);
        return await ReadAsync(ftp, "/file");
    }

    private static async Task<string> ReadAsync(FtpFileSystem ftp, string path)
    {
        await using var reader = await ftp.OpenReadAsync(RemotePath.Parse(path), 0, null, Lane.Interactive, Token);
        var buffer = new byte[1000];
        var length = 0;
        while (await reader.ReadAsync(buffer.AsMemory(length), Token) is > 0 and var count)
            length += count;
        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }

    private sealed class MovedTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long GetTimestamp() => base.GetTimestamp() + (long)(Ahead.TotalSeconds * TimestampFrequency);
    }
}
