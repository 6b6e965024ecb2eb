namespace FtpMount.Vfs.Tests;

/// <summary>Holds up the first operation of a kind on the server, before it is done or before its answer.</summary>
internal sealed class Hold
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;

    private Hold()
    {
    }

    /// <summary>Completes when the operation has come to where it is held.</summary>
    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromMinutes(1));

    public static Hold BeforeDone(MemoryRemote remote, string operation, Func<string, bool>? path = null)
    {
        var hold = new Hold();
        remote.Delay = hold.At(operation, path);
        return hold;
    }

    public static Hold BeforeAnswer(MemoryRemote remote, string operation, Func<string, bool>? path = null)
    {
        var hold = new Hold();
        remote.DelayAnswer = hold.At(operation, path);
        return hold;
    }

    public static Hold Of(MemoryRemote remote, bool isDone, string operation, Func<string, bool>? path = null) =>
        isDone ? BeforeAnswer(remote, operation, path) : BeforeDone(remote, operation, path);

    public void LetGo() => _letGo.TrySetResult();

    private Func<string, string, Task?> At(string operation, Func<string, bool>? path) => (happening, where) =>
    {
        if (happening != operation || path?.Invoke(where) == false || Interlocked.Exchange(ref _taken, 1) != 0)
            return null;
        _reached.SetResult();
        return _letGo.Task;
    };
}
