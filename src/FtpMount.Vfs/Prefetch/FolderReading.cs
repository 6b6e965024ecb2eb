using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs.Prefetch;

/// <summary>
/// How a program reads the small files of one directory: one after the other in one of the <see cref="FolderOrder"/>s, or here and there. It is believed to go on in an order
/// when it took neighbours in it a few times running, or when the directory before was read in it.
/// </summary>
/// <param name="directory">The directory.</param>
/// <param name="listing">The listing that the order is taken from.</param>
internal sealed class FolderReading(Node directory, DirectoryListing listing)
{
    /// <summary>How many files further on still counts as the next one: programs leave some out.</summary>
    private const int Neighbourhood = 3;

    /// <summary>Steps from neighbour to neighbour that are believed, when the directory before was not read in this order.</summary>
    private const int StepsToBelieve = 2;

    private const int FirstWindow = 8;
    private const int Growth = 4;
    private const int LargestWindow = 128;

    private readonly int[] _steps = new int[Enum.GetValues<FolderOrder>().Length];
    private readonly List<string> _openedUnsorted = [];
    private FolderOrders? _orders;
    private bool[] _done = [];
    private int _last = -1;
    private int _next;

    public Node Directory { get; } = directory;

    /// <summary>The listing that the order is taken from.</summary>
    public DirectoryListing Listing { get; } = listing;

    /// <summary>The order it is believed to go in; null when it goes in none.</summary>
    public FolderOrder? Order { get; private set; }

    /// <summary>How many files may be fetched ahead: grows with each that was wanted.</summary>
    public int Window { get; private set; } = FirstWindow;

    /// <summary>What was fetched ahead, or is being fetched, and was not opened yet, with its size in bytes.</summary>
    public Dictionary<string, long> Ahead { get; } = new(StringComparer.Ordinal);

    /// <summary>Where the reader is expected to go when it is through; null until that is known.</summary>
    public FolderReading? Following { get; set; }

    /// <summary>Whether sorting the files is under way or done.</summary>
    public bool IsSorting { get; set; }

    /// <summary>Whether a second file was opened, so that it pays to know the orders.</summary>
    public bool IsWorthSorting => _openedUnsorted.Count > 1;

    /// <summary>Whether it has small files, as far as that is known.</summary>
    public bool HasFiles => _orders is { Count: > 0 };

    /// <summary>Whether all its files were opened or fetched.</summary>
    public bool IsThrough { get; private set; }

    /// <summary>The orders are known.</summary>
    /// <param name="orders">The small files of <see cref="Listing"/>.</param>
    /// <param name="expected">The order in which the directory before was read; null when there is nothing to go by.</param>
    /// <param name="window">As <see cref="Window"/> of the directory before.</param>
    public void Begin(FolderOrders orders, FolderOrder? expected, int window)
    {
        _orders = orders;
        _done = new bool[orders.Count];
        Window = Math.Max(Window, window);
        if (expected is { } likely)
            _steps[(int)likely] = StepsToBelieve;
        foreach (var name in _openedUnsorted)
            Open(name);
        _openedUnsorted.Clear();
    }

    /// <summary>A reader that is through with the directory before is expected here: begins with the first file in its order.</summary>
    public void Expect(FolderOrder order) => Order = order;

    /// <summary>The program opens a file.</summary>
    public void Open(string name)
    {
        if (_orders is null)
        {
            if (_openedUnsorted.Count == 0 || _openedUnsorted[^1] != name)
                _openedUnsorted.Add(name);
            return;
        }

        if (!_orders.TryFind(name, out var file))
            return;
        var again = _done[file] && !Ahead.ContainsKey(name);
        _done[file] = true;
        if (again)
            return; // programs open a file twice in a row
        for (var order = 0; order < _steps.Length; order++)
        {
            var position = _orders.PositionOf((FolderOrder)order, file);
            var ahead = _last < 0 ? position + 1 : position - _orders.PositionOf((FolderOrder)order, _last);
            if (ahead is <= 0 or > Neighbourhood)
                _steps[order] = 0;
            else if (_last >= 0 || (position == 0 && _steps[order] == 0))
                _steps[order]++; // to begin at the beginning is a step, too
        }

        _last = file;
        if (Ahead.Remove(name))
        {
            Window = Math.Min(LargestWindow, Window + Growth);
            return;
        }

        // Not foreseen: perhaps it goes in another order, or in none.
        var best = Array.IndexOf(_steps, _steps.Max());
        Order = _steps[best] >= StepsToBelieve ? (FolderOrder)best : null;
        IsThrough = false;
        if (Order is { } found)
            _next = _orders.PositionOf(found, file) + 1;
        else
            Window = FirstWindow;
    }

    /// <summary>The next file to fetch, whatever the window says.</summary>
    public bool TryTakeNext(out string name)
    {
        name = "";
        if (Order is not { } order || _orders is not { } orders)
            return false;
        for (; _next < orders.Count; _next++)
        {
            var file = orders.FileAt(order, _next);
            if (_done[file])
                continue;
            _done[file] = true;
            _next++;
            name = orders.NameOf(file);
            return true;
        }

        IsThrough = true;
        return false;
    }
}
