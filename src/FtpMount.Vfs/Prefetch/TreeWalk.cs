using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Prefetch;

/// <summary>One walk of a program through a tree: what of it is to be listed, is being listed, and was listed before the program came to it.</summary>
internal sealed class TreeWalk(Node top)
{
    /// <summary>How many directories may be listed ahead of a walk that has just been recognised.</summary>
    private const int FirstWindow = 16;

    /// <summary>How many more for each directory that turned out to be wanted.</summary>
    private const int Growth = 4;

    private const int LargestWindow = 4096;

    private readonly Stack<(Node Parent, string Name)> _waiting = new();
    private readonly Stack<(Node Parent, string Name)> _near = new();
    private readonly HashSet<(Node Parent, string Name)> _pushed = [];
    private readonly Dictionary<Node, int> _ahead = [];
    private int _window = FirstWindow;
    private int _entriesAhead;

    /// <summary>Where the walk goes down from.</summary>
    public Node Top { get; set; } = top;

    /// <summary>What was listed and the program has not come to.</summary>
    public IReadOnlyCollection<Node> Ahead => _ahead.Keys;

    /// <summary>When the program last came to a directory.</summary>
    public long LastStep { get; set; }

    /// <summary>A directory is to be listed, before those that were pushed earlier. Once only.</summary>
    public void Push(Node parent, string name)
    {
        if (_pushed.Add((parent, name)))
            _waiting.Push((parent, name));
    }

    /// <summary>The program is somewhere else: what was near is to be listed in its turn.</summary>
    public void Leave() => _near.Clear();

    /// <summary>A directory in the one where the program is: comes before all others, and whatever the window says.</summary>
    public void PushNear(Node parent, string name)
    {
        Push(parent, name);
        _near.Push((parent, name));
    }

    public bool TryPop(out Node parent, out string name)
    {
        var any = _near.TryPop(out var next) || _waiting.TryPop(out next);
        (parent, name) = next;
        return any;
    }

    /// <summary>A directory was listed that the program has not come to.</summary>
    public void NoteAhead(Node directory, int entries)
    {
        if (_ahead.TryAdd(directory, entries))
            _entriesAhead += entries;
    }

    /// <summary>The program came to a directory.</summary>
    /// <returns>Whether it was listed ahead of the program.</returns>
    public bool Reach(Node directory)
    {
        if (!_ahead.Remove(directory, out var entries))
            return false;
        _entriesAhead -= entries;
        NoteUsed();
        return true;
    }

    /// <summary>What was listed ahead is wanted: further ahead is worth it.</summary>
    public void NoteUsed() => _window = Math.Min(LargestWindow, _window + Growth);

    /// <summary>Whether more may be listed ahead.</summary>
    /// <param name="running">What is being listed already.</param>
    /// <param name="maximumEntries">The most entries of listings that nobody has wanted yet.</param>
    public bool MayGoOn(int running, int maximumEntries) => (_near.Count > 0 || _ahead.Count + running < _window) && _entriesAhead < maximumEntries;
}
