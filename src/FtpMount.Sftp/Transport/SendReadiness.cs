using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FtpMount.Sftp.Transport;

/// <summary>
/// Waits until a socket or a pipe takes bytes without holding a thread for each that waits. SSH.NET sends with blocking calls: without this a saturated link would keep a
/// thread of the pool in send(2). The kernel calls a socket writable when a third of its buffer is free, which is more than one SSH packet. One thread of the process,
/// started when one is first full, watches all that are.
/// </summary>
internal sealed partial class SendReadiness
{
    private const short PollOut = 4;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    private static readonly Lazy<SendReadiness> TheOne = new(() => new SendReadiness());

    private readonly Lock _lock = new();
    private readonly List<Waiter> _added = [];
    private readonly int _wakeup;

    private SendReadiness()
    {
        _wakeup = EventFd(0, CloseOnExec | NonBlocking);
        if (_wakeup < 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
        new Thread(Run) { IsBackground = true, Name = "SSH send readiness" }.Start();
    }

    /// <summary>Completes, at once in most cases, when the socket takes bytes or has failed.</summary>
    public static ValueTask WaitAsync(SafeHandle socket, CancellationToken cancellationToken)
    {
        // Elsewhere a send may block for a moment.
        if (IsReady(socket))
            return ValueTask.CompletedTask;
        cancellationToken.ThrowIfCancellationRequested();
        return new ValueTask(TheOne.Value.AddAsync(socket, cancellationToken));
    }

    /// <summary>Whether a send of one packet does not block.</summary>
    public static bool IsReady(SafeHandle socket) => !OperatingSystem.IsLinux() || IsWritable(socket);

    private static unsafe bool IsWritable(SafeHandle handle)
    {
        var added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            var descriptor = new PollDescriptor { Descriptor = (int)handle.DangerousGetHandle(), Events = PollOut };
            return Poll(&descriptor, 1, 0) != 0;
        }
        catch (ObjectDisposedException)
        {
            return true; // the send will say so
        }
        finally
        {
            if (added)
                handle.DangerousRelease();
        }
    }

    private async Task AddAsync(SafeHandle handle, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(handle);
        try
        {
            // As long as it is watched its number cannot become that of another file.
            handle.DangerousAddRef(ref waiter.IsReferenced);
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        lock (_lock)
            _added.Add(waiter);
        Wake();
        await using (cancellationToken.UnsafeRegister(_ =>
        {
            waiter.Abandoned = true;
            Wake();
        }, null).ConfigureAwait(false))
        {
            await waiter.Ready.Task.ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private unsafe void Wake()
    {
        ulong one = 1;
        _ = Write(_wakeup, &one, sizeof(ulong));
    }

    private unsafe void Run()
    {
        var waiters = new List<Waiter>();
        var descriptors = new PollDescriptor[8];
        while (true)
        {
            lock (_lock)
            {
                waiters.AddRange(_added);
                _added.Clear();
            }

            if (descriptors.Length <= waiters.Count)
                Array.Resize(ref descriptors, waiters.Count * 2);
            descriptors[0] = new PollDescriptor { Descriptor = _wakeup, Events = 1 };
            for (var i = 0; i < waiters.Count; i++)
                descriptors[i + 1] = new PollDescriptor { Descriptor = waiters[i].Descriptor, Events = PollOut };
            fixed (PollDescriptor* first = descriptors)
                _ = Poll(first, (nuint)(waiters.Count + 1), -1);
            ulong counter;
            _ = Read(_wakeup, &counter, sizeof(ulong));
            for (var i = waiters.Count - 1; i >= 0; i--)
            {
                if (descriptors[i + 1].Returned == 0 && !waiters[i].Abandoned)
                    continue;
                waiters[i].Finish();
                waiters.RemoveAt(i);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    private static unsafe partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "read")]
    private static unsafe partial nint Read(int descriptor, void* buffer, nuint count);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    private sealed class Waiter(SafeHandle handle)
    {
        public bool IsReferenced;
        public volatile bool Abandoned;

        public int Descriptor { get; } = (int)handle.DangerousGetHandle();

        public TaskCompletionSource Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Finish()
        {
            handle.DangerousRelease();
            Ready.TrySetResult();
        }
    }
}
