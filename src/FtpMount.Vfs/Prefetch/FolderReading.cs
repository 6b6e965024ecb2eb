using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Prefetch;

/// <summary>
/// How a program reads the small files of one directory: one after the other in one of the <see cref="FolderOrder"/>s, or here and there. It is believed to go on in an order
/// when it took neighbours in it a few times running.
/// </summary>
internal sealed class FolderReading
{
    /// <summary>How many files further on still counts as the next one: programs leave some out.</summary>
    private const int Neighbourhood = 3;

    /// <summary>Steps from neighbour to neighbour that are believed, when the directory before was not read in this order.</summary>
    private const int StepsToBelieve = 2;

    private const int FirstWindow = 8;
    private const int Growth = 4;
    private const int LargestWindow = 128;
    private const int Orders = 3;

    private readonly string[] _names;
    private readonly int[][] _sequences = new int[Orders][];
    private readonly int[][] _positions = new int[Orders][];
    private readonly Dictionary<string, int> _index;
    private readonly int[] _steps = new int[Orders];
    private readonly bool[] _done;
    private int _last = -1;
    private int _next;
    private int _window = FirstWindow;

    /// <summary>Sorts the files.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="listing">The listing that they are taken from.</param>
    /// <param name="files">The small files in the order of the listing, with their inode numbers.</param>
    /// <param name="expected">The order in which the directory before was read; null when there is nothing to go by.</param>
    public FolderReading(Node directory, DirectoryListing listing, List<(string Name, ulong Inode)> files, FolderOrder? expected)
    {
        Directory = directory;
        Listing = listing;
        _names = [.. files.Select(file => file.Name)];
        _done = new bool[_names.Length];
        _index = new Dictionary<string, int>(_names.Length, StringComparer.Ordinal);
        for (var i = 0; i < _names.Length; i++)
            _index[_names[i]] = i;
        var inodes = files.Select(file => file.Inode).ToArray();
        for (var order = 0; order < Orders; order++)
        {
            var sequence = Enumerable.Range(0, _names.Length).ToArray();
            if (order == (int)FolderOrder.Name)
                Array.Sort(sequence, (a, b) => string.CompareOrdinal(_names[a], _names[b]));
            else if (order == (int)FolderOrder.Inode)
                Array.Sort(sequence, (a, b) => inodes[a].CompareTo(inodes[b]));
            var positions = new int[_names.Length];
            for (var i = 0; i < sequence.Length; i++)
                positions[sequence[i]] = i;
            (_sequences[order], _positions[order]) = (sequence, positions);
        }

        if (expected is { } likely)
            _steps[(int)likely] = StepsToBelieve;
    }

    public Node Directory { get; }

    /// <summary>The listing that the order was taken from.</summary>
    public DirectoryListing Listing { get; }

    /// <summary>When the program last opened one of the files.</summary>
    public long LastOpen { get; set; }

    /// <summary>The order it is believed to go in; null when it goes in none.</summary>
    public FolderOrder? Order { get; private set; }

    /// <summary>What was fetched ahead, or is being fetched, and was not opened yet, with its size in bytes.</summary>
    public Dictionary<string, long> Ahead { get; } = new(StringComparer.Ordinal);

    /// <summary>The program opens a file.</summary>
    public void Open(string name)
    {
        if (!_index.TryGetValue(name, out var file))
            return;
        var again = _done[file] && !Ahead.ContainsKey(name);
        _done[file] = true;
        if (again)
            return; // programs open a file twice in a row
        for (var order = 0; order < Orders; order++)
        {
            var position = _positions[order][file];
            var ahead = _last < 0 ? position + 1 : position - _positions[order][_last];
            if (ahead is <= 0 or > Neighbourhood)
                _steps[order] = 0;
            else if (_last >= 0)
                _steps[order]++;
        }

        _last = file;
        if (Ahead.Remove(name))
        {
            _window = Math.Min(LargestWindow, _window + Growth);
            return;
        }

        // Not foreseen: perhaps it goes in another order, or in none.
        var best = Array.IndexOf(_steps, _steps.Max());
        Order = _steps[best] >= StepsToBelieve ? (FolderOrder)best : null;
        if (Order is { } found)
            _next = _positions[(int)found][file] + 1;
        else
            _window = FirstWindow;
    }

    /// <summary>The next file to fetch.</summary>
    public bool TryTakeNext(out string name)
    {
        name = "";
        if (Order is not { } order || Ahead.Count >= _window)
            return false;
        var sequence = _sequences[(int)order];
        for (; _next < sequence.Length; _next++)
        {
            var file = sequence[_next];
            if (_done[file])
                continue;
            _done[file] = true;
            _next++;
            name = _names[file];
            return true;
        }

        return false;
    }
}
