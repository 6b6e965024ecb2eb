namespace FtpMount.Vfs.Prefetch;

/// <summary>The small files of a directory in each <see cref="FolderOrder"/>. Immutable.</summary>
internal sealed class FolderOrders
{
    private const int Orders = 3;

    private readonly string[] _names;
    private readonly int[][] _sequences = new int[Orders][];
    private readonly int[][] _positions = new int[Orders][];
    private readonly Dictionary<string, int> _index;

    /// <summary>Sorts the files.</summary>
    /// <param name="files">The names in the order of the listing, with their inode numbers.</param>
    public FolderOrders(IReadOnlyList<(string Name, ulong Inode)> files)
    {
        _names = new string[files.Count];
        _index = new Dictionary<string, int>(files.Count, StringComparer.Ordinal);
        var inodes = new ulong[files.Count];
        for (var file = 0; file < files.Count; file++)
        {
            (_names[file], inodes[file]) = files[file];
            _index[_names[file]] = file;
        }

        for (var order = 0; order < Orders; order++)
        {
            var sequence = new int[files.Count];
            for (var i = 0; i < sequence.Length; i++)
                sequence[i] = i;
            if (order == (int)FolderOrder.Name)
                Array.Sort(sequence, (a, b) => string.CompareOrdinal(_names[a], _names[b]));
            else if (order == (int)FolderOrder.Inode)
                Array.Sort(sequence, (a, b) => inodes[a].CompareTo(inodes[b]));
            var positions = new int[sequence.Length];
            for (var i = 0; i < sequence.Length; i++)
                positions[sequence[i]] = i;
            (_sequences[order], _positions[order]) = (sequence, positions);
        }
    }

    /// <summary>How many files.</summary>
    public int Count => _names.Length;

    /// <summary>The number of a file, in the order of the listing.</summary>
    public bool TryFind(string name, out int file) => _index.TryGetValue(name, out file);

    public string NameOf(int file) => _names[file];

    /// <summary>The file at a place of an order.</summary>
    public int FileAt(FolderOrder order, int position) => _sequences[(int)order][position];

    /// <summary>The place of a file in an order.</summary>
    public int PositionOf(FolderOrder order, int file) => _positions[(int)order][file];
}
