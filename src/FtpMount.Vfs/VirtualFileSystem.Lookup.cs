using FtpMount.Remote;
using FtpMount.Vfs.Coherence;
using FtpMount.Vfs.Namespace;

namespace FtpMount.Vfs;

/// <content>Finding names: from memory, else by asking for the one name, else, when one name after the other is asked for, by listing their directory.</content>
public sealed partial class VirtualFileSystem
{
    private const int MaximumAttempts = 8;

    /// <summary>What a name stands for.</summary>
    /// <param name="Error">Why that is not known.</param>
    /// <param name="Node">The node, pinned; null when the name does not exist.</param>
    /// <param name="AbsentFor">How long its absence may be believed.</param>
    private readonly record struct Resolution(VfsError Error, Node? Node, TimeSpan AbsentFor);

    /// <inheritdoc/>
    public ValueTask<VfsResult<VfsEntry>> LookupAsync(NodeId parent, ReadOnlySpan<char> name, CancellationToken cancellationToken)
    {
        if (IsTooLong(name))
            return new(VfsError.NameTooLong);
        Node directory;
        lock (_table.Gate)
        {
            var error = FindDirectory(parent, out directory);
            if (error != VfsError.None)
                return new(error);
            if (!RemotePath.IsValidName(name))
                return new(new VfsEntry { EntryTimeout = _options.NegativeTimeout });
            if (TryResolve(directory, name, ownsName: false, out var node, out var absentFor))
            {
                _hits++;
                if (directory.Directory!.IsListedAhead)
                    _walks.NoteHit(directory);
                return new(node is null ? new VfsEntry { EntryTimeout = absentFor } : _table.LookedUp(node, _clock.Now));
            }

            NodeTable.Pin(directory);
        }

        return LookupRemotelyAsync(directory, name.ToString(), cancellationToken);
    }

    /// <inheritdoc/>
    public void Forget(NodeId node, ulong lookups)
    {
        lock (_table.Gate)
        {
            if (_table.Find(node) is not { } found)
                return;
            found.Lookups -= Math.Min(found.Lookups, lookups);
            _table.TryEvict(found);
        }
    }

    private async ValueTask<VfsResult<VfsEntry>> LookupRemotelyAsync(Node directory, string name, CancellationToken cancellationToken)
    {
        try
        {
            var found = await ResolveAsync(directory, name, ownsName: false, cancellationToken).ConfigureAwait(false);
            if (found.Error != VfsError.None)
                return found.Error;
            if (found.Node is not { } node)
                return new VfsEntry { EntryTimeout = found.AbsentFor };
            lock (_table.Gate)
            {
                var entry = _table.LookedUp(node, _clock.Now);
                _table.Unpin(node);
                return entry;
            }
        }
        catch (OperationCanceledException)
        {
            return VfsError.Interrupted;
        }
        finally
        {
            lock (_table.Gate)
                _table.Unpin(directory);
        }
    }

    /// <summary>What a name stands for as far as memory knows. Called under the gate.</summary>
    private bool TryResolve(Node directory, ReadOnlySpan<char> name, bool ownsName, out Node? node, out TimeSpan absentFor)
    {
        absentFor = TimeSpan.Zero;
        node = null;
        var state = directory.Directory!;
        var now = _clock.Now;
        if (state.TryGetChild(name, out var child))
        {
            node = child;
            return _table.IsValid(child, now);
        }

        if (!ownsName && IsBusy(state, name))
            return false;
        if (state.Hidden.Count > 0 && state.Hidden.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(name))
            return true;
        if (_table.ValidListing(directory, now) is { } listing)
        {
            if (listing.TryGet(name, out var entry))
            {
                if (entry is null || _table.AttributesUntil(listing) <= now)
                    return false;
                node = _table.GetOrAddChild(directory, name.ToString(), entry, listing.StartedAt);
                return true;
            }

            if (_table.ProvesAbsence(listing, name))
            {
                absentFor = _clock.Remaining(now, _table.AbsenceUntil(listing));
                return true;
            }
        }

        var until = state.NegativeUntil(name);
        if (until > 0)
            until = _table.Until(until);
        if (until <= now)
            return false;
        absentFor = _clock.Remaining(now, until);
        return true;
    }

    /// <summary>What a name stands for, asking the server where memory does not know. A node comes pinned.</summary>
    /// <param name="directory">The directory; kept in the table by the caller.</param>
    /// <param name="name">The name.</param>
    /// <param name="ownsName">The caller has taken the name for a change: nobody else changes it, and what the server says counts.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    private async ValueTask<Resolution> ResolveAsync(Node directory, string name, bool ownsName, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            Task<StatOutcome>? stat;
            Task<ListOutcome>? list = null;
            Task? change = null;
            lock (_table.Gate)
            {
                if (directory.Deleted)
                    return new Resolution(VfsError.NotFound, null, default);
                if (TryResolve(directory, name, ownsName, out var node, out var absentFor))
                    return Pinned(node, absentFor);
                if (!ownsName && attempt < MaximumAttempts && IsBusy(directory.Directory!, name) && !directory.Directory!.TryGetChild(name, out _))
                {
                    // What is being made or replaced is there when that is done.
                    change = directory.Directory.BusyNames[name].Task;
                    stat = null;
                }
                else
                {
                    _misses++;

                    // While the caller has the name, a listing is not believed for it.
                    stat = ownsName ? _revalidator.Stat(directory, name, ownsName)
                        : _walks.NoteMiss(directory) && !directory.Directory!.ListingIsUseless ? null
                        : _revalidator.StatUnlessListing(directory, name);
                    if (stat is null)
                        list = _revalidator.List(directory);
                }
            }

            if (change is not null)
            {
                await change.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (list is not null)
            {
                var listed = await list.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (listed.Error == VfsError.None && TryTakeListed(directory, name, listed.Listing!, out var resolution))
                    return resolution;
                if (listed.Error is not (VfsError.None or VfsError.AccessDenied))
                    return Unanswered(directory, name, ownsName, listed.Error);
                lock (_table.Gate)
                    stat = _revalidator.Stat(directory, name, ownsName);
            }

            var asked = await stat!.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (asked.Error == VfsError.InvalidArgument)
                return new Resolution(VfsError.None, null, _options.NegativeTimeout);
            if (asked.Error != VfsError.None)
                return Unanswered(directory, name, ownsName, asked.Error);
            if (asked.IsSettled || ownsName || attempt == MaximumAttempts)
                return TakeAsked(directory, name, asked);
            await NameIsFreeAsync(directory, name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The server could not be asked: what it said last counts, where that is believed.</summary>
    private Resolution Unanswered(Node directory, string name, bool ownsName, VfsError error)
    {
        lock (_table.Gate)
        {
            return IsDownBy(error) && TryResolve(directory, name, ownsName, out var node, out var absentFor)
                ? Pinned(node, absentFor)
                : new Resolution(error, null, default);
        }
    }

    /// <summary>The answer for one name out of a listing that has just come in.</summary>
    private bool TryTakeListed(Node directory, string name, DirectoryListing listing, out Resolution resolution)
    {
        lock (_table.Gate)
        {
            if (directory.Directory!.TryGetChild(name, out var child))
            {
                resolution = Pinned(child, default);
                return _table.IsValid(child, _clock.Now) || listing.Contains(name) ? true : Unpinned(child);
            }

            // Changed since it came in, or being changed: what it says may be from before.
            if (!NodeTable.IsCurrent(directory, listing) || directory.Directory.BusyNames.ContainsKey(name))
            {
                resolution = default;
                return false;
            }

            if (listing.TryGet(name, out var entry) && entry is not null)
            {
                resolution = Pinned(_table.GetOrAddChild(directory, name, entry, listing.StartedAt), default);
                return true;
            }

            resolution = new Resolution(VfsError.None, null, _clock.Remaining(_clock.Now, _table.AbsenceUntil(listing)));
            return _table.ProvesAbsence(listing, name);
        }
    }

    /// <summary>The answer for one name that was asked for.</summary>
    private Resolution TakeAsked(Node directory, string name, in StatOutcome asked)
    {
        lock (_table.Gate)
        {
            if (directory.Directory!.TryGetChild(name, out var child))
            {
                // A settled answer is in the table already; another was kept out of it because the name was taken, by the caller.
                if (asked.IsSettled || child.IsLocal)
                    return Pinned(child, default);
                if (asked.Entry is null)
                    _table.Vanish(child);
                else if (_table.Apply(child, asked.Entry, asked.StartedAt))
                    return Pinned(child, default);
            }

            return asked.Entry is { } entry
                ? Pinned(_table.GetOrAddChild(directory, name, entry, asked.StartedAt), default)
                : new Resolution(VfsError.None, null, _clock.Remaining(_clock.Now, _clock.After(asked.StartedAt, _options.NegativeTimeout)));
        }
    }

    private static Resolution Pinned(Node? node, TimeSpan absentFor)
    {
        if (node is not null)
            NodeTable.Pin(node);
        return new Resolution(VfsError.None, node, absentFor);
    }

    private bool Unpinned(Node node)
    {
        _table.Unpin(node);
        return false;
    }

    private static bool IsBusy(DirectoryState state, ReadOnlySpan<char> name) =>
        state.BusyNames.Count > 0 && state.BusyNames.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(name);

    private Task NameIsFreeAsync(Node directory, string name, CancellationToken cancellationToken)
    {
        lock (_table.Gate)
            return directory.Directory!.BusyNames.TryGetValue(name, out var busy) ? busy.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }
}
