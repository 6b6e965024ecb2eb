using System.Collections.Concurrent;

namespace FtpMount.Remote.Tests.Pool;

/// <summary>
/// Runs a test and all its continuations on the calling thread, so that what happened so far is exactly known after
/// <see cref="Settle"/>, without waiting for any time.
/// </summary>
internal sealed class SingleThread : SynchronizationContext
{
    private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _queue = [];

    /// <summary>Runs an asynchronous test to its end.</summary>
    public static void Run(Func<SingleThread, Task> test)
    {
        var before = Current;
        var thread = new SingleThread();
        SetSynchronizationContext(thread);
        try
        {
            var task = test(thread);
            while (!task.IsCompleted)
            {
                // Only what runs on other threads (CancelAsync) is ever waited for.
                if (!thread._queue.TryTake(out var item, TimeSpan.FromSeconds(20)))
                    throw new TimeoutException("The test waits for something that never happens.");
                item.Callback(item.State);
            }

            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs all continuations that are ready, and those that become ready by them.</summary>
    public void Settle()
    {
        while (_queue.TryTake(out var item))
            item.Callback(item.State);
    }

    public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));
}
