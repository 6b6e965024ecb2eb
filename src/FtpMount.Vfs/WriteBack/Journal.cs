using Microsoft.Extensions.Logging;

namespace FtpMount.Vfs.WriteBack;

/// <summary>
/// The record of what must be done on the server, kept on the local disk so that it survives this process. Changes are noted in order by whoever makes them, without
/// waiting, and written in groups; a reply waits until what it stands for is written (<see cref="WrittenAsync"/>, survives the process) or on
/// the disk itself (<see cref="DurableAsync"/>, survives a power failure).
/// </summary>
/// <remarks>
/// Who has to wait writes by itself all that was noted so far, unless somebody is writing already: that costs a fraction of handing it to another thread and back. What nobody waits
/// for, what must be on the disk itself, and the return of the log into the database, which waits for the disk, are left to a thread of the journal's own.
/// </remarks>
internal sealed class Journal : IAsyncDisposable
{
    /// <summary>How long what nobody waits for may lie, so that more comes to be written with it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    private readonly JournalDatabase _database;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();

    /// <summary>Held while the database is used. Taken before the other lock, never after it.</summary>
    private readonly Lock _writing = new();

    private readonly ManualResetEventSlim _hurry = new(false);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly List<Waiter> _waiters = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Action<JournalDatabase>> _noted = [];
    private long _notedSequence;
    private long _writtenSequence;
    private long _durableSequence;
    private long _lastId;
    private bool _isAwake;
    private bool _ending;
    private bool _isClosed;

    private Journal(JournalDatabase database, ILogger logger, long lastId)
    {
        _database = database;
        _logger = logger;
        _lastId = lastId;
        _thread = new Thread(Run) { IsBackground = true, Name = "journal" };
        _thread.Start();
    }

    private readonly record struct Waiter(long Sequence, bool Durably, TaskCompletionSource Done);

    /// <summary>Opens the journal of a state folder.</summary>
    /// <exception cref="JournalException">It cannot be opened; says why and what to do.</exception>
    /// <exception cref="IOException">The local disk failed.</exception>
    public static Journal Open(string directory, string stagingDirectory, ILogger logger, out JournalContents contents)
    {
        var database = JournalDatabase.Open(directory);
        try
        {
            contents = JournalVerification.Apply(database, stagingDirectory, logger);
            var last = Math.Max(contents.Files.Select(f => f.Id).DefaultIfEmpty().Max(), contents.Renames.Select(r => r.Id).DefaultIfEmpty().Max());
            return new Journal(database, logger, last);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>What was noted last: waiting for it is waiting for everything noted so far.</summary>
    public long Sequence => Interlocked.Read(ref _notedSequence);

    /// <summary>A number that no record has had.</summary>
    public long NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Notes a change; several in one action are written together or not at all. Waits for nothing.</summary>
    /// <returns>What to wait for.</returns>
    public long Note(Action<JournalDatabase> change)
    {
        lock (_lock)
        {
            _noted.Add(change);
            var sequence = _notedSequence + 1;
            Volatile.Write(ref _notedSequence, sequence);
            Wake();
            return sequence;
        }
    }

    /// <summary>Whether the process may die without losing it.</summary>
    public bool IsWritten(long sequence) => Volatile.Read(ref _writtenSequence) >= sequence;

    /// <summary>Returns when it is written, with everything noted before it.</summary>
    /// <exception cref="JournalException">It could not be; it is tried again whenever somebody waits or something else is noted.</exception>
    public ValueTask WrittenAsync(long sequence, CancellationToken cancellationToken)
    {
        if (IsWritten(sequence))
            return ValueTask.CompletedTask;
        if (!cancellationToken.IsCancellationRequested && _writing.TryEnter())
        {
            Exception? failure;
            try
            {
                failure = _isClosed ? null : Write(durablyToo: false);
            }
            finally
            {
                _writing.Exit();
            }

            if (failure is not null)
                return ValueTask.FromException(failure);
            if (IsWritten(sequence))
                return ValueTask.CompletedTask;
        }

        return new ValueTask(WaitAsync(sequence, durably: false).WaitAsync(cancellationToken));
    }

    /// <summary>Returns when everything noted so far is on the disk itself.</summary>
    /// <exception cref="JournalException">It could not be.</exception>
    public async ValueTask DurableAsync(CancellationToken cancellationToken)
    {
        var sequence = Sequence;
        if (Volatile.Read(ref _durableSequence) >= sequence && sequence > 0)
            return;
        await WaitAsync(sequence, durably: true).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes what is noted and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_ending)
                return;
            _ending = true;
            Wake();
            _hurry.Set();
        }

        await _ended.Task.ConfigureAwait(false);
        _wake.Dispose();
        _hurry.Dispose();
        _database.Dispose();
    }

    private Task WaitAsync(long sequence, bool durably)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_ending)
                return Task.FromException(new JournalException("The journal is closed."));
            if (!durably && _writtenSequence >= sequence)
                return Task.CompletedTask;
            _waiters.Add(new Waiter(sequence, durably, done));
            Wake();
            _hurry.Set();
        }

        return done.Task;
    }

    private void Wake()
    {
        if (_isAwake)
            return;
        _isAwake = true;
        _wake.Release();
    }

    private void Run()
    {
        while (true)
        {
            _wake.Wait();
            _hurry.Wait(Gathering);
            bool ending;
            lock (_writing)
            {
                lock (_lock)
                {
                    _isAwake = false;
                    _hurry.Reset();
                    ending = _ending;
                }

                Write(durablyToo: true);
                if (!ending)
                    _database.ReturnLog();
                _isClosed = ending;
            }

            if (!ending)
                continue;
            _ended.SetResult();
            return;
        }
    }

    /// <summary>Writes all that is noted, and tells who waits for it. Called under <see cref="_writing"/>.</summary>
    /// <param name="durablyToo">Whether to bring it to the disk itself when somebody waits for that.</param>
    /// <returns>Why it could not be written.</returns>
    private JournalException? Write(bool durablyToo)
    {
        List<Action<JournalDatabase>> group;
        long sequence;
        bool durably;
        lock (_lock)
        {
            group = _noted;
            _noted = [];
            sequence = _notedSequence;
            durably = durablyToo && (_waiters.Exists(w => w.Durably) || (_ending && group.Count > 0));
        }

        JournalException? failure = null;
        if (group.Count > 0 || durably)
        {
            try
            {
                _database.InTransaction(
                    database =>
                    {
                        foreach (var change in group)
                            change(database);
                    },
                    durably);
            }
            catch (JournalException e)
            {
                failure = e;
                _logger.LogError(e, "The journal could not be written");
            }
        }

        List<TaskCompletionSource>? done = null;
        lock (_lock)
        {
            if (failure is not null)
            {
                // Kept in order, in front of what was noted since: the next who needs it tries again.
                group.AddRange(_noted);
                _noted = group;
            }
            else
            {
                Volatile.Write(ref _writtenSequence, sequence);
                if (durably)
                    Volatile.Write(ref _durableSequence, sequence);
            }

            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (failure is null && (_waiters[i].Sequence > sequence || (_waiters[i].Durably && !durably)))
                    continue;
                (done ??= []).Add(_waiters[i].Done);
                _waiters.RemoveAt(i);
            }

            // Who came while this was being written, or waits for the disk.
            if (_waiters.Count > 0)
            {
                Wake();
                _hurry.Set();
            }
        }

        foreach (var waiter in done ?? [])
        {
            if (failure is null)
                waiter.SetResult();
            else
                waiter.SetException(failure);
        }

        return failure;
    }
}
