using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Prefetch;

/// <summary>
/// Recognises a program that walks down a tree (find, ls -R, git status, rsync, an indexer) after a few steps, and lists directories on the connections that are free
/// before the walk comes to them: nearest first, never further ahead than the walk has earned, and no more once it stops.
/// </summary>
/// <remarks>All members are called under the table's gate.</remarks>
internal sealed class ListingPrefetch
{
    /// <summary>Steps downward in a row that make a walk.</summary>
    private const int StepsOfAWalk = 2;

    /// <summary>How many directories that a program has just looked into are remembered to recognise a walk by.</summary>
    private const int Remembered = 32;

    /// <summary>The most walks followed at once; with one more, the one that rested longest is given up.</summary>
    private const int MaximumWalks = 4;

    /// <summary>How many calls at once are to be expected after a look into a directory.</summary>
    private const int CallsAfterALook = 2;

    /// <summary>How long ago a look may be that a step follows.</summary>
    private static readonly TimeSpan StepWithin = TimeSpan.FromSeconds(5);

    /// <summary>A walk that takes no step for so long has stopped.</summary>
    private static readonly TimeSpan RestOfAWalk = TimeSpan.FromSeconds(2);

    private readonly NodeTable _table;
    private readonly Revalidator _revalidator;
    private readonly IRemoteFileSystem _remote;
    private readonly VfsOptions _options;
    private readonly Clock _clock;
    private readonly Queue<Look> _looks = new();
    private readonly List<TreeWalk> _walks = [];
    private readonly List<Node> _steps = [];
    private readonly Dictionary<Node, Task<ListOutcome>> _running = [];
    private long _lastStep;
    private long _listed;
    private long _used;

    private readonly record struct Look(Node Directory, long Time, bool IsRead);

    /// <summary>Makes it; it follows the listings of the revalidator from now on.</summary>
    public ListingPrefetch(NodeTable table, Revalidator revalidator, IRemoteFileSystem remote, VfsOptions options, Clock clock)
    {
        _table = table;
        _revalidator = revalidator;
        _remote = remote;
        _options = options;
        _clock = clock;
        revalidator.ListEnded = ListEnded;
    }

    /// <summary>Directories listed before anyone asked for them.</summary>
    public long Listed => _listed;

    /// <summary>Those among them that were wanted afterwards.</summary>
    public long Used => _used;

    private bool IsOn => _options.Prefetch && _options.DirectoryTimeout > TimeSpan.Zero && _options.AttributeTimeout > TimeSpan.Zero;

    /// <summary>What is under way.</summary>
    public Task[] Running => [.. _running.Values];

    /// <summary>A program reads the directory from its start.</summary>
    public void NoteRead(Node directory)
    {
        if (!IsOn)
            return;
        var now = _clock.Now;
        if (WalkOf(directory, now) is { } walk)
        {
            Advance(walk, directory, now);
        }
        else if (directory.Parent is { } parent && (WasRead(parent, now) || WalkBelow(parent) is not null))
        {
            Step(directory, now);
        }

        Remember(directory, now, isRead: true);

        // Whoever reads a directory is likely to go on with what is in it.
        _remote.Prepare(CallsAfterALook);
    }

    /// <summary>A program asks for a name in the directory that is not known here.</summary>
    /// <returns>Whether the directory lies on the way of a walk, so that listing it is better than asking for the one name.</returns>
    public bool NoteMiss(Node directory)
    {
        if (!IsOn)
            return false;
        var now = _clock.Now;
        var walk = WalkOf(directory, now);
        if (walk is not null)
        {
            Advance(walk, directory, now);
        }
        else if (directory.Parent is { } parent && IsBesideALook(directory, parent, now))
        {
            // A second directory beside one that was looked into: a path with many parts alone is no walk.
            Step(directory, now);
        }

        Remember(directory, now, isRead: false);
        return walk is not null;
    }

    /// <summary>A program asks for a name in a directory that was listed ahead of it (<see cref="DirectoryState.IsListedAhead"/>).</summary>
    public void NoteHit(Node directory)
    {
        directory.Directory!.IsListedAhead = false;
        var now = _clock.Now;
        if (WalkOf(directory, now) is { } walk)
            Advance(walk, directory, now);
    }

    private bool IsRecent(in Look look, long now) => _clock.After(look.Time, StepWithin) > now;

    /// <summary>A walk in a part of the directory.</summary>
    private TreeWalk? WalkBelow(Node directory)
    {
        foreach (var walk in _walks)
        {
            if (walk.Top.IsAtOrBelow(directory))
                return walk;
        }

        return null;
    }

    /// <summary>Whether a program read the directory lately.</summary>
    private bool WasRead(Node directory, long now)
    {
        foreach (var look in _looks)
        {
            if (look.IsRead && look.Directory == directory && IsRecent(look, now))
                return true;
        }

        return false;
    }

    /// <summary>Whether a program looked lately into another directory of the same parent, and not into this one.</summary>
    private bool IsBesideALook(Node directory, Node parent, long now)
    {
        var found = false;
        foreach (var look in _looks)
        {
            if (!IsRecent(look, now))
                continue;
            if (look.Directory == directory)
                return false;
            found |= look.Directory.Parent == parent;
        }

        return found;
    }

    private void Remember(Node directory, long now, bool isRead)
    {
        _looks.Enqueue(new Look(directory, now, isRead));
        if (_looks.Count > Remembered)
            _looks.Dequeue();
    }

    private TreeWalk? WalkOf(Node directory, long now)
    {
        for (var i = _walks.Count - 1; i >= 0; i--)
        {
            if (_clock.After(_walks[i].LastStep, RestOfAWalk) <= now)
                End(_walks[i]);
            else if (directory.IsAtOrBelow(_walks[i].Top))
                return _walks[i];
        }

        return null;
    }

    /// <summary>Gives all walks up.</summary>
    public void End()
    {
        while (_walks.Count > 0)
            End(_walks[^1]);
    }

    /// <summary>Gives a walk up; directories that it was listed ahead of and that nobody has asked for are forgotten.</summary>
    private void End(TreeWalk walk)
    {
        _walks.Remove(walk);
        foreach (var directory in walk.Ahead)
            _table.TryEvict(directory);
    }

    private void Step(Node directory, long now)
    {
        var parent = directory.Parent!;
        if (WalkBelow(parent) is { } below)
        {
            // The walk began in a part of what it goes through.
            below.Top = parent;
            Seed(below, parent);
            Advance(below, directory, now);
            return;
        }

        if (_clock.After(_lastStep, RestOfAWalk) <= now)
            _steps.Clear();
        _lastStep = now;
        _steps.Add(parent);
        _remote.Prepare(_remote.ConcurrentCalls);
        if (_steps.Count < StepsOfAWalk)
            return;

        // A step that led here from above may have been another program's: the walk begins in what both steps were taken in, and grows upward when it turns out to.
        var top = parent;
        foreach (var other in _steps)
        {
            while (!top.IsAtOrBelow(other) && !other.IsAtOrBelow(top))
                top = top.Parent!;
        }

        _steps.Clear();
        if (_walks.Count == MaximumWalks)
            End(_walks.MinBy(walk => walk.LastStep)!);
        var begun = new TreeWalk(top) { LastStep = now };
        _walks.Add(begun);
        Seed(begun, top);
        Advance(begun, directory, now);
    }

    /// <summary>The walk came to a directory.</summary>
    private void Advance(TreeWalk walk, Node directory, long now)
    {
        walk.LastStep = now;
        directory.Directory!.IsListedAhead = false;
        if (_running.Remove(directory))
        {
            // The program waits for it already: it is not ahead any more.
            walk.NoteUsed();
            _used++;
        }
        else if (walk.Reach(directory))
        {
            _used++;
        }

        walk.Leave();
        Push(walk, directory, isNear: true);
        Pump(walk, now, directory);
    }

    /// <summary>All directories that are known below the top are to be listed, those deepest down first.</summary>
    private void Seed(TreeWalk walk, Node directory)
    {
        Push(walk, directory);
        foreach (var (_, child) in directory.Directory!.Children)
        {
            if (child.Kind == RemoteKind.Directory && child.Directory!.Listing is not null)
                Seed(walk, child);
        }
    }

    private void Push(TreeWalk walk, Node directory, bool isNear = false)
    {
        var now = _clock.Now;
        if (_table.ValidListing(directory, now) is not { } listing)
            return;

        // The last one in is the next to be listed: the names in their order, and what is below a directory before what follows it.
        for (var slot = listing.SlotCount - 1; slot >= 0; slot--)
        {
            var (name, entry) = listing[slot];
            if (name is null || entry is not { Kind: RemoteKind.Directory } || (entry.Permissions is { } allowed && (allowed & RemotePermissions.List) == 0))
                continue;
            if (!isNear)
                walk.Push(directory, name);
            else if (!directory.Directory!.TryGetChild(name, out var child) || child.Directory is null || _table.ValidListing(child, now) is null)
                walk.PushNear(directory, name);
        }
    }

    /// <summary>Lists what comes next.</summary>
    /// <param name="walk">The walk.</param>
    /// <param name="now">Now.</param>
    /// <param name="at">Where the program is: it asks for that itself.</param>
    private void Pump(TreeWalk walk, long now, Node? at)
    {
        var calls = _remote.ConcurrentCalls;
        while (_running.Count < calls && walk.MayGoOn(_running.Count, _options.CachedEntries / 4) && walk.TryPop(out var parent, out var name))
        {
            if (parent.Deleted || _table.ValidListing(parent, now) is not { } listing || !listing.TryGet(name, out var entry) || entry is not { Kind: RemoteKind.Directory })
                continue;
            var directory = _table.GetOrAddChild(parent, name, entry, listing.StartedAt);
            if (directory.Directory is not { } state || directory.Deleted || directory == at || state.ListFetch is not null || state.ListingIsUseless || state.BusyNames.Count > 0)
            {
                _table.TryEvict(directory);
                continue;
            }

            if (_table.ValidListing(directory, now) is not null)
            {
                Push(walk, directory);
                continue;
            }

            _listed++;
            _running[directory] = _revalidator.List(directory, Lane.Prefetch);
        }
    }

    private void ListEnded(Node directory, DirectoryListing? listing)
    {
        var wasAhead = _running.Remove(directory);
        var now = _clock.Now;
        if (WalkOf(directory, now) is not { } walk)
        {
            _table.TryEvict(directory);
            return;
        }

        if (listing is null)
        {
            _table.TryEvict(directory);
        }
        else
        {
            if (wasAhead)
            {
                walk.NoteAhead(directory, listing.Count);
                directory.Directory!.IsListedAhead = true;
            }

            Push(walk, directory, isNear: !wasAhead);
        }

        Pump(walk, now, null);
    }
}
