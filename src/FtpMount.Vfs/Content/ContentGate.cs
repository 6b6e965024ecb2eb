namespace FtpMount.Vfs.Content;

/// <summary>
/// Lets readers in together and a writer alone, a writer that waits before readers that come later. It does what <see cref="ReaderWriterLockSlim"/> does without recursion, in a
/// sixth of the memory: a mount may have a hundred thousand staging files that only wait for their upload.
/// </summary>
/// <remarks>
/// The monitor is held by a writer for as long as it is inside, and by a reader only while it comes and goes. So nothing but two integers is needed as long as nobody has to wait.
/// Whoever enters leaves on the same thread. Who is inside as a reader may take the monitor for a moment, to do what only one may do at a time.
/// </remarks>
internal sealed class ContentGate
{
    private int _readers;
    private int _waiting;
    private int _writersWaiting;

    public void EnterReadLock()
    {
        lock (this)
        {
            while (_writersWaiting > 0)
                Wait();
            _readers++;
        }
    }

    public void ExitReadLock()
    {
        lock (this)
        {
            if (--_readers == 0)
                Wake();
        }
    }

    public void EnterWriteLock()
    {
        Monitor.Enter(this);
        if (_readers == 0)
            return;
        _writersWaiting++;
        try
        {
            while (_readers > 0)
                Wait();
        }
        catch
        {
            _writersWaiting--;
            Wake();
            Monitor.Exit(this);
            throw;
        }

        _writersWaiting--;
    }

    public void ExitWriteLock()
    {
        Wake();
        Monitor.Exit(this);
    }

    private void Wait()
    {
        _waiting++;
        try
        {
            Monitor.Wait(this);
        }
        finally
        {
            _waiting--;
        }
    }

    private void Wake()
    {
        if (_waiting > 0)
            Monitor.PulseAll(this);
    }
}
