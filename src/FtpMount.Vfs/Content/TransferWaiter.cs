using System.Threading.Tasks.Sources;

namespace FtpMount.Vfs.Content;

/// <summary>
/// A read that waits for a transfer to come as far as it needs. Reused, so that waiting allocates nothing. It ends when the transfer has come so far, when it
/// will not come further, or when the reader is cancelled; the transfer goes on for the others.
/// </summary>
internal sealed class TransferWaiter : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellationToken;
    private bool _listed;

    /// <summary>The transfer waited for.</summary>
    public Transfer? Transfer { get; private set; }

    /// <summary>The offset up to which content is needed.</summary>
    public long Target { get; private set; }

    /// <summary>The next waiter of the same transfer, or of the same stock.</summary>
    public TransferWaiter? Next { get; set; }

    /// <summary>What the wait ends with.</summary>
    public ValueTask Task => new(this, _core.Version);

    /// <summary>Prepares for a wait. Under the content's gate.</summary>
    public void Arm(Transfer transfer, long target)
    {
        _core.Reset();
        Transfer = transfer;
        Target = target;
        _listed = true;
    }

    /// <summary>Lets the token end the wait. Without the gate.</summary>
    public void ObserveCancellation(CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static state => ((TransferWaiter)state!).Cancel(), this);
    }

    /// <summary>Ends the wait. Under the content's gate, by whoever took the waiter off the list.</summary>
    public void Complete()
    {
        _listed = false;
        _core.SetResult(true);
    }

    /// <summary>After the wait, before reuse: from here on the token no longer matters. Without the gate.</summary>
    public void Settle()
    {
        _registration.Dispose();
        _registration = default;
        _cancellationToken = default;
    }

    /// <summary>Lets go of the transfer. Under the gate.</summary>
    public void Clear() => Transfer = null;

    /// <inheritdoc/>
    public void GetResult(short token) => _core.GetResult(token);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel()
    {
        var transfer = Transfer;
        if (transfer is null)
            return;
        lock (transfer.Content.Gate)
        {
            if (!_listed)
                return;
            transfer.Unlist(this);
            _listed = false;
            _core.SetException(new OperationCanceledException(_cancellationToken));
        }
    }
}
