using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Threading.Tasks.Sources;

namespace FtpMount.Sftp.Transport.Ssh;

/// <summary>
/// Receives from a pipe, on a thread of its own while there is something to wait for. The framework watches all pipes of a process with one thread and hands each event on to
/// the thread pool: two changes of threads for every 32 KiB that ssh decrypts. Here the one who waits for the bytes goes on where they are read.
/// </summary>
/// <remarks>
/// One receive at a time. What awaits it runs on this thread until it awaits something else, so it must not block. Not finished by closing the pipe, which would leave a reader in
/// the kernel, but by a second descriptor that is watched beside it (eventfd(2), poll(2)).
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class PipeReceiver : IValueTaskSource<int>, IDisposable
{
    private const short PollIn = 1;
    private const int Interrupted = 4; // EINTR
    private const int WouldBlock = 11; // EAGAIN
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int SetFlags = 4; // F_SETFL

    private readonly SafeHandle _pipe;
    private readonly TimeProvider _time;
    private readonly int _descriptor;
    private readonly int _wakeup;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _work = new(initialState: false);
    private ManualResetValueTaskSourceCore<int> _core;
    private CancellationTokenRegistration _cancellation;
    private Memory<byte> _buffer;
    private int _count;
    private int _least;
    private bool _waits;
    private bool _isReading;
    private Exception? _ended;
    private long _lastReceived;

    /// <summary>Begins; the pipe stays open until this is disposed.</summary>
    /// <exception cref="IOException">The system gives no descriptor.</exception>
    public PipeReceiver(SafeHandle pipe, TimeProvider time)
    {
        _pipe = pipe;
        _time = time;
        var isReferenced = false;
        pipe.DangerousAddRef(ref isReferenced);
        _descriptor = (int)pipe.DangerousGetHandle();
        _ = fcntl(_descriptor, SetFlags, NonBlocking);
        _wakeup = eventfd(0, CloseOnExec | NonBlocking);
        if (_wakeup < 0)
        {
            pipe.DangerousRelease();
            throw new IOException($"eventfd: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        new Thread(Run) { IsBackground = true, Name = "ssh output" }.Start();
    }

    /// <summary>When bytes last came; 0 before the first.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>Receives at least <paramref name="least"/> bytes, unless the pipe ends before.</summary>
    /// <returns>The number of bytes; fewer at the end.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, int least, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        lock (_gate)
        {
            if (_ended is not null)
                return ValueTask.FromException<int>(_ended);
            if (_waits || _isReading)
                return ValueTask.FromException<int>(new InvalidOperationException("One receive at a time."));
            _buffer = buffer;
            _count = 0;
            _least = least;
            try
            {
                if (Read())
                    return ValueTask.FromResult(_count);
            }
            catch (IOException e)
            {
                return ValueTask.FromException<int>(e);
            }
        }

        // Before the thread knows of it: it may end it at once.
        _core.Reset();
        _cancellation = cancellationToken.UnsafeRegister(static (receiver, token) => ((PipeReceiver)receiver!).Cancel(new OperationCanceledException(token)), this);
        var result = new ValueTask<int>(this, _core.Version);
        lock (_gate)
        {
            if (_ended is not null)
                return ValueTask.FromException<int>(_ended);
            _waits = true;
        }

        _work.Set();
        return result;
    }

    /// <summary>Ends the thread, and with an exception a receive that waits.</summary>
    public void Dispose()
    {
        Cancel(new ObjectDisposedException(nameof(PipeReceiver)));
        _work.Set();
    }

    private unsafe void Cancel(Exception reason)
    {
        bool waited;
        lock (_gate)
        {
            if (_ended is not null)
                return;
            _ended = reason;
            waited = _waits && !_isReading;
            _waits = waited ? false : _waits;
            ulong one = 1;
            _ = write(_wakeup, &one, sizeof(ulong));
        }

        // While the thread reads into the buffer it is the thread that ends the receive.
        if (waited)
            _core.SetException(reason);
    }

    private void Run()
    {
        while (true)
        {
            _work.WaitOne();
            while (TryBegin())
            {
                Exception? failure = null;
                var isDone = false;
                try
                {
                    Wait();
                    isDone = Read();
                }
                catch (IOException e)
                {
                    failure = e;
                }

                Finish(isDone, failure);
            }

            lock (_gate)
            {
                if (_ended is null)
                    continue;
            }

            _ = close(_wakeup);
            _pipe.DangerousRelease();
            return;
        }
    }

    private bool TryBegin()
    {
        lock (_gate)
        {
            _isReading = _waits && _ended is null;
            return _isReading;
        }
    }

    private void Finish(bool isDone, Exception? failure)
    {
        int count;
        lock (_gate)
        {
            _isReading = false;
            failure ??= _ended;
            if (!isDone && failure is null)
                return;
            _waits = false;
            _buffer = default;
            count = _count;
        }

        // Runs whoever waits for it, here.
        if (isDone)
            _core.SetResult(count);
        else
            _core.SetException(failure!);
    }

    /// <summary>Reads what is there.</summary>
    /// <returns>Whether it is enough, or the end.</returns>
    private unsafe bool Read()
    {
        while (true)
        {
            nint read;
            fixed (byte* bytes = _buffer.Span[_count..])
                read = read_(_descriptor, bytes, (nuint)(_buffer.Length - _count));
            if (read > 0)
            {
                _count += (int)read;
                Volatile.Write(ref _lastReceived, _time.GetTimestamp());
                if (_count >= _least)
                    return true;
                continue;
            }

            if (read == 0)
                return true;
            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    continue;
                case WouldBlock:
                    return false;
                default:
                    throw new IOException($"read: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
    }

    private unsafe void Wait()
    {
        var descriptors = stackalloc PollDescriptor[2];
        descriptors[0] = new PollDescriptor { Descriptor = _descriptor, Events = PollIn };
        descriptors[1] = new PollDescriptor { Descriptor = _wakeup, Events = PollIn };
        _ = poll(descriptors, 2, -1);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        // Outside the gate: it waits for a callback that is running.
        _cancellation.Dispose();
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc")]
    private static unsafe partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint read_(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc")]
    private static unsafe partial nint write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
