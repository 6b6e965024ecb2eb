using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Content;

namespace FtpMount.Vfs.Namespace;

/// <summary>
/// The inode table and all that is cached of names and attributes: memory work only, every member called under <see cref="Gate"/>.
/// What the server says comes in through <see cref="Apply"/>, <see cref="Vanish"/> and <see cref="Publish"/>; what was changed here through
/// <see cref="AddChild"/>, <see cref="Detach"/> and <see cref="Move"/>, and is then seen at once by every lookup and every open directory.
/// </summary>
internal sealed class NodeTable
{
    /// <summary>How long a kernel is told to believe what could not be asked.</summary>
    private static readonly TimeSpan UnlessBack = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ulong, Node> _nodes = [];
    private readonly InodeNumbers _numbers = new();
    private readonly LinkedList<Node> _listingsByUse = new();
    private readonly VfsOptions _options;
    private readonly Clock _clock;
    private readonly RemotePath _rootPath;
    private readonly DateTime _mountedAt;
    private readonly ulong _generation;
    private ulong _lastId = NodeId.Root.Value;

    public NodeTable(RemotePath rootPath, VfsOptions options, Clock clock)
    {
        _rootPath = rootPath;
        _options = options;
        _clock = clock;
        _mountedAt = FullSeconds(clock.UtcNow);
        _generation = 1;
        Root = new Node(NodeId.Root.Value, _generation, RemoteKind.Directory, 1, null, "");
        _nodes.Add(NodeId.Root.Value, Root);
    }

    /// <summary>Guards this table and everything in it. Held for memory work only.</summary>
    public Lock Gate { get; } = new();

    public Node Root { get; }

    public IVfsObserver? Observer { get; set; }

    public int Count => _nodes.Count;

    public int CachedDirectories => _listingsByUse.Count;

    public int CachedEntries { get; private set; }

    /// <summary>
    /// Whether some listing has shown a name that begins with a dot. Some servers leave those out of every listing: until one was seen, the
    /// absence of such a name proves nothing and the server is asked for the name itself.
    /// </summary>
    public bool ListsDotNames { get; private set; }

    public IEnumerable<Node> Nodes => _nodes.Values;

    public Node? Find(NodeId id) => _nodes.GetValueOrDefault(id.Value);

    /// <summary>Where a node is on the server.</summary>
    public RemotePath PathOf(Node node) => node.Parent is null ? _rootPath : PathOf(node.Parent).Combine(node.Name);

    /// <summary>
    /// Whether what the server said last counts although its time is over, because the server cannot be asked. Whoever is shown such a thing is to ask again soon.
    /// </summary>
    public bool BelievesOld { get; set; }

    // Attributes

    public bool IsValid(Node node, long now) => node.IsLocal || node.ValidUntil > now || BelievesOld;

    /// <summary>How long what is shown of the node may be believed.</summary>
    public TimeSpan Validity(Node node, long now) =>
        node.IsLocal ? _options.AttributeTimeout : node.ValidUntil <= now && BelievesOld ? UnlessBack : _clock.Remaining(now, node.ValidUntil);

    /// <summary>Whether a file that replaces another is to have its owner.</summary>
    public bool KeepsOwners => _options.OwnersFromServer;

    public VfsAttributes AttributesOf(Node node)
    {
        var remote = node.Remote;
        var modified = node.LocalModified ?? node.KeptModified ?? remote?.Modified?.Value.UtcDateTime ?? _mountedAt;
        return new VfsAttributes
        {
            Inode = node.Inode,
            Kind = node.Kind,
            Size = SizeOf(node),
            Mode = ModeOf(node),
            // 1 says of a directory that the number of its subdirectories is not known (2 would say: none).
            LinkCount = node.Deleted ? 0u : 1u,
            UserId = _options.OwnersFromServer ? remote?.UserId ?? _options.UserId : _options.UserId,
            GroupId = _options.OwnersFromServer ? remote?.GroupId ?? _options.GroupId : _options.GroupId,
            Modified = modified,
            Accessed = node.LocalAccessed ?? modified,
            Changed = modified,
            Created = remote?.Created?.Value.UtcDateTime,
        };
    }

    public static long SizeOf(Node node)
    {
        if (node.File?.Staging is { } staging && (staging.IsDirty || node.Remote is null || node.Deleted))
            return staging.Length;
        return node.Kind switch
        {
            RemoteKind.Symlink when node.Remote?.LinkTarget is { } target => NameCodec.Utf8.TryEncode(target, out var bytes) ? bytes.Length : target.Length,
            RemoteKind.Directory => 4096,
            _ => node.Remote?.Size ?? 0,
        };
    }

    /// <summary>The permission bits as shown.</summary>
    public int ModeOf(Node node)
    {
        if (node.Kind == RemoteKind.Symlink)
            return 0x1FF; // 0777
        var bits = node.LocalMode ?? node.Remote?.Mode ?? DefaultMode(node.Kind);
        return bits & ~(_options.Umask ?? 0);
    }

    /// <summary>What is shown where the server tells nothing: 0755 for directories, 0644 for files.</summary>
    public static int DefaultMode(RemoteKind kind) => kind == RemoteKind.Directory ? 0x1ED : 0x1A4;

    /// <summary>The bits of a file after somebody has changed it or its owner: without set-user-ID, and without set-group-ID where the group may execute it.</summary>
    public static int WithoutPrivileges(int bits) => bits & ~0x800 & ((bits & 0x8) != 0 ? ~0x400 : ~0);

    /// <summary>A wall-clock time as exact as servers keep it, so that what is shown now is what is shown after the upload.</summary>
    public static DateTime FullSeconds(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);

    public VfsEntry EntryOf(Node node, long now)
    {
        var validity = Validity(node, now);
        return new VfsEntry
        {
            Node = node.Id,
            Generation = node.Generation,
            Attributes = AttributesOf(node),
            EntryTimeout = validity,
            AttributeTimeout = validity,
        };
    }

    /// <summary>An entry that counts as a lookup.</summary>
    public VfsEntry LookedUp(Node node, long now)
    {
        node.Lookups++;
        return EntryOf(node, now);
    }

    // Nodes

    /// <summary>The node of a name in a directory, made from what the server says when there is none.</summary>
    public Node GetOrAddChild(Node directory, string name, RemoteEntry entry, long startedAt)
    {
        var state = directory.Directory!;
        if (state.TryGetChild(name, out var child))
            return child;
        var node = NewNode(directory, name, entry.Kind, entry.UniqueId);
        node.Remote = entry;
        node.ValidUntil = _clock.After(startedAt, _options.AttributeTimeout);
        state.AddChild(name, node);
        return node;
    }

    /// <summary>The node of a name that the server is expected to have: it is asked before anybody is told so.</summary>
    public Node AddExpected(Node directory, string name, RemoteEntry entry)
    {
        var node = NewNode(directory, name, entry.Kind, entry.UniqueId);
        node.Remote = entry;
        directory.Directory!.AddChild(name, node);
        return node;
    }

    /// <summary>A name made here. With an entry it exists on the server, without it exists only here so far.</summary>
    public Node AddChild(Node directory, string name, RemoteKind kind, RemoteEntry? entry)
    {
        var node = NewNode(directory, name, kind, null);
        if (entry is not null)
        {
            node.Remote = entry;
            node.ValidUntil = _clock.After(_clock.Now, _options.AttributeTimeout);
            LearnIdentity(node);
        }

        Attach(node);
        return node;
    }

    /// <summary>The node loses its name; its handles go on.</summary>
    public void Detach(Node node)
    {
        if (node.Deleted)
            return;
        node.Deleted = true;
        var state = node.Parent!.Directory!;
        if (state.TryGetChild(node.Name, out var present) && present == node)
        {
            state.RemoveChild(node.Name);
            state.Touch(node.Name, isPresent: false, null);
            state.AddNegative(node.Name, _clock.After(_clock.Now, _options.NegativeTimeout));
            ForListings(state, node.Name, static (listing, name) => listing.Remove(name));
        }
    }

    /// <summary>The node gets another name, perhaps in another directory. What had the name is detached before.</summary>
    public void Move(Node node, Node directory, string name)
    {
        var from = node.Parent!.Directory!;
        from.RemoveChild(node.Name);
        from.Touch(node.Name, isPresent: false, null);
        from.AddNegative(node.Name, _clock.After(_clock.Now, _options.NegativeTimeout));
        ForListings(from, node.Name, static (listing, gone) => listing.Remove(gone));
        node.Parent = directory;
        node.Name = name;
        if (node.Remote is not null)
            node.Remote = node.Remote with { Name = name };
        Attach(node);
    }

    /// <summary>A name in the directory was added or removed here.</summary>
    public void MarkDirectoryChanged(Node directory)
    {
        directory.LocalModified = FullSeconds(_clock.UtcNow);
        directory.KeptModified = null;
    }

    public static void Pin(Node node) => node.Pins++;

    public void Unpin(Node node)
    {
        node.Pins--;
        TryEvict(node);
    }

    /// <summary>Drops a node that nobody can ask for any more, and then its directory when that was only kept for it.</summary>
    public void TryEvict(Node node)
    {
        while (node.Parent is { } parent)
        {
            if (node.Lookups > 0 || node.OpenHandles > 0 || node.Pins > 0 || node.PathUses > 0 || node.Moving is not null
                || node.File?.Staging is not null || (node.Remote is null && !node.Deleted)
                || node.Directory is { } state && (state.Children.Count > 0 || state.Hidden.Count > 0 || state.FetchesInFlight > 0 || state.BusyNames.Count > 0))
            {
                return;
            }

            if (!_nodes.Remove(node.Id.Value))
                return;
            _numbers.Return(node.Inode);
            if (node.Directory is not null)
                DropListing(node);
            var siblings = parent.Directory!;
            if (siblings.TryGetChild(node.Name, out var present) && present == node)
                siblings.RemoveChild(node.Name);
            node = parent;
        }
    }

    // What the server says

    /// <summary>What the server now says of a node.</summary>
    /// <returns>False when it is of another kind: the node was replaced by something else and is detached.</returns>
    public bool Apply(Node node, RemoteEntry entry, long startedAt)
    {
        if (node.IsLocal)
            return true;
        var known = node.Remote;
        var merged = EntryMerge.Merge(known, entry);
        if (merged.Kind != node.Kind)
        {
            Vanish(node);
            return false;
        }

        node.Remote = merged;
        node.ValidUntil = _clock.After(startedAt, _options.AttributeTimeout);
        if (node.LocalMode is not null && merged.Mode is not null)
            node.LocalMode = null;
        node.LocalModified = null;
        if (known is { UniqueId: null })
            LearnIdentity(node);
        if (node.Parent is { } parent)
            ForListings(parent.Directory!, node.Name, (listing, name) => SetIfPresent(listing, name, merged));
        if (known is null)
            return true;
        if (node.Kind == RemoteKind.File && !EntryMerge.VersionOf(known).IsSameAs(EntryMerge.VersionOf(merged)))
            ContentChanged(node, EntryMerge.VersionOf(merged));
        else if (EntryMerge.IsVisiblyDifferent(known, merged))
            Observer?.InvalidateNode(node.Id, -1, 0);
        return true;
    }

    /// <summary>The server has no such name any more. What exists only here stays.</summary>
    public void Vanish(Node node)
    {
        if (node.Deleted || node.IsRoot)
            return;
        if (node.IsLocal)
        {
            // It is about to be uploaded, then it is there again.
            node.Remote = null;
            return;
        }

        if (node.Directory is { } state && HasLocalBelow(state))
            return;
        var parent = node.Parent!;
        Detach(node);
        Observer?.EntryDeleted(parent.Id, node.Id, node.Name);
        TryEvict(node);
    }

    /// <summary>What the server has after something was changed there by this program.</summary>
    public void Publish(Node node, RemoteEntry entry)
    {
        node.Remote = entry with { Name = node.Name };
        node.ValidUntil = _clock.After(_clock.Now, _options.AttributeTimeout);
        LearnIdentity(node);
        if (node.Deleted || node.Parent is not { } parent)
            return;
        parent.Directory!.Touch(node.Name, isPresent: true, node.Remote);
        ForListings(parent.Directory, node.Name, (listing, name) => listing.Set(name, node.Remote));
    }

    /// <summary>A complete listing came in.</summary>
    public void ApplyListing(Node directory, DirectoryListing listing, long sequence)
    {
        var state = directory.Directory!;
        ListsDotNames |= listing.ShowsDotNames && !listing.IsMadeHere;
        foreach (var (name, _) in state.Hidden)
            listing.Remove(name);

        // Names that changed here since: what is here counts. One that is being changed just now is put right when that is done.
        foreach (var (name, change) in state.Touched.Where(t => t.Value.Sequence > sequence))
        {
            if (state.TryGetChild(name, out var child))
                listing.Set(name, child.Remote);
            else if (change.IsPresent)
                listing.Set(name, change.Entry);
            else
                listing.Remove(name);
        }

        foreach (var (name, child) in state.Children.ToArray())
        {
            if (!state.IsSettledSince(name, sequence))
                continue;
            if (listing.TryGet(name, out var entry) && entry is not null)
            {
                if (Apply(child, entry, listing.StartedAt))
                    listing.Set(name, child.Remote ?? entry);
                continue;
            }

            if (ProvesAbsence(listing, name))
                Vanish(child);
            if (!child.Deleted)
                listing.Set(name, child.Remote);
        }

        listing.AppliedAt = state.ChangeSequence;
        foreach (var handle in state.ListingAwaited)
        {
            if (handle.Listing is null)
                Read(handle, listing);
        }

        state.ListingAwaited.Clear();

        // With a name that is in doubt it is as good as any to read, but the next reader asks again.
        if (!state.Doubted.Values.Any(d => d > sequence))
            KeepListing(directory, listing);
    }

    /// <summary>A handle reads a listing from now on, and sees in it what changes here.</summary>
    public static void Read(DirectoryHandle handle, DirectoryListing listing)
    {
        handle.Listing = listing;
        handle.Advanced = false;
        if (listing.Readers++ == 0)
            handle.Node.Directory!.ReadListings.Add(listing);
    }

    /// <summary>A handle does not read its listing any more.</summary>
    public static void Leave(DirectoryHandle handle)
    {
        if (handle.Listing is not { } listing)
            return;
        handle.Listing = null;
        if (--listing.Readers == 0)
            handle.Node.Directory!.ReadListings.Remove(listing);
    }

    /// <summary>Whether all changes made here are in a listing that has come in.</summary>
    public static bool IsCurrent(Node directory, DirectoryListing listing) =>
        listing == directory.Directory!.Listing || listing.AppliedAt == directory.Directory.ChangeSequence || directory.Directory.ReadListings.Contains(listing);

    /// <summary>The server has a name that has no node.</summary>
    public void NoteAppeared(Node directory, string name, RemoteEntry entry) =>
        ForListings(directory.Directory!, name, (listing, appeared) => listing.Set(appeared, entry));

    /// <summary>The server does not have a name, and neither does the table.</summary>
    public void NoteGone(Node directory, string name, long until)
    {
        var state = directory.Directory!;
        state.AddNegative(name, until);
        ForListings(state, name, static (listing, gone) => listing.Remove(gone));
    }

    /// <summary>What is known of a name may be wrong: the next who asks for it asks the server.</summary>
    public void Doubt(Node directory, string name)
    {
        var state = directory.Directory!;
        DropListing(directory);
        state.RemoveNegative(name);
        state.Doubt(name);
        if (state.TryGetChild(name, out var child) && !child.IsLocal)
            child.ValidUntil = 0;
        Observer?.InvalidateEntry(directory.Id, name);
    }

    /// <summary>A node that was given a hidden name has its own again.</summary>
    public void Reattach(Node node, string name)
    {
        node.Deleted = false;
        node.Name = name;
        node.ValidUntil = 0;
        Attach(node);
    }

    /// <summary>The listing, if what it says of names may still be believed.</summary>
    public DirectoryListing? ValidListing(Node directory, long now)
    {
        if (directory.Directory!.Listing is not { } listing || (_clock.After(listing.StartedAt, _options.DirectoryTimeout) <= now && !BelievesOld))
            return null;
        _listingsByUse.Remove(directory.Directory.ListingUse!);
        _listingsByUse.AddFirst(directory.Directory.ListingUse!);
        return listing;
    }

    /// <summary>Whether a name that is not in a complete listing does not exist.</summary>
    public bool ProvesAbsence(DirectoryListing listing, ReadOnlySpan<char> name) =>
        ListsDotNames || name is not ['.', ..] || listing.ShowsDotNames;

    /// <summary>Until when the attributes in a listing may be believed.</summary>
    public long AttributesUntil(DirectoryListing listing) => Until(_clock.After(listing.StartedAt, _options.AttributeTimeout));

    /// <summary>Until when a name that is not in the listing may be believed not to exist.</summary>
    public long AbsenceUntil(DirectoryListing listing) =>
        Until(_clock.After(listing.StartedAt, _options.DirectoryTimeout < _options.NegativeTimeout ? _options.DirectoryTimeout : _options.NegativeTimeout));

    /// <summary>Until when something that the server said may be believed.</summary>
    public long Until(long instant) => BelievesOld ? Math.Max(instant, _clock.After(_clock.Now, UnlessBack)) : instant;

    /// <summary>The number that a name without a node is shown with.</summary>
    public ulong InodeOf(Node directory, string name, RemoteEntry entry) => _numbers.Of(directory.Inode, name, entry.UniqueId);

    /// <summary>Forgets the listing, so that the next reader asks again.</summary>
    public void DropListing(Node directory)
    {
        var state = directory.Directory!;
        if (state.Listing is not { } listing)
            return;
        CachedEntries -= listing.SlotCount;
        state.Listing = null;
        state.LastRead = null;
        _listingsByUse.Remove(state.ListingUse!);
        state.ListingUse = null;
    }

    /// <summary>What is known of a node, and was not changed here, is not believed any more.</summary>
    public void Distrust(Node node)
    {
        if (node.IsLocal)
            return;
        node.ValidUntil = 0;
        if (node.Directory is { } state)
        {
            DropListing(node);
            state.ClearNegatives();
        }

        DistrustContent(node);
        if (node.Kind != RemoteKind.File)
            Observer?.InvalidateNode(node.Id, 0, 0);
        if (node.Parent is { } parent)
            Observer?.InvalidateEntry(parent.Id, node.Name);
    }

    /// <summary>What is cached of a file's content, and was not changed here, is not used any more.</summary>
    public void DistrustContent(Node node)
    {
        if (node is { Kind: RemoteKind.File, IsLocal: false })
            ContentChanged(node, default);
    }

    /// <summary>The staging file, clean, is no longer what the server has.</summary>
    private void ContentChanged(Node node, FileVersion version)
    {
        if (node.File is { } file)
        {
            lock (file.WriteGate)
            {
                if (file.Staging is { IsDirty: false } staging)
                {
                    file.Retire(staging);
                    file.Staging = null;
                }
            }

            foreach (var handle in file.Handles)
                handle.IsStale = true;
            if (file.KernelVersion is { } kernel && !kernel.IsSameAs(version))
                file.KernelVersion = null;
        }

        Observer?.InvalidateNode(node.Id, 0, 0);
    }

    private static bool HasLocalBelow(DirectoryState state) =>
        state.Children.Any(c => c.Value.IsLocal || (c.Value.Directory is { } below && HasLocalBelow(below)));

    private void KeepListing(Node directory, DirectoryListing listing)
    {
        DropListing(directory);
        var state = directory.Directory!;
        state.ListingIsUseless = listing.SlotCount > _options.CachedEntries;
        state.Misses = 0;
        if (state.ListingIsUseless)
            return;
        state.Listing = listing;
        state.ListingUse = _listingsByUse.AddFirst(directory);
        state.ClearNegatives();
        CachedEntries += listing.SlotCount;
        while (CachedEntries > _options.CachedEntries && _listingsByUse.Last is { } oldest && oldest.Value != directory)
        {
            DropListing(oldest.Value);
            TryEvict(oldest.Value); // one that was listed ahead of a walk that never came has no other use
        }
    }

    private Node NewNode(Node directory, string name, RemoteKind kind, string? uniqueId)
    {
        var id = ++_lastId;
        var node = new Node(id, _generation, kind, _numbers.Take(id, directory.Inode, name, uniqueId), directory, name);
        _nodes.Add(id, node);
        return node;
    }

    private void Attach(Node node)
    {
        var state = node.Parent!.Directory!;

        // What a listing showed of a change that was under way is not another file.
        if (state.TryGetChild(node.Name, out var present) && present != node)
            Detach(present);
        state.AddChild(node.Name, node);
        state.Touch(node.Name, isPresent: true, node.Remote);
        ForListings(state, node.Name, (listing, name) => listing.Set(name, node.Remote));
    }

    private void LearnIdentity(Node node)
    {
        if (node.Remote?.UniqueId is { } unique)
            _numbers.Learn(unique, node.Inode);
    }

    private static void SetIfPresent(DirectoryListing listing, string name, RemoteEntry entry)
    {
        if (listing.Contains(name))
            listing.Set(name, entry);
    }

    /// <summary>Does something to the cached listing and to those being read, keeping count of what is cached.</summary>
    private void ForListings(DirectoryState state, string name, Action<DirectoryListing, string> change)
    {
        if (state.Listing is { } cached)
        {
            CachedEntries -= cached.SlotCount;
            change(cached, name);
            CachedEntries += cached.SlotCount;
        }

        foreach (var read in state.ReadListings)
        {
            if (read != state.Listing)
                change(read, name);
        }
    }
}
