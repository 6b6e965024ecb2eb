namespace FtpMount.Vfs.Namespace;

/// <summary>
/// Makes <c>st_ino</c>. Where the server identifies its files (MLSD fact <c>unique</c>) the number is a hash of that, so that two names of one file
/// have one number. Else it is a hash of the directory's number and the name, which survives the eviction of the node. A
/// number in use by another living node is never given to a second file.
/// </summary>
internal sealed class InodeNumbers
{
    private const ulong Seed = 0xCBF29CE484222325;
    private const ulong Prime = 0x100000001B3;
    private const int MaximumAliases = 100_000;

    private readonly HashSet<ulong> _named = [];
    private readonly Dictionary<ulong, ulong> _aliases = [];

    /// <summary>The number that an entry without a node is shown with.</summary>
    public ulong Of(ulong directory, ReadOnlySpan<char> name, string? uniqueId)
    {
        if (uniqueId is null)
            return Hash(directory, name);
        var unique = Hash(Seed, uniqueId);
        return _aliases.GetValueOrDefault(unique, unique);
    }

    /// <summary>The number for a new node.</summary>
    public ulong Take(ulong nodeId, ulong directory, ReadOnlySpan<char> name, string? uniqueId)
    {
        if (uniqueId is not null)
            return Of(directory, name, uniqueId);
        var number = Hash(directory, name);
        while (!_named.Add(number))
            number = Hash(number, "") ^ nodeId;
        return number;
    }

    /// <summary>The node is gone, and with it the claim on its number.</summary>
    public void Return(ulong number) => _named.Remove(number);

    /// <summary>The server's identity of an object that is already known by a number.</summary>
    public void Learn(string uniqueId, ulong number)
    {
        var unique = Hash(Seed, uniqueId);
        if (unique == number)
            return;
        if (_aliases.Count >= MaximumAliases)
            _aliases.Clear();
        _aliases[unique] = number;
    }

    /// <summary>FNV-1a over the UTF-16 units, mixed at the end; never 0 or 1.</summary>
    private static ulong Hash(ulong seed, ReadOnlySpan<char> text)
    {
        var hash = (seed ^ Seed) * Prime;
        foreach (var c in text)
            hash = (hash ^ c) * Prime;
        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93;
        hash ^= hash >> 32;

        // Some programs still keep it in a signed number.
        hash &= long.MaxValue;
        return hash > 1 ? hash : hash + 2;
    }
}
