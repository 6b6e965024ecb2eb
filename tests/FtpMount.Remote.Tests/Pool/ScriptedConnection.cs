using FtpMount.Remote.Pool;

namespace FtpMount.Remote.Tests.Pool;

internal sealed class ScriptedConnection(ScriptedServer server) : IPooledConnection
{
    private int _users;

    public bool IsReusable { get; set; } = true;

    /// <summary>Whether it answers probes; a dead connection looks reusable until it is used.</summary>
    public bool IsAlive { get; set; } = true;

    public int Probes { get; private set; }

    public int Disposals { get; private set; }

    /// <summary>Notes that two use it at once, which is the one thing that must never happen.</summary>
    public void Use() => Assert.Equal(1, Interlocked.Increment(ref _users));

    public void EndUse() => Interlocked.Decrement(ref _users);

    public async ValueTask<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        Probes++;
        if (server.IsSilent)
        {
            var never = new TaskCompletionSource<bool>();
            await using var registration = cancellationToken.Register(() => never.TrySetCanceled(cancellationToken));
            return await never.Task;
        }

        return IsAlive;
    }

    public ValueTask DisposeAsync()
    {
        IsReusable = false;
        Disposals++;
        server.Closed(this);
        return ValueTask.CompletedTask;
    }
}
