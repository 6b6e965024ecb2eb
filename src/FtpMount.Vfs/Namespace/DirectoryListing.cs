using FtpMount.Remote;

namespace FtpMount.Vfs.Namespace;

/// <summary>
/// The names of a directory, in an order that never changes: each has a slot, a removed one leaves an empty slot, a new one comes at the
/// end. So a reader's position (slot number) stays right whatever happens meanwhile, and an entry that is there throughout is
/// seen exactly once. Guarded by the table's gate once it is published.
/// </summary>
internal sealed class DirectoryListing(long startedAt)
{
    private readonly List<Slot> _slots = [];
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    private bool _hasDotNames;

    private readonly record struct Slot(string? Name, RemoteEntry? Entry);

    /// <summary>When the server was asked.</summary>
    public long StartedAt { get; } = startedAt;

    /// <summary>Open directory handles that read it.</summary>
    public int Readers { get; set; }

    /// <summary>The <see cref="DirectoryState.ChangeSequence"/> at which it came in. One that is neither cached nor read is not told of later changes.</summary>
    public long AppliedAt { get; set; }

    /// <summary>The directory was made by this program just now: nothing is in it, whatever the server's listings leave out.</summary>
    public bool IsMadeHere { get; init; }

    /// <summary>Whether names that begin with a dot are listed: one came in, or none can be there.</summary>
    public bool ShowsDotNames => IsMadeHere || _hasDotNames;

    /// <summary>Slots, empty ones included.</summary>
    public int SlotCount => _slots.Count;

    /// <summary>Names.</summary>
    public int Count => _index.Count;

    /// <summary>The name in a slot; null when it was removed. The entry is null for what exists only here.</summary>
    public (string? Name, RemoteEntry? Entry) this[int slot] => (_slots[slot].Name, _slots[slot].Entry);

    /// <summary>Puts a name in: into its slot when it has one, else at the end.</summary>
    public void Set(string name, RemoteEntry? entry)
    {
        if (_index.TryGetValue(name, out var slot))
        {
            _slots[slot] = new Slot(name, entry);
            return;
        }

        _hasDotNames |= name[0] == '.';
        _index.Add(name, _slots.Count);
        _slots.Add(new Slot(name, entry));
    }

    public void Remove(string name)
    {
        if (_index.Remove(name, out var slot))
            _slots[slot] = default;
    }

    public bool Contains(ReadOnlySpan<char> name) => _index.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(name);

    /// <summary>The slot of a name; -1 when it is not there.</summary>
    public int SlotOf(ReadOnlySpan<char> name) => _index.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var slot) ? slot : -1;

    public bool TryGet(ReadOnlySpan<char> name, out RemoteEntry? entry)
    {
        if (_index.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var slot))
        {
            entry = _slots[slot].Entry;
            return true;
        }

        entry = null;
        return false;
    }
}
