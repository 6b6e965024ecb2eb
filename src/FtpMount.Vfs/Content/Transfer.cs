using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;
using FtpMount.Remote;
using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.Content;

/// <summary>
/// One transfer from the server into the blocks of a content, run by a pump of its own, never by a reader: whoever needs what it brings waits for it, and a
/// reader that is cancelled takes nothing away from the others.
/// </summary>
/// <remarks>
/// <para>A range (<see cref="IsStream"/> false) is fetched to its end and is over. A stream reads ahead of sequential readers by a window: it starts at one block,
/// grows to what has been read so far, and beyond <see cref="GrowthByUse"/> only when the reader ran dry although the window had held the transfer
/// back (a burst larger than the window). At a full window the pump pauses; the server is held back by flow control. A pause longer than the idle time-out ends the
/// stream, so that a reader that stalls for good (a paused film) holds no connection.</para>
/// <para>A transfer that breaks is resumed where it stopped, until there was no progress for the time-out; only then do those who wait see the error.</para>
/// <para>All mutable state is guarded by the content's gate, except what only the pump uses.</para>
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "A token source without a timer holds nothing, and a late Stop may still use it.")]
internal sealed class Transfer : IValueTaskSource<bool>
{
    /// <summary>Up to this size the window grows with what is read: enough to bridge a reader's pauses, small enough to be worth nothing when thrown away.</summary>
    private const int GrowthByUse = 8 << 20;

    /// <summary>What is left to the end is fetched rather than aborted up to this length: it costs less than the round trips of ending a transfer.</summary>
    private const int WorthFinishing = MemoryBlock.Size;

    /// <summary>A stream ends when it comes to this much content that is there already.</summary>
    private const int WorthSkipping = 4 << 20;

    /// <summary>A broken transfer is tried again at most so often without progress.</summary>
    private const int MaximumAttempts = 4;

    /// <summary>
    /// Bytes a second beyond which a stream is not written behind to disk while it runs: such a server is on this machine or beside it, the disk would be no faster, and
    /// writing would take processor and memory bandwidth from the reader. What is still in memory at the end is stored then.
    /// </summary>
    private const double FasterThanDisk = 500e6;

    /// <summary>The rate is looked at after so many bytes.</summary>
    private const int RateSample = 8 << 20;

    private readonly ContentCache _cache;
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<MemoryBlock> _ahead = new();
    private readonly int _maximumWindow;
    private readonly Lane _lane;
    private ManualResetValueTaskSourceCore<bool> _resume = new() { RunContinuationsAsynchronously = true };
    private ITimer? _idle;
    private TransferWaiter? _waiters;
    private bool _heldBack;
    private bool _stopping;
    private long _pausedSince;

    // Only the pump uses these.
    private MemoryBlock? _block;
    private uint _filled;
    private long _sampled;
    private TimeSpan _sampleTime;
    private bool _isFast;
    private bool _isStorePending;

    public Transfer(CachedContent content, long start, long limit, bool isStream, Lane lane = Lane.Read)
    {
        Content = content;
        _cache = content.Cache;
        Start = start;
        Position = start;
        Consumed = start;
        Limit = limit;
        IsStream = isStream;
        _lane = lane;
        Window = MemoryBlock.Size;
        _maximumWindow = _cache.MaximumWindow;
    }

    /// <summary>What is fetched.</summary>
    public CachedContent Content { get; }

    /// <summary>Whether it reads ahead of a reader.</summary>
    public bool IsStream { get; }

    /// <summary>The first offset; a multiple of the page size.</summary>
    public long Start { get; }

    /// <summary>The offset of the next byte to arrive.</summary>
    public long Position { get; private set; }

    /// <summary>The offset at which it ends.</summary>
    public long Limit { get; }

    /// <summary>How far readers have come.</summary>
    public long Consumed { get; private set; }

    /// <summary>How many bytes it may be ahead of <see cref="Consumed"/>.</summary>
    public int Window { get; private set; }

    /// <summary>Whether it brings nothing more.</summary>
    public bool Ended { get; private set; }

    /// <summary>Why it ended before its limit, when that was an error.</summary>
    public RemoteException? Failure { get; private set; }

    /// <summary>How many readers follow it.</summary>
    public int Attached { get; set; }

    /// <summary>Whether the pump pauses; 0 when it does not, else when the pause began.</summary>
    public long PausedSince => Volatile.Read(ref _pausedSince);

    /// <summary>Ends when the transfer is over and its connection given back.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the pump.</summary>
    public void Run() => Completion = Task.Run(PumpAsync);

    /// <summary>Whether waiting for it is the best way to get the page at <paramref name="offset"/>, which is not there yet. Under the gate.</summary>
    public bool WillBring(long offset) =>
        !Ended
        && !_stopping
        && offset < Limit
        && offset >> MemoryBlock.PageShift >= Position >> MemoryBlock.PageShift
        && (!IsStream || offset - Position <= Math.Max(1 << 20, Window));

    /// <summary>Adds a waiter. Under the gate.</summary>
    public void List(TransferWaiter waiter)
    {
        waiter.Next = _waiters;
        _waiters = waiter;
        if (_heldBack && Window < _maximumWindow && Position - Consumed < Window / 2)
            GrowAfterStall();
        ResumeIfAllowed();
    }

    /// <summary>Takes a waiter off. Under the gate.</summary>
    public void Unlist(TransferWaiter waiter)
    {
        if (_waiters == waiter)
        {
            _waiters = waiter.Next;
            return;
        }

        for (var other = _waiters; other is not null; other = other.Next)
        {
            if (other.Next == waiter)
            {
                other.Next = waiter.Next;
                return;
            }
        }
    }

    /// <summary>Notes that a reader that follows this stream read up to <paramref name="end"/>. Under the gate.</summary>
    public void Consume(long offset, long end)
    {
        if (Ended || offset > Position || end <= Consumed)
            return;
        Consumed = Math.Min(end, Position);
        while (_ahead.TryPeek(out var block) && (block.Index + 1) << MemoryBlock.Shift <= Consumed)
            Content.ReleaseBlock(_ahead.Dequeue());
        if (Window < GrowthByUse)
            Window = (int)Math.Min(Math.Min(GrowthByUse, _maximumWindow), Math.Max(Window, Consumed - Start));

        // Not for every few bytes: the pump is woken when it can do something worth waking for.
        if (Position - Consumed <= Window - (Window / 4))
            ResumeIfAllowed();
    }

    /// <summary>Ends it soon, unless someone waits for it or it is as good as finished. Under the gate.</summary>
    public void StopIfUnwanted()
    {
        if (_waiters is null && Limit - Position > WorthFinishing)
            StopLocked();
    }

    /// <summary>Ends it soon; those who wait look for another way. Without the gate.</summary>
    public void Stop()
    {
        lock (Content.Gate)
            StopLocked();
    }

    private void StopLocked()
    {
        if (Ended || _stopping || (Position >= Limit && !_cache.IsDisposed))
            return;
        _stopping = true;
        Resume();

        // Not here: the registrations of the token run whoever's code, and the gate is held.
        ThreadPool.UnsafeQueueUserWorkItem(static stop => stop.Cancel(), _stop, preferLocal: false);
    }

    private async Task PumpAsync()
    {
        IRemoteReader? reader = null;
        RemoteException? failure = null;
        try
        {
            var attempts = 0;
            var since = _cache.Time.GetTimestamp();
            while (await MayReadAsync(reader))
            {
                try
                {
                    if (_block is null && !Acquire())
                        break;
                    var paused = reader is not null;
                    reader ??= await OpenAsync(attempts, since);
                    if (paused && attempts == 0)
                        since = _cache.Time.GetTimestamp();
                    var within = (int)(Position & (MemoryBlock.Size - 1));
                    var count = (int)Math.Min(MemoryBlock.Size - within, Limit - Position);
                    var read = await reader.ReadAsync(_block!.Memory.Slice(within, count), _stop.Token);
                    if (read <= 0)
                        throw Shorter();
                    attempts = 0;
                    var now = _cache.Time.GetTimestamp();
                    Sample(read, _cache.Time.GetElapsedTime(since, now));
                    since = now;
                    Publish(read);
                    if ((Position & (MemoryBlock.Size - 1)) == 0)
                        await FinishBlockAsync();
                }
                catch (RemoteException e) when (IsWorthResuming(e, ++attempts, since))
                {
                    _cache.Logger.LogDebug("Reading {Path} broke at {Offset}: {Reason} It is resumed.", Content.Path, Position, e.Message);
                    if (reader is not null)
                    {
                        var broken = reader;
                        reader = null;
                        await broken.DisposeAsync();
                    }
                }
            }

            await FinishBlockAsync();
            if (reader is not null && Position >= Content.Size)
                await ConfirmEndAsync(reader);
        }
        catch (OperationCanceledException)
        {
            // Stopped: whoever waits looks for another way.
        }
        catch (RemoteException e)
        {
            failure = e;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            failure = new RemoteException(RemoteError.ProtocolViolation, $"Reading {Content.Path} failed unexpectedly: {e.Message}", e) { Path = Content.Path };
            _cache.Logger.LogError(e, "Reading {Path} failed unexpectedly.", Content.Path);
        }

        if (_block is { } rest && !_cache.TryStore(Content, rest, _filled))
            _isStorePending = true;
        FinishBlock();
        End(failure);
        if (_isStorePending && !Content.IsDetached)
            _cache.Disk?.StoreWhatIsInMemory(Content);
        if (reader is not null)
            await reader.DisposeAsync();
        _cache.Streams.Leave(this);
        if (_idle is not null)
            await _idle.DisposeAsync();
    }

    /// <summary>Whether to read on; pauses at a full window first.</summary>
    private async ValueTask<bool> MayReadAsync(IRemoteReader? reader)
    {
        while (true)
        {
            lock (Content.Gate)
            {
                if (_stopping || Position >= Limit || IsWorthEnding(reader))
                    return false;
                if (Position < Allowance())
                    return true;

                // Those who wait take what is there: that moves the window.
                WakeLocked(all: true);
                _heldBack = true;
                _resume.Reset();
                Volatile.Write(ref _pausedSince, Math.Max(1, _cache.Time.GetTimestamp()));
                _idle ??= _cache.Time.CreateTimer(static state => ((Transfer)state!).OnIdle(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            _idle.Change(_cache.StreamIdleTimeout, Timeout.InfiniteTimeSpan);
            await new ValueTask<bool>(this, _resume.Version);
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Whether the stream has come to content that is there already, so much of it that ending the transfer is better.</summary>
    private bool IsWorthEnding(IRemoteReader? reader) =>
        IsStream
        && reader is not null
        && (Position & (MemoryBlock.Size - 1)) == 0
        && Content.IsStoredLocked(Position, Math.Min(Limit, Position + WorthSkipping));

    /// <summary>How far the pump may go: the window, and what someone waits for. Under the gate.</summary>
    private long Allowance()
    {
        if (!IsStream)
            return Limit;
        var allowance = Limit - Consumed <= Window + WorthFinishing ? Limit : Consumed + Window;
        for (var waiter = _waiters; waiter is not null; waiter = waiter.Next)
            allowance = Math.Max(allowance, waiter.Target);
        return Math.Min(allowance, Limit);
    }

    private bool Acquire()
    {
        _block = Content.AcquireBlock(Position >> MemoryBlock.Shift);
        return _block is not null;
    }

    private async ValueTask<IRemoteReader> OpenAsync(int attempts, long since)
    {
        var length = Limit >= Content.Size ? (long?)null : Limit - Position;
        Content.ThrowIfUnfetchable();
        _cache.CountTransfer();
        if (attempts == 0)
            return await _cache.Remote.OpenReadAsync(Content.Path, Position, length, _lane, _stop.Token);

        // The time-out counts from the last progress: what is left of it bounds resuming as a whole, whatever the single steps would take.
        var left = _cache.Timeout - _cache.Time.GetElapsedTime(since);
        using var deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, _cache.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
        try
        {
            if (attempts > 1)
                await Task.Delay(TimeSpan.FromMilliseconds(100 << attempts), _cache.Time, either.Token);
            return await _cache.Remote.OpenReadAsync(Content.Path, Position, length, _lane, either.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            throw new RemoteException(
                RemoteError.TimedOut, $"Reading {Content.Path} from {_cache.Remote.DisplayName} broke off at byte {Position} and could not be resumed in time.")
            {
                Path = Content.Path,
            };
        }
    }

    private void Sample(int read, TimeSpan time)
    {
        _sampled += read;
        _sampleTime += time;
        if (_sampled < RateSample)
            return;
        _isFast = IsStream && _sampleTime > TimeSpan.Zero && _sampled / _sampleTime.TotalSeconds > FasterThanDisk;
        _sampled = 0;
        _sampleTime = TimeSpan.Zero;
    }

    private bool IsWorthResuming(RemoteException e, int attempts, long since) =>
        e.Error is RemoteError.Offline or RemoteError.TimedOut or RemoteError.ServerFailure
        && attempts < MaximumAttempts
        && !_stop.IsCancellationRequested
        && _cache.Time.GetElapsedTime(since) < _cache.Timeout;

    private RemoteException Shorter() =>
        new(RemoteError.Changed, $"{Content.Path} on {_cache.Remote.DisplayName} ended at byte {Position} instead of {Content.Size}: it has changed. Open it again.")
        {
            Path = Content.Path,
        };

    /// <summary>Makes arrived bytes visible and wakes who has enough now.</summary>
    private void Publish(int read)
    {
        _cache.CountFetched(read);
        lock (Content.Gate)
        {
            var before = (int)(Position & (MemoryBlock.Size - 1));
            Position += read;
            var after = before + read;
            var pages = MemoryBlock.PageMask(before >> MemoryBlock.PageShift, Position >= Content.Size ? (after + MemoryBlock.PageSize - 1) >> MemoryBlock.PageShift : after >> MemoryBlock.PageShift);
            _block!.Valid |= pages;
            _filled |= pages;
            WakeLocked(all: false);
        }
    }

    /// <summary>
    /// Hands the block on: to the disk, and to the readers that are yet to come to it. The disk is waited for only when the content is fetched in order to be stored.
    /// </summary>
    private ValueTask FinishBlockAsync()
    {
        if (_block is not { } block)
            return default;
        if ((_isFast && !Content.IsWantedOnDisk) || !_cache.TryStore(Content, block, _filled))
        {
            if (Content.IsWantedOnDisk)
                return StoreAndFinishAsync(block);
            _isStorePending = true;
        }

        FinishBlock();
        return default;
    }

    private async ValueTask StoreAndFinishAsync(MemoryBlock block)
    {
        await _cache.Disk!.DrainAsync(_stop.Token);
        _ = _cache.TryStore(Content, block, _filled);
        FinishBlock();
    }

    private void FinishBlock()
    {
        if (_block is not { } block)
            return;
        _block = null;
        _filled = 0;
        lock (Content.Gate)
        {
            if ((block.Index + 1) << MemoryBlock.Shift <= Consumed)
                Content.ReleaseBlock(block);
            else
                _ahead.Enqueue(block);
        }
    }

    private void End(RemoteException? failure)
    {
        lock (Content.Gate)
        {
            Ended = true;
            Failure = failure;
            Volatile.Write(ref _pausedSince, 0);
            Content.RemoveTransferLocked(this);
            WakeLocked(all: true);
            while (_ahead.TryDequeue(out var block))
                Content.ReleaseBlock(block);
        }
    }

    /// <summary>
    /// Reads the end itself, so that the transfer is over when it is disposed and need not be aborted. More bytes mean that the file has grown since; they are not of this
    /// version. An error here concerns none of the bytes that were given.
    /// </summary>
    private async ValueTask ConfirmEndAsync(IRemoteReader reader)
    {
        // Nobody who waits for the bytes waits for this.
        lock (Content.Gate)
        {
            WakeLocked(all: true);
            while (_ahead.TryDequeue(out var block))
                Content.ReleaseBlock(block);
        }

        try
        {
            _ = await reader.ReadAsync(new byte[1], _stop.Token);
        }
        catch (RemoteException e)
        {
            _cache.Logger.LogDebug("{Path} arrived whole, but its transfer ended badly: {Reason}", Content.Path, e.Message);
        }
    }

    private void WakeLocked(bool all)
    {
        var ready = Position >= Limit ? Limit : Position & ~(MemoryBlock.PageSize - 1L);
        TransferWaiter? kept = null;
        for (var waiter = _waiters; waiter is not null;)
        {
            var next = waiter.Next;
            if (all || waiter.Target <= ready)
            {
                waiter.Next = null;
                waiter.Complete();
            }
            else
            {
                waiter.Next = kept;
                kept = waiter;
            }

            waiter = next;
        }

        _waiters = kept;
    }

    private void GrowAfterStall()
    {
        _heldBack = false;
        Window = (int)Math.Min(_maximumWindow, 2L * Window);
    }

    private void ResumeIfAllowed()
    {
        if (_pausedSince != 0 && Position < Allowance())
            Resume();
    }

    private void Resume()
    {
        if (_pausedSince == 0)
            return;
        Volatile.Write(ref _pausedSince, 0);
        _resume.SetResult(true);
    }

    private void OnIdle()
    {
        lock (Content.Gate)
        {
            if (_pausedSince == 0 || Ended)
                return;
            _stopping = true;
            Resume();
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _resume.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _resume.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _resume.OnCompleted(continuation, state, token, flags);
}
