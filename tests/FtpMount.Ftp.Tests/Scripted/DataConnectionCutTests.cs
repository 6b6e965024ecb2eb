using System.Net.Sockets;
using System.Text;
using FtpMount.Ftp.Tests.Tls;
using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>A data connection that is reset after any byte: what came is a part of the truth, and never passes for all of it.</summary>
public sealed class DataConnectionCutTests
{
    private static readonly RemotePath TheFile = RemotePath.Parse("/f");
    private static readonly byte[] Content = [.. Enumerable.Range(0, 150).Select(i => (byte)i)];
    private static readonly byte[] Listing = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 6).Select(i => $"type=file;size={i}; n{i}\r\n")));

    private enum Operation
    {
        Read,
        List,
        Store,
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_download_is_never_taken_for_whole(bool tls) => CutEverywhereAsync(Operation.Read, tls);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_listing_is_never_taken_for_whole(bool tls) => CutEverywhereAsync(Operation.List, tls);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task An_upload_is_never_taken_for_done(bool tls) => CutEverywhereAsync(Operation.Store, tls);

    private static async Task CutEverywhereAsync(Operation operation, bool tls)
    {
        var whole = await RunAsync(operation, tls, long.MaxValue);
        Assert.Null(whole.Failure);
        Assert.True(whole.IsWhole);
        Assert.True(whole.Bytes >= Listing.Length);
        var failures = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (int)whole.Bytes),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token },
            async (cut, _) =>
            {
                var run = await RunAsync(operation, tls, cut);
                Assert.True(run.IsPart, $"After {cut} bytes something came that was never sent.");
                if (run.Failure is { } failure)
                {
                    Interlocked.Increment(ref failures);
                    Assert.Contains(failure.Error, new[] { RemoteError.Offline, RemoteError.ServerFailure });
                }
                else
                {
                    // It was tried once more, because nothing had come of it; or only the end of the connection was lost.
                    Assert.True(run.IsWhole, $"After {cut} of {whole.Bytes} bytes it passes for whole.");
                }
            });
        Assert.True(failures > 0);
    }

    /// <summary>One transfer whose data connection is reset after some bytes: of the server's, or of the client's for a store.</summary>
    private static async Task<(RemoteException? Failure, bool IsWhole, bool IsPart, long Bytes)> RunAsync(Operation operation, bool tls, long cut)
    {
        var expected = operation == Operation.List ? Listing : Content;
        await using var plain = tls ? null : new Plain(expected);
        await using var secure = tls ? new ScriptedTlsServer { Content = expected, Size = expected.Length } : null;
        await using var proxy = new CuttingProxy(
            plain?.Server.DataPort ?? secure!.DataPort, operation == Operation.Store ? long.MaxValue : cut, operation == Operation.Store ? cut : long.MaxValue, Token);
        if (plain is not null)
            plain.NamedDataPort = proxy.Port;
        if (secure is not null)
            secure.NamedDataPort = proxy.Port;
        var options = (plain?.Server.Options ?? secure!.Options) with { Connections = 1 };
        await using var ftp = await FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, Token);
        var got = new MemoryStream();
        RemoteException? failure = null;
        try
        {
            switch (operation)
            {
                case Operation.Read:
                    await using (var reader = await ftp.OpenReadAsync(TheFile, 0, null, Lane.Read, Token))
                    {
                        var buffer = new byte[64];
                        while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
                            got.Write(buffer, 0, count);
                    }

                    break;
                case Operation.List:
                    await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
                        got.Write(Encoding.ASCII.GetBytes($"type=file;size={entry.Size}; {entry.Name}\r\n"));
                    break;
                default:
                    await ftp.StoreAsync(TheFile, new MemoryStream(Content), StoreMode.Whole, 0, null, Lane.Write, Token);
                    got.Write(plain is null ? secure!.Stored : plain.Stored);
                    break;
            }
        }
        catch (RemoteException e)
        {
            failure = e;
        }

        var bytes = got.ToArray();
        return (failure, bytes.AsSpan().SequenceEqual(expected), expected.AsSpan().StartsWith(bytes), operation == Operation.Store ? proxy.Up : proxy.Down);
    }

    private sealed class Plain : IAsyncDisposable
    {
        public Plain(byte[] content)
        {
            Server = new ScriptedFtpServer((line, session) =>
            {
                switch (line.Split(' ')[0])
                {
                    case "EPSV":
                        return $"229 ok (|||{NamedDataPort}|)\r\n";
                    case "RETR" or "MLSD":
                        session.Transfer = (data, token) => data.WriteAsync(content, token).AsTask();
                        return "150 here\r\n";
                    case "STOR":
                        session.Transfer = (data, token) => ReceiveAsync(session, data, token);
                        return "150 go on\r\n";
                    case "MLST" when line != "MLST /":
                        return $"250-x\r\n type=file;size={content.Length}; /f\r\n250 end\r\n";
                    default:
                        return null;
                }
            });
        }

        public ScriptedFtpServer Server { get; }

        public int NamedDataPort { get; set; }

        public byte[]? Stored { get; private set; }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private async Task ReceiveAsync(ScriptedSession session, NetworkStream data, CancellationToken cancellationToken)
        {
            session.Final = "226 done\r\n";
            var received = new MemoryStream();
            try
            {
                await data.CopyToAsync(received, cancellationToken);
                Stored = received.ToArray();
            }
            catch (IOException)
            {
                session.Final = "426 broken\r\n";
            }
        }
    }
}
