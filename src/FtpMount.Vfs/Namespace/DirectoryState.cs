using FtpMount.Remote;
using FtpMount.Vfs.Coherence;

namespace FtpMount.Vfs.Namespace;

/// <summary>What a directory node has besides its name: the nodes in it, what is cached of it, and what is under way in it.</summary>
internal sealed class DirectoryState
{
    private const int MaximumNegatives = 4096;

    private readonly Dictionary<string, Node> _children = new(StringComparer.Ordinal);
    private Dictionary<string, long>? _negatives;

    /// <summary>The nodes that have a name here. A name without a node may still be in <see cref="Listing"/>.</summary>
    public IReadOnlyCollection<KeyValuePair<string, Node>> Children => _children;

    /// <summary>The cached listing; null when there is none.</summary>
    public DirectoryListing? Listing { get; set; }

    /// <summary>Every listing that a handle reads, <see cref="Listing"/> possibly among them: local changes go into all.</summary>
    public List<DirectoryListing> ReadListings { get; } = [];

    /// <summary>The listing that was last read to its end, with the <see cref="ChangeSequence"/> of that time: what the platform may have kept of this directory.</summary>
    public (DirectoryListing Listing, long Sequence)? LastRead { get; set; }

    /// <summary>Its place in the order of use of all cached listings.</summary>
    public LinkedListNode<Node>? ListingUse { get; set; }

    /// <summary>The last listing was refused or larger than the cache: asking again would not help a lookup.</summary>
    public bool ListingIsUseless { get; set; }

    /// <summary>The listing came in ahead of a program that walks through the tree, which has not come here yet.</summary>
    public bool IsListedAhead { get; set; }

    /// <summary>Names of this mount's own temporary files, not shown while they are in use; with the unlinked node that lives under it, if one does.</summary>
    public Dictionary<string, Node?> Hidden { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that an operation is changing; the source completes when it is done.</summary>
    public Dictionary<string, TaskCompletionSource> BusyNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts local changes of names.</summary>
    public long ChangeSequence { get; private set; }

    /// <summary>Names changed here while an answer about this directory was on its way.</summary>
    public Dictionary<string, NameChange> Touched { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of which it is not known whether a change that failed here was done, with the <see cref="ChangeSequence"/> of the doubt; kept as <see cref="Touched"/>.</summary>
    public Dictionary<string, long> Doubted { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers about this directory that are on their way.</summary>
    public int FetchesInFlight { get; set; }

    /// <summary>The listing under way.</summary>
    public Task<ListOutcome>? ListFetch { get; set; }

    /// <summary>Handles that wait for the listing under way: they read it from the moment on when it comes in, so that no change in between is missed.</summary>
    public List<DirectoryHandle> ListingAwaited { get; } = [];

    /// <summary>Requests for one name under way, the latest of each.</summary>
    public Dictionary<string, StatFetch> StatFetches { get; } = new(StringComparer.Ordinal);

    /// <summary>Requests for single names since <see cref="MissesSince"/>.</summary>
    public int Misses { get; set; }

    public long MissesSince { get; set; }

    /// <summary>The server refused temporary names or renames here: content is stored straight into its place.</summary>
    public bool StoresDirectly { get; set; }

    public bool TryGetChild(ReadOnlySpan<char> name, out Node child)
    {
        var found = _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var node);
        child = node!;
        return found;
    }

    public void AddChild(string name, Node node)
    {
        _children[name] = node;
        _negatives?.Remove(name);
    }

    public void RemoveChild(string name) => _children.Remove(name);

    /// <summary>Until when the name may be believed not to exist; 0 when nothing is known.</summary>
    public long NegativeUntil(ReadOnlySpan<char> name) =>
        _negatives is not null && _negatives.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var until) ? until : 0;

    public void AddNegative(string name, long until)
    {
        _negatives ??= new Dictionary<string, long>(StringComparer.Ordinal);
        if (_negatives.Count >= MaximumNegatives)
            _negatives.Clear();
        _negatives[name] = until;
    }

    public void RemoveNegative(string name) => _negatives?.Remove(name);

    public void ClearNegatives() => _negatives = null;

    /// <summary>Notes that a name was made, changed or taken away here, so that answers on their way are not believed for it.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isPresent">Whether it exists now.</param>
    /// <param name="entry">What the server has of it; null when nothing.</param>
    public void Touch(string name, bool isPresent, RemoteEntry? entry)
    {
        ChangeSequence++;
        if (FetchesInFlight > 0)
            Touched[name] = new NameChange(ChangeSequence, isPresent, entry);
    }

    /// <summary>Notes that a change of a name failed here and may yet have been done: answers on their way may be from before it.</summary>
    public void Doubt(string name)
    {
        ChangeSequence++;
        if (FetchesInFlight > 0)
            Doubted[name] = ChangeSequence;
    }

    /// <summary>Whether an answer that set out at <paramref name="sequence"/> may be believed for the name.</summary>
    public bool IsSettledSince(string name, long sequence) => !BusyNames.ContainsKey(name) && IsUnchangedSince(name, sequence);

    /// <summary>Whether no change of the name has ended since <paramref name="sequence"/>; one may be under way.</summary>
    public bool IsUnchangedSince(string name, long sequence) =>
        !(Touched.TryGetValue(name, out var changed) && changed.Sequence > sequence) && !(Doubted.TryGetValue(name, out var doubted) && doubted > sequence);

    public void BeginFetch() => FetchesInFlight++;

    public void EndFetch()
    {
        if (--FetchesInFlight > 0)
            return;
        Touched.Clear();
        Doubted.Clear();
    }
}
