using FtpMount.Remote;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Ftp.Tests.Scripted;

/// <summary>A link that is reset after any byte of the conversation leads to a clear error or to what the whole conversation leads to, never to anything else.</summary>
public sealed class CutTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_conversation_that_is_reset_after_any_byte_ends_well_or_with_an_error(bool mlsd)
    {
        var dialect = mlsd ? FtpDialect.FileZilla : FtpDialect.Iis;
        var whole = await RunAsync(dialect, long.MaxValue);
        Assert.Null(whole.Failure);
        Assert.True(whole.Bytes > 300);

        // The first session is cut; those after it are whole.
        var failures = new System.Collections.Concurrent.ConcurrentBag<RemoteError>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, (int)whole.Bytes),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token },
            async (cut, _) =>
            {
                var run = await RunAsync(dialect, cut);
                if (run.Failure is { } failure)
                    failures.Add(failure.Error);
                else
                    Assert.True(run.Outcome == whole.Outcome, $"After {cut} bytes: {run.Outcome}");
            });
        Assert.All(failures, error => Assert.Contains(error, new[] { RemoteError.Offline, RemoteError.TimedOut, RemoteError.ProtocolViolation, RemoteError.ServerFailure }));
        Assert.True(failures.Count < whole.Bytes, "It never recovered.");
    }

    /// <summary>Looks, lists, reads and writes through a link whose first connection is reset after some bytes of the server's.</summary>
    private static async Task<(string Outcome, RemoteException? Failure, long Bytes)> RunAsync(FtpDialect dialect, long cut)
    {
        await using var server = new DialectServer(dialect);
        server["/FILE"] = "hello world"u8.ToArray();
        server["/DIR"] = null;
        await using var proxy = new CuttingProxy(server.Options.Port, cut, long.MaxValue, Token);
        var outcome = "";
        RemoteException? failure = null;
        try
        {
            var options = server.Options with { Port = proxy.Port, Timeout = TimeSpan.FromSeconds(2), Connections = 1 };
            await using var ftp = await FtpFileSystem.ConnectAsync(options, TimeProvider.System, NullLogger.Instance, Token);
            var names = new List<string>();
            await foreach (var entry in ftp.ListAsync(RemotePath.Root, Lane.Interactive, Token))
                names.Add($"{entry.Name} {entry.Kind} {entry.Size}");
            names.Sort(StringComparer.Ordinal);
            outcome += string.Join(", ", names);
            await using (var reader = await ftp.OpenReadAsync(RemotePath.Root.Combine("FILE"), 6, null, Lane.Read, Token))
            {
                var buffer = new byte[100];
                while (await reader.ReadAsync(buffer, Token) is > 0 and var count)
                    outcome += "; " + System.Text.Encoding.ASCII.GetString(buffer, 0, count);
            }

            await ftp.StoreAsync(RemotePath.Root.Combine("NEW"), new MemoryStream("new"u8.ToArray()), StoreMode.Whole, 0, null, Lane.Write, Token);
            outcome += "; " + System.Text.Encoding.ASCII.GetString(server["/NEW"]!);
        }
        catch (RemoteException e)
        {
            failure = e;
        }

        return (outcome, failure, proxy.Down);
    }
}
