using System.Runtime.CompilerServices;
using FtpMount.Remote;
using FtpMount.Remote.Pool;
using FtpMount.Vfs.Namespace;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Offline;

/// <summary>
/// Stands before the server and knows whether it can be reached. The first call that found no link within its time-out takes it down: from then on every call fails at once
/// instead of waiting as long, and the server is asked in the background, with growing pauses, until it answers.
/// </summary>
/// <remarks>A lost connection alone does not take the link down: it is made again within the time-out by the protocol, and nobody notices.</remarks>
internal sealed class LinkGuard : IRemoteFileSystem
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private readonly IRemoteFileSystem _remote;
    private readonly Clock _clock;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();
    private readonly RetryBackoff _backoff = new(ShortestPause, LongestPause, new Random());
    private Task _probing = Task.CompletedTask;
    private TaskCompletionSource _wanted = NewSource();
    private TaskCompletionSource _probed = NewSource();
    private string? _reason;
    private volatile bool _isDown;

    public LinkGuard(IRemoteFileSystem remote, Clock clock, ILogger logger, CancellationToken stopping)
    {
        _remote = remote;
        _clock = clock;
        _logger = logger;
        _stopping = stopping;
    }

    /// <summary>Whether the server cannot be reached.</summary>
    public bool IsDown => _isDown;

    /// <summary>Since when; null while it can.</summary>
    public DateTimeOffset? DownSince { get; private set; }

    /// <summary>Told when the link goes down (true, and why) and when it is back (false). Must return soon.</summary>
    public Action<bool, string>? Changed { get; set; }

    /// <inheritdoc/>
    public string DisplayName => _remote.DisplayName;

    /// <inheritdoc/>
    public RemotePath Root => _remote.Root;

    /// <inheritdoc/>
    public RemoteCapabilities Capabilities => _remote.Capabilities;

    /// <inheritdoc/>
    public RemoteStatistics Statistics => _remote.Statistics;

    /// <inheritdoc/>
    public TimeSpan? ClockSkew => _remote.ClockSkew;

    /// <inheritdoc/>
    public IReadOnlyList<ChecksumAlgorithm> Checksums => _remote.Checksums;

    /// <inheritdoc/>
    public int ParallelStores => _remote.ParallelStores;

    /// <inheritdoc/>
    public int ConcurrentCalls => _remote.ConcurrentCalls;

    /// <inheritdoc/>
    public void Prepare(int calls)
    {
        if (!_isDown)
            _remote.Prepare(calls);
    }

    /// <summary>Returns when the server was asked once more, now, or at once while it can be reached.</summary>
    /// <exception cref="OperationCanceledException">The caller left.</exception>
    public Task ProbeAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_isDown)
                return Task.CompletedTask;
            _wanted.TrySetResult();
            return _probed.Task.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RemoteEntry> ListAsync(RemotePath directory, Lane lane, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfDown(directory);
        var entries = _remote.ListAsync(directory, lane, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var closes = entries.ConfigureAwait(false);
        while (true)
        {
            try
            {
                if (!await entries.MoveNextAsync().ConfigureAwait(false))
                    yield break;
            }
            catch (RemoteException e) when (Notes(e))
            {
                throw;
            }

            yield return entries.Current;
        }
    }

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> StatAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.StatAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<IRemoteReader> OpenReadAsync(RemotePath path, long offset, long? length, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.OpenReadAsync(path, offset, length, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<long> StoreAsync(
        RemotePath path, Stream content, StoreMode mode, long offset, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.StoreAsync(path, content, mode, offset, progress, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<bool> CanPatchAsync(RemotePath trial, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(trial, remote => remote.CanPatchAsync(trial, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> StoreNewAsync(
        RemotePath path, Stream content, RemoteAttributeChange change, IProgress<long>? progress, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.StoreNewAsync(path, content, change, progress, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<RemoteEntry> PublishAsync(
        RemotePath temporary, RemotePath target, long expectedSize, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(target, r => r.PublishAsync(temporary, target, expectedSize, change, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask DeleteFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.DeleteFileAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask CreateDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.CreateDirectoryAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask RemoveDirectoryAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.RemoveDirectoryAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask RenameAsync(RemotePath source, RemotePath target, bool replace, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(source, r => r.RenameAsync(source, target, replace, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask SetAttributesAsync(RemotePath path, RemoteAttributeChange change, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.SetAttributesAsync(path, change, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<string> ReadLinkAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.ReadLinkAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask CreateSymlinkAsync(RemotePath path, string target, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.CreateSymlinkAsync(path, target, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask CreateHardLinkAsync(RemotePath existing, RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.CreateHardLinkAsync(existing, path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<RemoteSpace?> GetSpaceAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.GetSpaceAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<int?> GetLinkCountAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.GetLinkCountAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask SyncFileAsync(RemotePath path, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.SyncFileAsync(path, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(RemotePath path, ChecksumAlgorithm algorithm, long size, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(path, r => r.GetChecksumAsync(path, algorithm, size, lane, cancellationToken));

    /// <inheritdoc/>
    public ValueTask CopyAsync(RemotePath source, RemotePath target, long size, Lane lane, CancellationToken cancellationToken) =>
        WatchAsync(source, r => r.CopyAsync(source, target, size, lane, cancellationToken));

    /// <summary>Waits for the asking in the background; the token that it was made with has ended it. The server belongs to somebody else.</summary>
    public async ValueTask DisposeAsync()
    {
        Task probing;
        lock (_lock)
            probing = _probing;
        await probing.ConfigureAwait(false);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> WatchAsync<T>(RemotePath path, Func<IRemoteFileSystem, ValueTask<T>> call)
    {
        ThrowIfDown(path);
        try
        {
            return await call(_remote).ConfigureAwait(false);
        }
        catch (RemoteException e) when (Notes(e))
        {
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WatchAsync(RemotePath path, Func<IRemoteFileSystem, ValueTask> call)
    {
        ThrowIfDown(path);
        try
        {
            await call(_remote).ConfigureAwait(false);
        }
        catch (RemoteException e) when (Notes(e))
        {
            throw;
        }
    }

    private void ThrowIfDown(RemotePath path)
    {
        if (_isDown)
            throw new RemoteException(RemoteError.Offline, $"{_remote.DisplayName} cannot be reached ({_reason}); it is tried again by itself.") { Path = path };
    }

    /// <summary>Takes the link down when a failure says so. Always false: the failure goes on to the caller.</summary>
    private bool Notes(RemoteException failure)
    {
        if (_isDown || failure.Error is not (RemoteError.Offline or RemoteError.TimedOut) || _stopping.IsCancellationRequested || !_remote.Statistics.Offline)
            return false;
        lock (_lock)
        {
            if (_isDown)
                return false;
            _reason = failure.Message.TrimEnd('.');
            DownSince = _clock.Time.GetUtcNow();
            _isDown = true;
        }

        _logger.LogWarning("{Server} cannot be reached: {Reason}", _remote.DisplayName, failure.Message);
        Changed?.Invoke(true, failure.Message);
        lock (_lock)
            _probing = Task.Run(ProbeUntilBackAsync, CancellationToken.None);
        return false;
    }

    private async Task ProbeUntilBackAsync()
    {
        try
        {
            for (var failures = 0; !await AnswersAsync().ConfigureAwait(false); failures++)
            {
                Task wanted;
                lock (_lock)
                {
                    Interlocked.Exchange(ref _probed, NewSource()).SetResult();
                    if (_wanted.Task.IsCompleted)
                        _wanted = NewSource();
                    wanted = _wanted.Task;
                }

                using var pause = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
                await Task.WhenAny(Task.Delay(_backoff.Pause(failures), _clock.Time, pause.Token), wanted).ConfigureAwait(false);
                await pause.CancelAsync().ConfigureAwait(false);
                _stopping.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The mount ends.
            Volatile.Read(ref _probed).TrySetResult();
            return;
        }

        TaskCompletionSource probed;
        lock (_lock)
        {
            _isDown = false;
            DownSince = null;
            probed = _probed;
            (_wanted, _probed) = (NewSource(), NewSource());
        }

        _logger.LogInformation("{Server} is back", _remote.DisplayName);
        Changed?.Invoke(false, $"{_remote.DisplayName} is back");
        probed.SetResult();
    }

    /// <summary>Whether the server says anything at all. That it does not let us in any more is what the next call is to be told.</summary>
    private async Task<bool> AnswersAsync()
    {
        try
        {
            await _remote.StatAsync(_remote.Root, Lane.Interactive, _stopping).ConfigureAwait(false);
            return true;
        }
        catch (RemoteException e)
        {
            return e.Error is not (RemoteError.Offline or RemoteError.TimedOut or RemoteError.Busy);
        }
    }
}
