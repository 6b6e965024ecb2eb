namespace FtpMount.Vfs.Namespace;

/// <summary>
/// Keeps operations that wait for the server from crossing each other, without holding a lock of the tables while they wait.
/// <list type="bullet">
/// <item>A name scope: one operation at a time changes a name (create, unlink, rename...).</item>
/// <item>A path use: while the server is asked something by a path, nothing on that path is moved or removed.</item>
/// <item>A move: the node is moved or removed; waits for the uses of paths through it and holds up new ones.</item>
/// </list>
/// Names and the paths of their directories are taken together or not at all, then moves in the order of node numbers; path uses
/// wait for nothing while they are held. Renames of directories are taken one at a time by the caller. So there is no circle to wait in.
/// </summary>
internal sealed class NamespaceLocks(Lock gate)
{
    private readonly Lock _gate = gate;

    /// <summary>Told of a node that is to be moved and waits for uses of paths through it. Called under the gate.</summary>
    public Action<Node>? MoverWaits { get; set; }

    /// <summary>Takes one or two names for a change, with the paths of their directories.</summary>
    public async ValueTask<IDisposable> EnterNamesAsync(
        Node directory, string name, Node? otherDirectory, string? otherName, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                var blocker = MovingOn(directory) ?? Busy(directory, name);
                if (blocker is null && otherDirectory is not null)
                    blocker = MovingOn(otherDirectory) ?? Busy(otherDirectory, otherName!);
                if (blocker is null)
                    return new NameScope(this, directory, name, otherDirectory, otherName);
                wait = blocker.Task;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Holds a path still.</summary>
    public async ValueTask<IDisposable> UsePathAsync(Node node, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                if (MovingOn(node) is not { } blocker)
                    return new PathUse(this, node);
                wait = blocker.Task;
            }

            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Holds a path still that the caller's operation holds already: it does not wait for a mover, who waits for that operation.</summary>
    public IDisposable UseHeldPath(Node node)
    {
        lock (_gate)
            return new PathUse(this, node);
    }

    /// <summary>Holds a path still if nothing on it is being moved; null when something is.</summary>
    public IDisposable? TryUsePath(Node node)
    {
        lock (_gate)
            return MovingOn(node) is null ? new PathUse(this, node) : null;
    }

    /// <summary>
    /// Takes a node for a move. The caller has its name, so that nobody else can want to move it, and the use of its directory's path.
    /// </summary>
    public async ValueTask<IDisposable> MoveAsync(Node node, CancellationToken cancellationToken)
    {
        Task? drained = null;
        var scope = new MoveScope(this, node);
        lock (_gate)
        {
            node.Moving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (node.PathUses > 0)
            {
                node.PathUsesDrained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                drained = node.PathUsesDrained.Task;
                MoverWaits?.Invoke(node);
            }
        }

        if (drained is null)
            return scope;
        try
        {
            await drained.WaitAsync(cancellationToken).ConfigureAwait(false);
            return scope;
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    private static TaskCompletionSource? MovingOn(Node node)
    {
        for (var at = node; at is not null; at = at.Parent)
        {
            if (at.Moving is not null)
                return at.Moving;
        }

        return null;
    }

    private static TaskCompletionSource? Busy(Node directory, string name) =>
        directory.Directory!.BusyNames.GetValueOrDefault(name);

    private static void Use(Node node)
    {
        for (var at = node; at is not null; at = at.Parent)
            at.PathUses++;
    }

    private static void EndUse(Node node)
    {
        for (var at = node; at is not null; at = at.Parent)
        {
            if (--at.PathUses == 0 && at.PathUsesDrained is { } drained)
            {
                at.PathUsesDrained = null;
                drained.SetResult();
            }
        }
    }

    private sealed class NameScope : IDisposable
    {
        private readonly NamespaceLocks _owner;
        private readonly Node _directory;
        private readonly string _name;
        private readonly Node? _otherDirectory;
        private readonly string? _otherName;
        private bool _disposed;

        public NameScope(NamespaceLocks owner, Node directory, string name, Node? otherDirectory, string? otherName)
        {
            _owner = owner;
            _directory = directory;
            _name = name;
            Use(directory);
            Take(directory, name);
            if (otherDirectory is null)
                return;
            if (otherDirectory == directory && otherName == name)
                return;
            Use(otherDirectory);
            _otherDirectory = otherDirectory;
            _otherName = otherName;
            Take(otherDirectory, otherName!);
        }

        public void Dispose()
        {
            lock (_owner._gate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                Give(_directory, _name);
                EndUse(_directory);
                if (_otherDirectory is null)
                    return;
                Give(_otherDirectory, _otherName!);
                EndUse(_otherDirectory);
            }
        }

        private static void Take(Node directory, string name) =>
            directory.Directory!.BusyNames.Add(name, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

        private static void Give(Node directory, string name)
        {
            directory.Directory!.BusyNames.Remove(name, out var busy);
            busy!.SetResult();
        }
    }

    private sealed class PathUse : IDisposable
    {
        private readonly NamespaceLocks _owner;
        private readonly Node _node;
        private bool _disposed;

        public PathUse(NamespaceLocks owner, Node node)
        {
            _owner = owner;
            _node = node;
            Use(node);
        }

        public void Dispose()
        {
            lock (_owner._gate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                EndUse(_node);
            }
        }
    }

    private sealed class MoveScope(NamespaceLocks owner, Node node) : IDisposable
    {
        private bool _disposed;

        public void Dispose()
        {
            lock (owner._gate)
            {
                if (_disposed)
                    return;
                _disposed = true;
                node.PathUsesDrained = null;
                var moving = node.Moving!;
                node.Moving = null;
                moving.SetResult();
            }
        }
    }
}
