namespace FtpMount.Remote.Tests.Pool;

/// <summary>A server that does what the test says: accepts, refuses, hangs, forgets connections.</summary>
internal sealed class ScriptedServer
{
    private readonly Lock _gate = new();
    private readonly HashSet<ScriptedConnection> _live = [];
    private readonly List<TaskCompletionSource> _pending = [];

    /// <summary>How many connections it allows; further ones are refused.</summary>
    public int Cap { get; set; } = int.MaxValue;

    /// <summary>What connecting fails with; null: it succeeds.</summary>
    public RemoteError? Failure { get; set; }

    /// <summary>Whether connecting waits for <see cref="Answer"/>.</summary>
    public bool IsSlow { get; set; }

    /// <summary>Whether connections do not answer probes.</summary>
    public bool IsSilent { get; set; }

    public int Attempts { get; private set; }

    public int MostLive { get; private set; }

    public int Live
    {
        get
        {
            lock (_gate)
                return _live.Count;
        }
    }

    public int Pending => _pending.Count;

    public IReadOnlyList<ScriptedConnection> Connections => [.. _live];

    public async ValueTask<ScriptedConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            Attempts++;
        if (IsSlow)
        {
            var answer = new TaskCompletionSource();
            _pending.Add(answer);
            await using var registration = cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
            try
            {
                await answer.Task;
            }
            finally
            {
                _pending.Remove(answer);
            }
        }

        lock (_gate)
        {
            if (Failure is { } failure)
                throw new RemoteException(failure, $"scripted {failure}");
            if (_live.Count >= Cap)
                throw new RemoteException(RemoteError.TooManyConnections, "421 too many") { ServerReply = "421 too many" };
            var connection = new ScriptedConnection(this);
            _live.Add(connection);
            MostLive = Math.Max(MostLive, _live.Count);
            return connection;
        }
    }

    /// <summary>Lets one waiting attempt go on; the oldest when there is no such index.</summary>
    public void Answer(int index = 0) => _pending[index % _pending.Count].TrySetResult();

    public void Closed(ScriptedConnection connection)
    {
        lock (_gate)
            _live.Remove(connection);
    }
}
