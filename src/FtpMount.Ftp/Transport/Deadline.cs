namespace FtpMount.Ftp.Transport;

/// <summary>
/// A reusable time limit for one wait at a time: <see cref="Start(CancellationToken)"/> gives a token that is cancelled when the time is over or the caller's token is.
/// Reusing it costs no allocation with the system's clock.
/// </summary>
internal sealed class Deadline(TimeProvider time, TimeSpan timeout) : IDisposable
{
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _registration;
    private CancellationToken _caller;

    /// <summary>How long a wait may last.</summary>
    public TimeSpan Timeout { get; } = timeout;

    /// <summary>Whether the token was cancelled because the time was over and not by the caller.</summary>
    public bool HasExpired => _source is { IsCancellationRequested: true } && !_caller.IsCancellationRequested;

    /// <summary>Begins a wait.</summary>
    public CancellationToken Start(CancellationToken caller) => Start(Timeout, caller);

    /// <summary>Begins a wait of another length.</summary>
    public CancellationToken Start(TimeSpan length, CancellationToken caller)
    {
        _caller = caller;
        if (_source is null)
            _source = new CancellationTokenSource(length, time);
        else
            _source.CancelAfter(length);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        return _source.Token;
    }

    /// <summary>Ends the wait.</summary>
    public void Stop()
    {
        _registration.Dispose();
        _registration = default;
        if (_source is not null && !_source.TryReset())
        {
            _source.Dispose();
            _source = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _source?.Dispose();
        _source = null;
    }
}
