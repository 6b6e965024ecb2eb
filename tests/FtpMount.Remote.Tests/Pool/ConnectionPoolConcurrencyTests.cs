using FtpMount.Remote.Pool;
using Microsoft.Extensions.Logging.Abstractions;

namespace FtpMount.Remote.Tests.Pool;

public sealed class ConnectionPoolConcurrencyTests
{
    [Fact]
    public async Task Many_threads_share_few_connections_without_losing_one()
    {
        var server = new ScriptedServer();
        var pool = new ConnectionPool<ScriptedConnection>(
            server.ConnectAsync, new ConnectionPoolOptions { MaximumConnections = 5 }, TimeProvider.System, NullLogger.Instance);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(worker => Task.Run(() => WorkAsync(worker))));
        Assert.Equal(0, pool.BusyConnections);
        Assert.Equal(server.Live, pool.OpenConnections);
        Assert.InRange(server.MostLive, 1, 5);
        await pool.DisposeAsync();
        Assert.Equal(0, server.Live);

        async Task WorkAsync(int worker)
        {
            var random = new Random(worker);
            for (var i = 0; i < 400; i++)
            {
                using var cancellation = new CancellationTokenSource();
                try
                {
                    var leasing = pool.LeaseAsync((Lane)random.Next(4), cancellation.Token);
                    if (random.Next(8) == 0)
                        await cancellation.CancelAsync();
                    await using var lease = await leasing;
                    lease.Connection.Use();
                    if (random.Next(2) == 0)
                        await Task.Yield();
                    lease.Connection.EndUse();
                    if (random.Next(20) == 0)
                        lease.Discard();
                    else if (random.Next(20) == 0)
                        lease.Connection.IsReusable = false;
                }
                catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                {
                    // asked for
                }
            }
        }
    }
}
